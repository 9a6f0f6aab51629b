package monitor

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// goldenSamples is how many samples a folder in testdata has seen: two streams, one of them
// adapting with an alarm open, and a journal that goes on after the last Save.
const goldenSamples = 640

func goldenConfig(s *sink, dir string) Config {
	cfg := monitorConfig(s)
	cfg.Dir = dir
	cfg.Detector.Adapt = &alarm.AdaptConfig{Memory: 300, Every: 11}
	return cfg
}

func goldenStream(t *testing.T, m *Monitor, from, to int) {
	rows := dagmmtest.Incident(dagmmtest.Ordinary(goldenSamples+100, 3), 630, 645, 95)
	for i := from; i < to; i++ {
		require.NoError(t, m.Push("host/1", dagmmtest.Minute(i), rows[i]))
		if i < 100 {
			require.NoError(t, m.Push("young", dagmmtest.Minute(i), rows[i]))
		}
	}
}

// TestStoredFolders opens a folder of every version there has been. The streams go on: the
// open alarm closes, and nothing comes twice. Before a version is released,
// ANOMALY_STATE=update writes its folder.
func TestStoredFolders(t *testing.T) {
	if os.Getenv("ANOMALY_STATE") == "update" {
		writeGolden(t, fmt.Sprintf("testdata/state%d", stateVersion))
	}
	for version := 1; version <= stateVersion; version++ {
		t.Run(fmt.Sprintf("version %d", version), func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.CopyFS(dir, os.DirFS(fmt.Sprintf("testdata/state%d", version))))
			s := &sink{}
			cfg := goldenConfig(s, dir)
			cfg.Delivered = nil
			m := open(t, cfg)
			st := m.Stats()
			require.Equal(t, 2, st.Streams)
			require.Equal(t, 1, st.WarmingUp)
			require.Equal(t, 1, st.OpenAlarms)
			require.NotNil(t, m.Model("host/1"))
			require.Empty(t, s.only(alarm.Opened, alarm.Retrained), "they were handled before")
			goldenStream(t, m, goldenSamples, goldenSamples+100)
			closed := s.only(alarm.Closed)
			require.Len(t, closed, 1)
			require.Equal(t, dagmmtest.Minute(630), closed[0].Start)
			require.Equal(t, "cpu", closed[0].Explanation.Contributions[0].Metric)
			require.NoError(t, m.Close())
		})
	}
}

func writeGolden(t *testing.T, dir string) {
	require.NoError(t, os.RemoveAll(dir))
	m := open(t, goldenConfig(&sink{}, dir))
	goldenStream(t, m, 0, 635)
	require.NoError(t, m.Save())
	goldenStream(t, m, 635, goldenSamples)
	m.abandon()
	require.NoError(t, os.Remove(dir+"/lock"))
}
