package alarm

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// The metric that moves first is to blame, although others follow it and the worst sample is
// one of theirs.
func TestOnsetIsToBlame(t *testing.T) {
	m, x := dagmmtest.Model(t, true)
	d, err := New(m, x, strict)
	require.NoError(t, err)
	rows := dagmmtest.Incident(dagmmtest.Ordinary(300, 3), 100, 120, 95)
	for i := 108; i < 120; i++ {
		rows[i][2] = 1e12
	}
	events := feed(t, d, 0, rows)
	var closed *Event
	for i, e := range events {
		if e.Kind == Opened || e.Kind == Closed {
			require.Equal(t, "cpu", e.Explanation.Contributions[0].Metric, e.String())
		}
		if e.Kind == Closed {
			closed = &events[i]
		}
	}
	require.NotNil(t, closed)
	require.False(t, closed.Peak.Time.Before(dagmmtest.Minute(108)), "the worst sample has both")
	alone, err := m.ExplainAt(closed.Peak.Values, nil, d.quiet(closed.Peak.Threshold))
	require.NoError(t, err)
	require.NotEqual(t, "cpu", alone.Contributions[0].Metric, "the worst sample alone does not show it")

	s, err := d.State()
	require.NoError(t, err)
	require.Equal(t, dagmm.BlameRows, s.Alarm.Blame.Rows)
}
