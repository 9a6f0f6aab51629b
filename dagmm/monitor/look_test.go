package monitor

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

// What is going on can be asked for: open alarms with a number that can be judged, and the
// expected range of each metric of the last sample.
func TestLook(t *testing.T) {
	s := &sink{}
	cfg := monitorConfig(s)
	cfg.Dir = t.TempDir()
	m := open(t, cfg)
	rows := faulty(640, 10)
	_, err := m.Explain("a")
	require.ErrorIs(t, err, ErrShort)
	require.Nil(t, m.Model("a"))
	pushRange(t, m, rows, 0, 100)
	_, err = m.Explain("a")
	require.ErrorIs(t, err, ErrShort)
	require.Empty(t, m.OpenAlarms())
	pushRange(t, m, rows, 100, faultAt+3)
	e, err := m.Explain("a")
	require.NoError(t, err)
	require.Equal(t, "cpu", e.Contributions[0].Metric)

	require.NoError(t, m.Save())
	m.abandon()
	m = open(t, cfg)
	_, err = m.Explain("a")
	require.ErrorIs(t, err, ErrShort, "it has scored nothing yet")
	current := m.OpenAlarms()
	require.Len(t, current, 1)
	require.Equal(t, "a", current[0].Stream)
	require.Equal(t, s.only(alarm.Opened)[0].Start, current[0].Start)
	require.Equal(t, s.events[len(s.events)-1].Seq, current[0].Seq)
	require.NoError(t, m.Judge("a", current[0].Seq, true))
	require.NoError(t, m.Close())
}
