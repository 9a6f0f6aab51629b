package alarm

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// What happens in a maintenance window is neither reported nor counted, and what still lasts
// after it is.
func TestExpect(t *testing.T) {
	for _, context := range []bool{false, true} {
		m, x := dagmmtest.Model(t, context)
		rows := dagmmtest.Incident(dagmmtest.Ordinary(400, 3), 100, 200, 95)
		run := func(until int) (events []Event, d *Detector) {
			d, err := New(m, x, strict)
			require.NoError(t, err)
			require.Empty(t, d.Expect(dagmmtest.Minute(90), dagmmtest.Minute(until)))
			before := 0.
			for i, row := range rows {
				if i == 90 {
					before = d.budget.threshold
				}
				r, err := d.Next(dagmmtest.Minute(i), row)
				require.NoError(t, err)
				require.Equal(t, i >= 90 && i <= until, r.Expected, "sample %d", i)
				if r.Expected {
					require.False(t, r.Flagged)
					require.False(t, math.IsNaN(r.Energy))
					require.Equal(t, before, d.budget.threshold)
				}
				events = append(events, r.Events...)
				d = stored(t, d, m, strict)
			}
			return events, d
		}
		events, d := run(210)
		require.Empty(t, events, "context %t", context)
		require.Empty(t, d.expected, "what is over is forgotten")
		events, _ = run(180)
		require.Equal(t, []Kind{Opened, Closed}, kinds(events), "context %t", context)
		require.Equal(t, dagmmtest.Minute(181), events[0].Start)
	}
}

// Somebody says of an open alarm that it is expected: it is over, and it gives its budget
// back.
func TestExpectAnOpenAlarm(t *testing.T) {
	d := detector(t, false, strict)
	rows := dagmmtest.Incident(dagmmtest.Ordinary(300, 3), 100, 130, 95)
	feed(t, d, 0, rows[:110])
	before := d.budget.threshold
	events := d.Expect(d.Status().Start, dagmmtest.Minute(140))
	require.Equal(t, []Kind{Closed}, kinds(events))
	require.Equal(t, "expected until 2026-03-02 02:20:00", events[0].Detail)
	require.Equal(t, uint64(2), events[0].Seq)
	require.InDelta(t, before-d.latest().cost, d.budget.threshold, 1e-9)
	require.Empty(t, feed(t, d, 110, rows[110:]))

	require.Empty(t, d.Expect(dagmmtest.Minute(90), dagmmtest.Minute(140)), "once more")
	require.Empty(t, d.expected)
	require.Empty(t, d.Expect(dagmmtest.Minute(10), dagmmtest.Minute(5)))
	require.Empty(t, new(Detector).Expect(dagmmtest.Minute(1), dagmmtest.Minute(5)))
}

// An alarm from before the window runs out in it.
func TestExpectAfterAnAlarm(t *testing.T) {
	d := detector(t, false, Config{Budget: .2, Recover: .5})
	rows := dagmmtest.Incident(dagmmtest.Ordinary(300, 3), 100, 130, 95)
	require.Empty(t, d.Expect(dagmmtest.Minute(105), dagmmtest.Minute(135)))
	events := feed(t, d, 0, rows)
	require.Equal(t, []Kind{Opened, Closed}, kinds(events))
	require.Equal(t, dagmmtest.Minute(104), events[1].End)
}

// A host that is down for maintenance is not reported as silent, until long after it.
func TestExpectedSilence(t *testing.T) {
	d := detector(t, false, strict)
	feed(t, d, 0, dagmmtest.Ordinary(100, 3))
	require.Empty(t, d.Expect(dagmmtest.Minute(102), dagmmtest.Minute(200)))
	for i := 100; i < 211; i++ {
		require.Empty(t, d.Tick(dagmmtest.Minute(i)), "minute %d", i)
	}
	events := d.Tick(dagmmtest.Minute(211))
	require.Equal(t, []Kind{NoData}, kinds(events))
	require.Equal(t, dagmmtest.Minute(211), events[0].Time)
}

// Metrics may stay away or stand still where that is expected.
func TestExpectedAbsenceOfAMetric(t *testing.T) {
	d := detector(t, false, strict)
	rows := dagmmtest.Ordinary(400, 3)
	for i := 100; i < 250; i++ {
		rows[i][1], rows[i][2] = 60, math.NaN()
	}
	require.Empty(t, d.Expect(dagmmtest.Minute(90), dagmmtest.Minute(200)))
	for _, e := range feed(t, d, 0, rows) {
		require.True(t, e.Time.After(dagmmtest.Minute(200)), "%v", e)
	}
}

// A Detector holds a bounded number of expectations.
func TestManyExpectations(t *testing.T) {
	d := detector(t, false, strict)
	for i := range 2 * mostExpected {
		d.Expect(dagmmtest.Minute(i), dagmmtest.Minute(i).Add(time.Second))
	}
	require.Len(t, d.expected, mostExpected)
	require.True(t, d.expects(dagmmtest.Minute(2*mostExpected-1)))
}
