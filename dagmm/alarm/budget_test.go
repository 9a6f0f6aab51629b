package alarm

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

func TestZeroBudgetIsOneADay(t *testing.T) {
	zero, one := detector(t, false, Config{}), detector(t, false, Config{Budget: 1})
	require.Equal(t, one.Threshold(), zero.Threshold())
	require.NotEqual(t, detector(t, false, Config{Budget: NoBudget}).Threshold(), zero.Threshold())
}

// A threshold and the p-values beside it never contradict each other.
func TestNoFlaggedSampleIsOrdinary(t *testing.T) {
	for _, interval := range []time.Duration{time.Second, time.Minute, 5 * time.Minute} {
		for _, budget := range []float64{.1, 1, 20, 1000} {
			for _, context := range []bool{false, true} {
				d := detector(t, context, Config{Budget: budget, Interval: interval})
				rng := rand.New(rand.NewPCG(uint64(interval), 1))
				for i, x := range dagmmtest.Ordinary(6000, 8) {
					for j := range x {
						x[j] += float64(i) / 6000 * rng.Float64() * x[j] / 4 // and ever less ordinary
					}
					r, err := d.Next(dagmmtest.Start.Add(time.Duration(i)*interval), x)
					require.NoError(t, err)
					require.False(t, r.Flagged && r.PValue > ordinaryP, "budget %g every %s: sample %d with p %g", budget, interval, i, r.PValue)
				}
			}
		}
	}
}

// What lasts minutes can't show what a day brings: the threshold starts beyond all that was
// seen, and the sooner after one another the rows came the higher.
func TestStartOfAShortStream(t *testing.T) {
	x := dagmmtest.Rows(1000, 1)
	m, err := dagmmtest.QuickModelOf(dagmmtest.Columns, x, nil, dagmm.RecentLevels{}, 1)
	require.NoError(t, err)
	last := 0.
	for _, interval := range []time.Duration{10 * time.Minute, time.Minute, 10 * time.Second, time.Second} {
		d, err := New(m, x, Config{Budget: 1, Interval: interval})
		require.NoError(t, err)
		require.Greater(t, d.Threshold(), last, interval.String())
		require.LessOrEqual(t, m.Tail().PValue(d.Threshold()), .01, interval.String())
		last = d.Threshold()
	}
	energies, err := m.Series(nil, x)
	require.NoError(t, err)
	for _, e := range energies {
		require.Less(t, e, last)
	}
}

// The budget is kept from the first day on, at any interval.
func TestBudgetAtAnyInterval(t *testing.T) {
	for _, c := range []struct {
		interval time.Duration
		days     float64
	}{{time.Second, .5}, {15 * time.Second, 3}, {time.Minute, 10}, {10 * time.Minute, 40}} {
		t.Run(c.interval.String(), func(t *testing.T) {
			x := dagmmtest.Rows(1000, 1)
			m, err := dagmmtest.QuickModelOf(dagmmtest.Columns, x, nil, dagmm.RecentLevels{}, 1)
			require.NoError(t, err)
			d, err := New(m, x, Config{Interval: c.interval})
			require.NoError(t, err)
			opened := 0
			for i, x := range dagmmtest.Ordinary(int(c.days*float64(24*time.Hour/c.interval)), 4) {
				r, err := d.Next(dagmmtest.Start.Add(time.Duration(i)*c.interval), x)
				require.NoError(t, err)
				for _, e := range r.Events {
					if e.Kind == Opened {
						opened++
					}
				}
			}
			require.LessOrEqual(t, float64(opened), 1+1.5*c.days)
		})
	}
}

// A long and severe incident does not make the detector deaf: what it raised comes down
// within hours of its end.
func TestIncidentDoesNotDeafen(t *testing.T) {
	for _, context := range []bool{false, true} {
		d := detector(t, context, Config{Budget: 1})
		rows := dagmmtest.Incident(dagmmtest.Ordinary(3*1440, 6), 1440, 1440+90, 95)
		feed(t, d, 0, rows[:1440])
		before := d.Threshold()
		feed(t, d, 1440, rows[1440:1440+90])
		require.Greater(t, d.Threshold(), before)
		feed(t, d, 1440+90, rows[1440+90:1440+13*60])
		require.Less(t, d.Threshold(), 1.6*before, "the step of an alarm or two, context %t", context)
	}
}

// A newer model's threshold stands as far from its start as the old one's stood.
func TestSuccessorKeepsWhatTheBudgetLearned(t *testing.T) {
	old := detector(t, false, Config{Budget: 1})
	old.budget.threshold += .7
	old.budget.absorbed = .4
	d := detector(t, false, Config{Budget: 1})
	require.NoError(t, d.Succeed(old))
	require.InDelta(t, d.budget.start+.7, d.budget.threshold, 1e-12)
	require.Zero(t, d.budget.absorbed, "no alarm is open")
	old.alarm.open = true
	d = detector(t, false, Config{Budget: 1})
	require.NoError(t, d.Succeed(old))
	require.Equal(t, .4, d.budget.absorbed)
}

// After a fault a host that is as before is not another fault.
func TestRecoveryIsNoFault(t *testing.T) {
	x := dagmmtest.Rows(1500, 1)
	m, err := dagmmtest.QuickModelOf(dagmmtest.Columns, x, nil, dagmm.RecentLevels{Alphas: []float64{.05, .5}}, 1)
	require.NoError(t, err)
	for _, minutes := range []int{1, 5, 10, 15, 30, 60} {
		d, err := New(m, x, strict)
		require.NoError(t, err)
		rows := dagmmtest.Incident(dagmmtest.Ordinary(400, 3), 100, 100+minutes, 75)
		events := feed(t, d, 0, rows)
		require.NotEmpty(t, events)
		require.Equal(t, dagmmtest.Minute(100), events[0].Start)
		end := events[len(events)-1]
		require.Equal(t, Closed, end.Kind)
		require.Equal(t, uint64(1), end.Alarm, "%d minutes: %v", minutes, events)
		require.False(t, end.Time.After(dagmmtest.Minute(100+minutes+10+2)), "%d minutes: %v", minutes, events)
		for _, e := range events {
			if e.Explanation == nil {
				continue // a metric that is stuck
			}
			require.True(t, e.Peak.Time.Before(dagmmtest.Minute(100+minutes)), "%d minutes: the peak is in the fault: %v", minutes, e)
			c := e.Explanation.Contributions[0]
			require.Equal(t, "cpu", c.Metric, "%d minutes: %v", minutes, e)
			require.False(t, c.Joint, "%d minutes: %v", minutes, e)
			require.Greater(t, c.Value, c.High, "%d minutes: not a value in its range: %v", minutes, e)
		}
	}
}

// A host that changes for good and back has its recovery found in time, and none of the
// samples in between is lost.
func TestReturnKeepsTheContext(t *testing.T) {
	x := dagmmtest.Rows(1500, 1)
	m, err := dagmmtest.QuickModelOf(dagmmtest.Columns, x, nil, dagmm.RecentLevels{Alphas: []float64{.05, .5}}, 1)
	require.NoError(t, err)
	d, err := New(m, mat.DenseCopyOf(x), strict)
	require.NoError(t, err)
	rows := dagmmtest.Incident(dagmmtest.Ordinary(400, 3), 100, 110, 95)
	var resumed *Detector
	for i, row := range rows {
		if i == 105 { // in the fault
			s, err := d.State()
			require.NoError(t, err)
			require.NotNil(t, s.Calm)
			resumed, err = Resume(m, s, strict)
			require.NoError(t, err)
		}
		r, err := d.Next(dagmmtest.Minute(i), row)
		require.NoError(t, err)
		if resumed != nil {
			again, err := resumed.Next(dagmmtest.Minute(i), row)
			require.NoError(t, err)
			r.Events, again.Events = nil, nil
			require.Equal(t, r, again)
		}
		require.False(t, r.Flagged && i >= 110, "sample %d", i)
	}
}
