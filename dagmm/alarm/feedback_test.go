package alarm

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// fault is a stream with a fault from sample 100 on, and another one three hours later.
func fault() [][]float64 {
	return dagmmtest.Incident(dagmmtest.Incident(dagmmtest.Ordinary(400, 3), 100, 105, 95), 300, 305, 95)
}

// heir returns a detector of the same model that succeeds d.
func heir(t *testing.T, d *Detector) *Detector {
	next := detector(t, false, strict)
	require.NoError(t, next.Succeed(d))
	return next
}

// A real alarm gives its budget back, a false one has spent it. The last verdict counts, also
// for the next model, and nothing is given back twice.
func TestVerdictsAndTheBudget(t *testing.T) {
	d := detector(t, false, strict)
	feed(t, d, 0, fault()[:200])
	paid := d.budget.threshold
	cost := d.latest().cost
	require.InDelta(t, raise*clearPrice, cost, .01, "a fault far above the threshold")

	require.NoError(t, d.Judge(1, true))
	require.InDelta(t, paid-cost, d.budget.threshold, 1e-9)
	require.NoError(t, d.Judge(1, true))
	require.InDelta(t, paid-cost, d.budget.threshold, 1e-9)
	require.InDelta(t, paid-cost, heir(t, d).budget.threshold, 1e-9)

	for range 2 {
		require.NoError(t, d.Judge(1, false))
		require.InDelta(t, paid-cost+raise, d.budget.threshold, 1e-9, "the threshold was too low for it")
		require.InDelta(t, paid-cost+raise, heir(t, d).budget.threshold, 1e-9)
	}
	require.NoError(t, d.Judge(1, true))
	require.InDelta(t, paid-cost, d.budget.threshold, 1e-9)
}

func TestJudgedAlarms(t *testing.T) {
	m, x := dagmmtest.Model(t, false)
	d, err := New(m, x, strict)
	require.NoError(t, err)
	require.ErrorIs(t, d.Judge(1, true), ErrUnknown)
	require.ErrorIs(t, new(Detector).Judge(0, true), ErrUnknown)
	feed(t, d, 0, fault()[:400])
	require.NoError(t, d.Judge(1, false))
	d = stored(t, d, m, strict)
	require.ErrorIs(t, d.Judge(3, true), ErrUnknown)
	first, ok := d.Alarm(1)
	require.True(t, ok)
	require.Equal(t, dagmmtest.Minute(100), first.Start)
	require.Equal(t, Status{Number: 1, Start: first.Start, End: first.End, Over: first.End.Add(11 * time.Minute), Judged: true}, first)
	second, ok := d.Alarm(2)
	require.True(t, ok)
	require.Equal(t, d.Status(), second)
	require.False(t, second.Judged)
	_, ok = d.Alarm(3)
	require.False(t, ok)

	d.Rewind()
	first, ok = d.Alarm(1)
	require.True(t, ok)
	require.Zero(t, first.Start, "its time was by another clock")
	require.NoError(t, d.Judge(1, true))
}

// What is false counts as normal while the alarm is open, what is real never does.
func TestVerdictOnAnOpenAlarm(t *testing.T) {
	d := detector(t, false, strict)
	feed(t, d, 0, fault()[:103])
	require.NoError(t, d.Judge(1, false))
	require.True(t, d.Status().Accepted)
	require.NoError(t, d.Judge(1, true))
	require.False(t, d.Status().Accepted)
	require.True(t, d.Status().Real)
}

// However long a real alarm lasts, the threshold does not follow it.
func TestRealAlarmIsNotAbsorbed(t *testing.T) {
	absorbed := func(real bool) float64 {
		d := detector(t, false, strict)
		rows := dagmmtest.Incident(dagmmtest.Ordinary(400, 3), 100, 400, 95)
		feed(t, d, 0, rows[:110])
		if real {
			require.NoError(t, d.Judge(1, true))
		}
		feed(t, d, 110, rows[110:])
		require.True(t, d.Status().Open)
		return d.budget.absorbed
	}
	require.Zero(t, absorbed(true))
	require.Positive(t, absorbed(false))
}

// Only the latest alarms are remembered.
func TestForgottenAlarms(t *testing.T) {
	d := detector(t, false, Config{Budget: NoBudget, Gap: time.Minute})
	for i, x := range dagmmtest.Ordinary(mostRecords*120, 4) {
		_, err := d.Next(dagmmtest.Minute(i), x)
		require.NoError(t, err)
	}
	n := d.Status().Number
	require.Greater(t, n, uint64(mostRecords))
	require.Len(t, d.records, mostRecords)
	require.NoError(t, d.Judge(n-mostRecords+1, true))
	require.ErrorIs(t, d.Judge(n-mostRecords, true), ErrUnknown)
}

// A state from before alarms could be judged opens, and its alarm goes on.
func TestStateWithoutRecords(t *testing.T) {
	m, x := dagmmtest.Model(t, false)
	d, err := New(m, x, strict)
	require.NoError(t, err)
	feed(t, d, 0, fault()[:103])
	state, err := d.State()
	require.NoError(t, err)
	state.Alarms = nil
	d, err = Resume(m, state, strict)
	require.NoError(t, err)
	require.Equal(t, []Kind{Closed, Opened, Closed}, kinds(feed(t, d, 103, fault()[103:])))
	require.NoError(t, d.Judge(1, true))
}

// An operator who calls every alarm false does not bring more of them upon himself.
func TestBudgetHoldsWhereAllAlarmsAreFalse(t *testing.T) {
	d := detector(t, true, Config{Budget: 2})
	opened := 0
	const days = 20
	for i, x := range dagmmtest.Ordinary(1440*days, 5) {
		r, err := d.Next(dagmmtest.Minute(i), x)
		require.NoError(t, err)
		for _, e := range r.Events {
			if e.Kind == Opened {
				opened++
				require.NoError(t, d.Judge(e.Alarm, false))
			}
		}
	}
	require.InDelta(t, 2*days, opened, days)
}
