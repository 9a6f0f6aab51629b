package monitor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
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

// A page can show what a Monitor holds, also after a restart: the streams, their latest
// samples, the verdicts, and what is expected.
func TestLookAtWhatIsRemembered(t *testing.T) {
	s := &sink{}
	cfg := monitorConfig(s)
	cfg.Dir = t.TempDir()
	m := open(t, cfg)
	require.Empty(t, m.Streams())
	require.Empty(t, m.Alarms("a"))
	times, x := m.Recent("a", 5)
	require.Nil(t, times)
	require.True(t, x.IsEmpty())

	rows := faulty(640, 10)
	pushRange(t, m, rows, 0, 640)
	alarms := m.Alarms("a")
	require.Len(t, alarms, len(s.only(alarm.Opened)))
	last := alarms[len(alarms)-1]
	require.False(t, last.Judged)
	require.NoError(t, m.Judge("a", last.Seq, false))
	until := dagmmtest.Minute(700)
	require.NoError(t, m.Expect("a", dagmmtest.Minute(639), until))

	require.NoError(t, m.Close())
	m = open(t, cfg)
	require.Equal(t, []string{"a"}, m.Streams())
	require.Equal(t, cfg.Columns, m.Columns())
	times, x = m.Recent("a", 5)
	require.Equal(t, []time.Time{dagmmtest.Minute(635), dagmmtest.Minute(636), dagmmtest.Minute(637), dagmmtest.Minute(638), dagmmtest.Minute(639)}, times)
	for i := range times {
		require.Equal(t, rows[635+i], x.RawRowView(i))
	}
	x.Set(0, 0, -1)
	_, again := m.Recent("a", 5)
	require.Equal(t, rows[635], again.RawRowView(0), "what was returned is the caller's")
	times, _ = m.Recent("a", 0)
	require.Empty(t, times)
	times, _ = m.Recent("a", 1<<40)
	require.Len(t, times, m.Stats().WindowRows)

	alarms = m.Alarms("a")
	judged := alarms[len(alarms)-1]
	require.Equal(t, last.Number, judged.Number)
	require.True(t, judged.Judged)
	require.False(t, judged.Real)
	require.Equal(t, []Expectation{{dagmmtest.Minute(639), until}}, m.Expected("a"))
	require.NoError(t, m.Close())
}
