package monitor

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// goldenState is a Monitor's folder as version 1 left it after goldenSamples samples: two
// streams, one of them adapting with an alarm open, and a journal that goes on after the
// last Save.
const (
	goldenState   = "testdata/state1"
	goldenSamples = 640
)

func goldenStateConfig(s *sink, dir string) Config {
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

// A folder that any version wrote opens for ever, and the streams go on: the open alarm
// closes, nothing comes twice.
func TestStateOfVersion1(t *testing.T) {
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" {
		require.NoError(t, os.RemoveAll(goldenState))
		m := open(t, goldenStateConfig(&sink{}, goldenState))
		goldenStream(t, m, 0, 635)
		require.NoError(t, m.Save())
		goldenStream(t, m, 635, goldenSamples)
		m.abandon()
	}
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(goldenState)))
	s := &sink{}
	cfg := goldenStateConfig(s, dir)
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
}
