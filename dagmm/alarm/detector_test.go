package alarm

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

func detector(t testing.TB, context bool, cfg Config) *Detector {
	m, x := dagmmtest.Model(t, context)
	d, err := New(m, x, cfg)
	require.NoError(t, err)
	return d
}

// strict leaves no room for ordinary samples to be flagged.
var strict = Config{Budget: .2}

func TestAlarmFromOpenToClose(t *testing.T) {
	for _, context := range []bool{false, true} {
		t.Run(fmt.Sprintf("context %t", context), func(t *testing.T) {
			d := detector(t, context, strict)
			rows := dagmmtest.Incident(dagmmtest.Ordinary(200, 3), 100, 105, 95)
			events := feed(t, d, 0, rows)
			require.Equal(t, []Kind{Opened, Closed}, kinds(events), "%v", events)
			opened, closed := events[0], events[1]
			require.Equal(t, dagmmtest.Minute(100), opened.Time)
			require.Equal(t, dagmmtest.Minute(100), closed.Start)
			require.GreaterOrEqual(t, closed.Samples, 1)
			require.Equal(t, uint64(1), closed.Alarm)
			require.Equal(t, Critical, opened.Severity)
			require.Equal(t, []uint64{1, 2}, []uint64{opened.Seq, closed.Seq})
			require.Equal(t, "cpu", opened.Explanation.Contributions[0].Metric)
			require.Equal(t, 95., opened.Explanation.Contributions[0].Value)
			require.Less(t, opened.Explanation.Contributions[0].High, 80.)
			require.Less(t, opened.Explanation.Clears, 80.)
			require.Equal(t, "cpu", closed.Explanation.Contributions[0].Metric)
			require.Less(t, opened.Peak.PValue, 1e-3)
			require.Contains(t, opened.String(), "cpu is 95, expected")
		})
	}
}

func TestNoBudgetIsTheModelsQuantile(t *testing.T) {
	d := detector(t, false, Config{Budget: NoBudget})
	require.InEpsilon(t, d.Model().Threshold(), d.Threshold(), 1e-9)
	flagged := 0
	for i, x := range dagmmtest.Ordinary(3000, 9) {
		r, err := d.Next(dagmmtest.Minute(i), x)
		require.NoError(t, err)
		require.Equal(t, r.Energy > d.Model().Threshold(), r.Flagged)
		if r.Flagged {
			flagged++
		}
	}
	require.InDelta(t, 30, flagged, 25)
}

func TestBudgetHoldsOnNoise(t *testing.T) {
	for _, capped := range []bool{false, true} {
		t.Run(fmt.Sprintf("capped %t", capped), func(t *testing.T) {
			d := detector(t, true, Config{Budget: 2, Cap: capped})
			start := d.Threshold()
			opened := 0
			const days = 20
			for _, e := range feed(t, d, 0, dagmmtest.Ordinary(1440*days, 5)) {
				if e.Kind == Opened {
					opened++
				}
			}
			if capped {
				require.LessOrEqual(t, opened, 2*2*days)
				require.GreaterOrEqual(t, d.Threshold(), start)
			} else {
				require.InDelta(t, 2*days, opened, days)
			}
		})
	}
}

// A reopened alarm costs the budget nothing.
func TestReopeningIsFree(t *testing.T) {
	after := func(merge time.Duration) float64 {
		cfg := strict
		cfg.Merge = merge
		d := detector(t, false, cfg)
		feed(t, d, 0, dagmmtest.Incident(dagmmtest.Incident(dagmmtest.Ordinary(200, 3), 100, 102, 95), 130, 132, 95))
		return d.budget.threshold
	}
	cost := after(-1) - after(0)
	require.GreaterOrEqual(t, cost, raise*clearPrice)
	require.LessOrEqual(t, cost, raise)
}

// On a host that is quieter than it was in training the threshold falls, but no ordinary
// sample makes an alarm.
func TestQuietHostHasNoOrdinaryAlarms(t *testing.T) {
	d := detector(t, false, Config{Budget: 5})
	mean := []float64{40, 60, 0}
	for i, x := range dagmmtest.Ordinary(20*1440, 5) {
		for j := range 2 {
			x[j] = mean[j] + (x[j]-mean[j])/3
		}
		r, err := d.Next(dagmmtest.Minute(i), x)
		require.NoError(t, err)
		if r.Flagged {
			require.LessOrEqual(t, r.PValue, ordinaryP+1e-9)
			require.Greater(t, r.Energy, r.Threshold)
		}
	}
}

// A flagged sample is above the threshold that is told with it, also on a host that has
// moved.
func TestFlaggedIsAboveTheThreshold(t *testing.T) {
	d := detector(t, true, Config{Budget: 3})
	for i, x := range dagmmtest.Ordinary(3*1440, 8) {
		if i > 1440 {
			x[1] += 8
		}
		r, err := d.Next(dagmmtest.Minute(i), x)
		require.NoError(t, err)
		if i > dagmm.ContextWarmUp {
			require.Equal(t, r.Energy > r.Threshold, r.Flagged, "sample %d", i)
		}
	}
	require.Positive(t, d.shift())
}

// A host that has moved for good is judged by how it is now: a fault on top of the new
// level is found although its energy is hardly above the level's.
func TestFindsFaultsAfterAShift(t *testing.T) {
	d := detector(t, false, Config{Budget: 1})
	rows := dagmmtest.Ordinary(2*1440, 6)
	for i := range rows {
		if i >= 720 {
			rows[i][1] += 15
		}
	}
	rows[2*1440-30][0] = 75
	opened := feed(t, d, 0, rows[:2*1440-60])
	events := feed(t, d, 2*1440-60, rows[2*1440-60:])
	require.NotEmpty(t, opened)
	require.Equal(t, []Kind{Opened, Closed}, kinds(events), "%v", events)
	require.Equal(t, dagmmtest.Minute(2*1440-30), events[0].Start)
}

// A host that has changed for good falls silent.
func TestAbsorbsALevelShift(t *testing.T) {
	d := detector(t, false, Config{Budget: 1})
	rows := dagmmtest.Ordinary(4*1440, 6)
	for i, x := range rows {
		if i >= 1440 {
			x[1] += 15
		}
	}
	feed(t, d, 0, rows[:3*1440])
	opened := 0
	for _, e := range feed(t, d, 3*1440, rows[3*1440:]) {
		if e.Kind == Opened {
			opened++
		}
	}
	require.LessOrEqual(t, opened, 4)
}

func TestSustainAndSudden(t *testing.T) {
	single := dagmmtest.Incident(dagmmtest.Ordinary(200, 3), 100, 101, 60)
	long := dagmmtest.Incident(dagmmtest.Ordinary(200, 3), 100, 106, 60)
	cfg := strict
	cfg.Open, cfg.Of = 3, 5
	require.Empty(t, feed(t, detector(t, false, cfg), 0, single))
	events := feed(t, detector(t, false, cfg), 0, long)
	require.Equal(t, Opened, events[0].Kind)
	require.Equal(t, dagmmtest.Minute(102), events[0].Time)
	require.Equal(t, dagmmtest.Minute(100), events[0].Start, "of the first of the three")
	require.Equal(t, 3, events[0].Samples)
	apart := dagmmtest.Incident(dagmmtest.Incident(dagmmtest.Ordinary(400, 3), 100, 102, 60), 300, 301, 60)
	cfg.Of = 64
	require.Empty(t, feed(t, detector(t, false, cfg), 0, apart[:290]))
	d := detector(t, false, cfg)
	feed(t, d, 0, apart[:102])
	require.NotContains(t, kinds(feed(t, d, 700, apart[300:])), Opened, "what was flagged ten hours ago counts no more")
	cfg.Of = 5
	cfg.Sudden = 1e-4
	require.NotEmpty(t, feed(t, detector(t, false, cfg), 0, dagmmtest.Incident(dagmmtest.Ordinary(200, 3), 100, 101, 300)))
}

// Where no fit reaches a p-value, no sample has it.
func TestSuddenNeedsATail(t *testing.T) {
	x := dagmmtest.Rows(800, 1)
	m, err := dagmmtest.QuickModel(dagmmtest.Columns, x, nil, nil)
	require.NoError(t, err)
	require.Equal(t, dagmm.TailConformal, m.Tail().Kind)
	d, err := New(m, x, Config{Budget: NoBudget, Open: 5, Of: 5, Sudden: 1e-4})
	require.NoError(t, err)
	require.Empty(t, feed(t, d, 0, dagmmtest.Incident(dagmmtest.Ordinary(200, 3), 100, 101, 300)))
	d, err = New(m, x, Config{Budget: NoBudget, Open: 5, Of: 5, Sudden: 2e-3})
	require.NoError(t, err)
	require.NotEmpty(t, feed(t, d, 0, dagmmtest.Incident(dagmmtest.Ordinary(200, 3), 100, 101, 300)))
}

// An absurd value is an alarm of its own, and the samples after it are judged as before.
func TestGlitchDoesNotLinger(t *testing.T) {
	x := dagmmtest.Rows(1500, 1)
	lasted := func(step float64) time.Duration {
		m, err := dagmmtest.QuickModelOf(dagmmtest.Columns, x, nil, dagmm.RecentLevels{Alphas: []float64{.05, .5}, Step: step}, 1)
		require.NoError(t, err)
		d, err := New(m, x, strict)
		require.NoError(t, err)
		events := feed(t, d, 0, dagmmtest.Incident(dagmmtest.Ordinary(600, 3), 100, 101, 1e6))
		require.Equal(t, dagmmtest.Minute(100), events[0].Time)
		return events[len(events)-1].Duration()
	}
	require.Less(t, lasted(50), 10*time.Minute)
	require.Less(t, lasted(0), 10*time.Minute)
}

// The value that an event says clears the alarm does so under hysteresis too.
func TestClearsIsQuiet(t *testing.T) {
	cfg := strict
	cfg.Recover = .5
	d := detector(t, false, cfg)
	rows := dagmmtest.Incident(dagmmtest.Ordinary(200, 3), 100, 105, 95)
	for i := 101; i < 200; i++ {
		rows[i] = slices.Clone(rows[100])
	}
	opened := feed(t, d, 0, rows[:105])[0]
	for i := 105; i < 200; i++ {
		rows[i][0] = opened.Explanation.Clears
	}
	closed := feed(t, d, 105, rows[105:])[0]
	require.Equal(t, Closed, closed.Kind)
	require.Equal(t, dagmmtest.Minute(104), closed.End)
}

func TestGapMergesAndCooldownHolds(t *testing.T) {
	twice := dagmmtest.Incident(dagmmtest.Incident(dagmmtest.Ordinary(200, 3), 100, 102, 95), 107, 109, 95)
	require.Equal(t, []Kind{Opened, Closed}, kinds(feed(t, detector(t, false, strict), 0, twice)))
	apart := dagmmtest.Incident(dagmmtest.Incident(dagmmtest.Ordinary(200, 3), 100, 102, 95), 130, 132, 300)
	cfg := strict
	cfg.Merge = -1
	require.Equal(t, []Kind{Opened, Closed, Opened, Closed}, kinds(feed(t, detector(t, false, cfg), 0, apart)))
	cfg = strict
	cfg.Cooldown = time.Hour
	require.Equal(t, []Kind{Opened, Closed}, kinds(feed(t, detector(t, false, cfg), 0, apart)))
	d := detector(t, false, strict)
	events := feed(t, d, 0, apart)
	require.Equal(t, []Kind{Opened, Closed, Reopened, Closed}, kinds(events))
	for _, e := range events {
		require.Equal(t, uint64(1), e.Alarm)
		require.Equal(t, dagmmtest.Minute(100), e.Start)
	}
	require.Equal(t, 95., events[1].Peak.Values[0])
	require.Equal(t, 300., events[3].Peak.Values[0], "the highest of both")
	require.Equal(t, 300., events[3].Explanation.Contributions[0].Value)
	late := dagmmtest.Incident(dagmmtest.Incident(dagmmtest.Ordinary(300, 3), 100, 102, 95), 163, 164, 95)
	require.Equal(t, []Kind{Opened, Closed, Opened, Closed}, kinds(feed(t, detector(t, false, strict), 0, late)))
}

func TestRules(t *testing.T) {
	high := dagmmtest.Incident(dagmmtest.Ordinary(200, 3), 100, 105, 95)
	low := dagmmtest.Incident(dagmmtest.Ordinary(200, 3), 100, 105, 2)
	rule := func(r MetricRule) Config {
		c := strict
		c.Metrics = map[string]MetricRule{"cpu": r}
		return c
	}
	require.NotEmpty(t, feed(t, detector(t, false, rule(MetricRule{Direction: High})), 0, high))
	require.Empty(t, feed(t, detector(t, false, rule(MetricRule{Direction: High})), 0, low))
	require.NotEmpty(t, feed(t, detector(t, false, rule(MetricRule{Direction: Low})), 0, low))
	require.Empty(t, feed(t, detector(t, false, rule(MetricRule{Direction: Low})), 0, high))
	require.NotEmpty(t, feed(t, detector(t, false, rule(MetricRule{MinDeviation: 10})), 0, high))
	require.Empty(t, feed(t, detector(t, false, rule(MetricRule{MinDeviation: 80})), 0, high))
}

func TestMissingMetrics(t *testing.T) {
	for _, context := range []bool{false, true} {
		t.Run(fmt.Sprintf("context %t", context), func(t *testing.T) {
			d := detector(t, context, strict)
			rows := dagmmtest.Ordinary(300, 4)
			for i := 100; i < 160; i++ {
				rows[i][2] = math.NaN()
			}
			for i := 200; i < 240; i++ {
				rows[i] = []float64{math.NaN(), math.NaN(), math.NaN()}
			}
			rows[140][0] = 95 // found although another metric is missing
			var events []Event
			for i, x := range rows {
				r, err := d.Next(dagmmtest.Minute(i), x)
				require.NoError(t, err)
				events = append(events, r.Events...)
				want := dagmm.Complete
				switch {
				case i >= 100 && i < 103:
					want = dagmm.Carried
				case i >= 103 && i < 160:
					want = dagmm.Partial
				case i >= 200 && i < 240:
					want = dagmm.Empty
					require.True(t, math.IsNaN(r.Energy) && math.IsNaN(r.PValue) && !r.Flagged)
				}
				require.Equal(t, want, r.Completeness, "sample %d", i)
			}
			require.Equal(t, []Kind{MetricMissing, Opened, Closed, MetricResumed, NoData, DataResumed}, kinds(events), "%v", events)
			require.Equal(t, dagmmtest.Minute(140), events[1].Start)
			require.False(t, math.IsNaN(events[1].Peak.Values[2]))
			require.Equal(t, dagmmtest.Minute(199+11), events[4].Time)
		})
	}
}

func TestZeroIsAValue(t *testing.T) {
	d := detector(t, false, strict)
	events := feed(t, d, 0, dagmmtest.Incident(dagmmtest.Ordinary(150, 3), 100, 103, 0))
	require.Equal(t, Opened, events[0].Kind)
	require.Equal(t, 0., events[0].Peak.Values[0])
}

func TestGapInTime(t *testing.T) {
	d := detector(t, true, strict)
	events := feed(t, d, 0, dagmmtest.Incident(dagmmtest.Ordinary(100, 3), 97, 100, 95))
	require.Equal(t, []Kind{Opened}, kinds(events))
	require.Empty(t, d.Tick(dagmmtest.Minute(105)))
	require.Equal(t, []Kind{NoData}, kinds(d.Tick(dagmmtest.Minute(120))))
	require.Empty(t, d.Tick(dagmmtest.Minute(130)))
	require.Equal(t, []Kind{DataResumed, Closed}, kinds(feed(t, d, 1000, dagmmtest.Ordinary(5, 4))))
}

func TestStuckMetric(t *testing.T) {
	d := detector(t, true, Config{Budget: .01})
	rows := dagmmtest.Ordinary(200, 3)
	for i := 100; i < 200; i++ {
		rows[i][1] = 60
	}
	events := feed(t, d, 0, rows)
	require.Equal(t, []Kind{Stuck}, kinds(events))
	require.Equal(t, "mem", events[0].Metric)
}

func TestConstantMetric(t *testing.T) {
	x := mat.NewDense(1000, 2, nil)
	rows := dagmmtest.Ordinary(1200, 1)
	for r := range 1000 {
		x.SetRow(r, []float64{rows[r][0], 7})
	}
	m, err := dagmmtest.QuickModel([]string{"cpu", "threads"}, x, nil, nil)
	require.NoError(t, err)
	d, err := New(m, x, Config{Budget: .1})
	require.NoError(t, err)
	var stream [][]float64
	for i := range 200 {
		v := 7.
		if i == 150 {
			v = 70
		}
		stream = append(stream, []float64{rows[1000+i][0], v})
	}
	for _, e := range feed(t, d, 0, stream) {
		if e.Kind == Opened && e.Time.Equal(dagmmtest.Minute(150)) {
			require.True(t, e.Explanation.Contributions[0].Constant)
			require.Contains(t, e.String(), "threads is 70; it was constantly 7 in training")
			return
		}
	}
	require.Fail(t, "no alarm")
}

func TestDetectorErrorsChangeNothing(t *testing.T) {
	d, e := detector(t, true, strict), detector(t, true, strict)
	rows := dagmmtest.Incident(dagmmtest.Ordinary(200, 3), 100, 105, 95)
	var got, want []Event
	for i, x := range rows {
		r, err := e.Next(dagmmtest.Minute(i), x)
		require.NoError(t, err)
		want = append(want, r.Events...)
		_, err = d.Next(dagmmtest.Minute(i), x[:2])
		require.ErrorIs(t, err, dagmm.ErrWidth)
		_, err = d.Next(dagmmtest.Minute(i), []float64{1, math.Inf(1), 2})
		require.ErrorIs(t, err, dagmm.ErrNotFinite)
		r, err = d.Next(dagmmtest.Minute(i), x)
		require.NoError(t, err)
		got = append(got, r.Events...)
		_, err = d.Next(dagmmtest.Minute(i), x)
		require.ErrorIs(t, err, ErrOrder)
	}
	require.Equal(t, text(want), text(got)) // explanations hold NaN
}

func text(events []Event) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintln(&b, e, e.Seq, e.Peak)
	}
	return b.String()
}

func TestDetectorConfigErrors(t *testing.T) {
	m, x := dagmmtest.Model(t, false)
	for _, c := range []Config{{Interval: -1}, {Budget: -1}, {Budget: math.NaN()}, {Open: 3, Of: 2}, {Of: 65}, {Sudden: 2}, {Recover: 1.5},
		{Metrics: map[string]MetricRule{"disk": {}}}, {Metrics: map[string]MetricRule{"cpu": {Direction: 7}}}, {Metrics: map[string]MetricRule{"cpu": {MinDeviation: -1}}}} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			_, err := New(m, x, c)
			require.ErrorIs(t, err, ErrConfig)
		})
	}
	_, err := New(m, mat.NewDense(3, 2, nil), Config{})
	require.ErrorIs(t, err, dagmm.ErrWidth)
}

// Measuring a metric in another unit, and refitting, changes no alarm.
func TestUnitsDoNotMatter(t *testing.T) {
	run := func(unit []float64, seed uint64) []string {
		x := dagmmtest.Rows(1500, 1)
		for r := range 1500 {
			for j, u := range unit {
				x.Set(r, j, x.At(r, j)*u)
			}
		}
		m, err := dagmmtest.QuickModel(dagmmtest.Columns, x, nil, []float64{.05, .5})
		require.NoError(t, err)
		d, err := New(m, x, Config{Budget: 4})
		require.NoError(t, err)
		rows := dagmmtest.Incident(dagmmtest.Incident(dagmmtest.Ordinary(1000, seed), 300, 320, 80), 700, 702, 5)
		for _, row := range rows {
			for j, u := range unit {
				row[j] *= u
			}
		}
		var out []string
		for _, e := range feed(t, d, 0, rows) {
			out = append(out, fmt.Sprint(e.Kind, e.Time, e.Start, e.End, e.Severity, e.Alarm))
		}
		require.NotEmpty(t, out)
		return out
	}
	for seed := range uint64(3) {
		want := run([]float64{1, 1, 1}, seed)
		for _, unit := range [][]float64{{.01, 1, 8}, {1000, 1024, 1e-6}, {1 / 3., 7, 1e9}} {
			require.Equal(t, want, run(unit, seed), "units %v", unit)
		}
	}
}
