package dagmm

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

func detector(t testing.TB, context bool, cfg DetectorConfig) *Detector {
	m, x := fixtureModel(t, context)
	d, err := NewDetector(m, x, cfg)
	require.NoError(t, err)
	return d
}

// strict leaves no room for ordinary samples to be flagged.
var strict = DetectorConfig{Budget: .2}

func TestAlarmFromOpenToClose(t *testing.T) {
	for _, context := range []bool{false, true} {
		d := detector(t, context, strict)
		rows := incident(ordinary(200, 3), 100, 105, 95)
		events := feed(t, d, 0, rows)
		require.Equal(t, []EventKind{Opened, Closed}, kinds(events), "%v", events)
		opened, closed := events[0], events[1]
		require.Equal(t, minute(100), opened.Time)
		require.Equal(t, minute(100), closed.Start)
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
	}
}

func TestZeroConfigIsTheModelsQuantile(t *testing.T) {
	d := detector(t, false, DetectorConfig{})
	require.InEpsilon(t, d.Model().Threshold(), d.Threshold(), 1e-9)
	flagged := 0
	for i, x := range ordinary(3000, 9) {
		r, err := d.Next(minute(i), x)
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
		d := detector(t, true, DetectorConfig{Budget: 2, Cap: capped})
		start := d.Threshold()
		opened := 0
		const days = 20
		for _, e := range feed(t, d, 0, ordinary(1440*days, 5)) {
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
	}
}

// A reopened alarm costs the budget nothing.
func TestReopeningIsFree(t *testing.T) {
	after := func(merge time.Duration) float64 {
		cfg := strict
		cfg.Merge = merge
		d := detector(t, false, cfg)
		feed(t, d, 0, incident(incident(ordinary(200, 3), 100, 102, 95), 130, 132, 95))
		return d.s.Controller.Threshold
	}
	require.InDelta(t, raise, after(-1)-after(0), 1e-9)
}

// On a host that is quieter than it was in training the threshold falls, but no ordinary
// sample makes an alarm.
func TestQuietHostHasNoOrdinaryAlarms(t *testing.T) {
	d := detector(t, false, DetectorConfig{Budget: 5})
	mean := []float64{40, 60, 0}
	for i, x := range ordinary(20*1440, 5) {
		for j := range 2 {
			x[j] = mean[j] + (x[j]-mean[j])/3
		}
		r, err := d.Next(minute(i), x)
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
	d := detector(t, true, DetectorConfig{Budget: 3})
	for i, x := range ordinary(3*1440, 8) {
		if i > 1440 {
			x[1] += 8
		}
		r, err := d.Next(minute(i), x)
		require.NoError(t, err)
		if i > staleFor {
			require.Equal(t, r.Energy > r.Threshold, r.Flagged, "sample %d", i)
		}
	}
	require.Positive(t, d.shift())
}

// A host that has moved for good is judged by how it is now: a fault on top of the new
// level is found although its energy is hardly above the level's.
func TestFindsFaultsAfterAShift(t *testing.T) {
	d := detector(t, false, DetectorConfig{Budget: 1})
	rows := ordinary(2*1440, 6)
	for i := range rows {
		if i >= 720 {
			rows[i][1] += 15
		}
	}
	rows[2*1440-30][0] = 75
	opened := feed(t, d, 0, rows[:2*1440-60])
	events := feed(t, d, 2*1440-60, rows[2*1440-60:])
	require.NotEmpty(t, opened)
	require.Equal(t, []EventKind{Opened, Closed}, kinds(events), "%v", events)
	require.Equal(t, minute(2*1440-30), events[0].Start)
}

// A host that has changed for good falls silent.
func TestAbsorbsALevelShift(t *testing.T) {
	d := detector(t, false, DetectorConfig{Budget: 1})
	rows := ordinary(4*1440, 6)
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
	single := incident(ordinary(200, 3), 100, 101, 60)
	long := incident(ordinary(200, 3), 100, 106, 60)
	cfg := strict
	cfg.Open, cfg.Of = 3, 5
	require.Empty(t, feed(t, detector(t, false, cfg), 0, single))
	events := feed(t, detector(t, false, cfg), 0, long)
	require.Equal(t, Opened, events[0].Kind)
	require.Equal(t, minute(102), events[0].Time)
	require.Equal(t, minute(100), events[0].Start, "of the first of the three")
	require.Equal(t, 3, events[0].Samples)
	apart := incident(incident(ordinary(400, 3), 100, 102, 60), 300, 301, 60)
	cfg.Of = 64
	require.Empty(t, feed(t, detector(t, false, cfg), 0, apart[:290]))
	d := detector(t, false, cfg)
	feed(t, d, 0, apart[:102])
	require.NotContains(t, kinds(feed(t, d, 700, apart[300:])), Opened, "what was flagged ten hours ago counts no more")
	cfg.Of = 5
	cfg.Sudden = 1e-4
	require.NotEmpty(t, feed(t, detector(t, false, cfg), 0, incident(ordinary(200, 3), 100, 101, 300)))
}

// Where no fit reaches a p-value, no sample has it.
func TestSuddenNeedsATail(t *testing.T) {
	x := fixtureRows(800, 1)
	m, err := quickModel(fixtureColumns, x, nil, nil)
	require.NoError(t, err)
	require.Equal(t, TailConformal, m.Tail().Kind)
	d, err := NewDetector(m, x, DetectorConfig{Open: 5, Of: 5, Sudden: 1e-4})
	require.NoError(t, err)
	require.Empty(t, feed(t, d, 0, incident(ordinary(200, 3), 100, 101, 300)))
	d, err = NewDetector(m, x, DetectorConfig{Open: 5, Of: 5, Sudden: 2e-3})
	require.NoError(t, err)
	require.NotEmpty(t, feed(t, d, 0, incident(ordinary(200, 3), 100, 101, 300)))
}

// An absurd value is an alarm of its own, and the samples after it are judged as before.
func TestGlitchDoesNotLinger(t *testing.T) {
	x := fixtureRows(1500, 1)
	lasted := func(step float64) time.Duration {
		m, err := quickModelOf(fixtureColumns, x, nil, Context{Alphas: []float64{.05, .5}, Step: step}, 1)
		require.NoError(t, err)
		d, err := NewDetector(m, x, strict)
		require.NoError(t, err)
		events := feed(t, d, 0, incident(ordinary(600, 3), 100, 101, 1e6))
		require.Equal(t, minute(100), events[0].Time)
		return events[len(events)-1].Duration()
	}
	require.Less(t, lasted(50), 45*time.Minute)
	require.Greater(t, lasted(0), 90*time.Minute)
}

// The value that an event says clears the alarm does so under hysteresis too.
func TestClearsIsQuiet(t *testing.T) {
	cfg := strict
	cfg.Recover = .5
	d := detector(t, false, cfg)
	rows := incident(ordinary(200, 3), 100, 105, 95)
	for i := 101; i < 200; i++ {
		rows[i] = slices.Clone(rows[100])
	}
	opened := feed(t, d, 0, rows[:105])[0]
	for i := 105; i < 200; i++ {
		rows[i][0] = opened.Explanation.Clears
	}
	closed := feed(t, d, 105, rows[105:])[0]
	require.Equal(t, Closed, closed.Kind)
	require.Equal(t, minute(104), closed.End)
}

func TestGapMergesAndCooldownHolds(t *testing.T) {
	twice := incident(incident(ordinary(200, 3), 100, 102, 95), 107, 109, 95)
	require.Equal(t, []EventKind{Opened, Closed}, kinds(feed(t, detector(t, false, strict), 0, twice)))
	apart := incident(incident(ordinary(200, 3), 100, 102, 95), 130, 132, 300)
	cfg := strict
	cfg.Merge = -1
	require.Equal(t, []EventKind{Opened, Closed, Opened, Closed}, kinds(feed(t, detector(t, false, cfg), 0, apart)))
	cfg = strict
	cfg.Cooldown = time.Hour
	require.Equal(t, []EventKind{Opened, Closed}, kinds(feed(t, detector(t, false, cfg), 0, apart)))
	d := detector(t, false, strict)
	events := feed(t, d, 0, apart)
	require.Equal(t, []EventKind{Opened, Closed, Reopened, Closed}, kinds(events))
	for _, e := range events {
		require.Equal(t, uint64(1), e.Alarm)
		require.Equal(t, minute(100), e.Start)
	}
	require.Equal(t, 95., events[1].Peak.Values[0])
	require.Equal(t, 300., events[3].Peak.Values[0], "the highest of both")
	require.Equal(t, 300., events[3].Explanation.Contributions[0].Value)
	late := incident(incident(ordinary(300, 3), 100, 102, 95), 163, 164, 95)
	require.Equal(t, []EventKind{Opened, Closed, Opened, Closed}, kinds(feed(t, detector(t, false, strict), 0, late)))
}

func TestRules(t *testing.T) {
	high := incident(ordinary(200, 3), 100, 105, 95)
	low := incident(ordinary(200, 3), 100, 105, 2)
	rule := func(r MetricRule) DetectorConfig {
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
		d := detector(t, context, strict)
		rows := ordinary(300, 4)
		for i := 100; i < 160; i++ {
			rows[i][2] = missing
		}
		for i := 200; i < 240; i++ {
			rows[i] = []float64{missing, missing, missing}
		}
		rows[140][0] = 95 // found although another metric is missing
		var events []Event
		for i, x := range rows {
			r, err := d.Next(minute(i), x)
			require.NoError(t, err)
			events = append(events, r.Events...)
			want := Complete
			switch {
			case i >= 100 && i < 103:
				want = Carried
			case i >= 103 && i < 160:
				want = Partial
			case i >= 200 && i < 240:
				want = Empty
				require.True(t, math.IsNaN(r.Energy) && math.IsNaN(r.PValue) && !r.Flagged)
			}
			require.Equal(t, want, r.Quality, "sample %d", i)
		}
		require.Equal(t, []EventKind{Opened, Closed, NoData, DataResumed}, kinds(events), "%v", events)
		require.Equal(t, minute(140), events[0].Start)
		require.False(t, math.IsNaN(events[0].Peak.Values[2]))
		require.Equal(t, minute(199+11), events[2].Time)
	}
}

// What is missing makes no sample more anomalous than some completion of it.
func TestPartialScoresAreOrdinary(t *testing.T) {
	m, _ := fixtureModel(t, true)
	f := newFiller(m)
	flagged, n := 0, 0
	for i, x := range ordinary(3000, 11) {
		if i > 100 {
			x[i/200%3] = missing
		}
		e, q, err := f.next(x)
		require.NoError(t, err)
		if q == Partial {
			n++
			if e > m.Threshold() {
				flagged++
			}
		}
	}
	require.Greater(t, n, 2500)
	require.Less(t, flagged, n/50)
}

func TestZeroIsAValue(t *testing.T) {
	d := detector(t, false, strict)
	events := feed(t, d, 0, incident(ordinary(150, 3), 100, 103, 0))
	require.Equal(t, Opened, events[0].Kind)
	require.Equal(t, 0., events[0].Peak.Values[0])
}

func TestGapInTime(t *testing.T) {
	d := detector(t, true, strict)
	events := feed(t, d, 0, incident(ordinary(100, 3), 97, 100, 95))
	require.Equal(t, []EventKind{Opened}, kinds(events))
	require.Empty(t, d.Tick(minute(105)))
	require.Equal(t, []EventKind{NoData}, kinds(d.Tick(minute(120))))
	require.Empty(t, d.Tick(minute(130)))
	require.Equal(t, []EventKind{DataResumed, Closed}, kinds(feed(t, d, 1000, ordinary(5, 4))))
}

func TestStuckMetric(t *testing.T) {
	d := detector(t, true, DetectorConfig{Budget: .01})
	rows := ordinary(200, 3)
	for i := 100; i < 200; i++ {
		rows[i][1] = 60
	}
	events := feed(t, d, 0, rows)
	require.Equal(t, []EventKind{Stuck}, kinds(events))
	require.Equal(t, "mem", events[0].Metric)
}

func TestConstantMetric(t *testing.T) {
	x := mat.NewDense(1000, 2, nil)
	rows := ordinary(1200, 1)
	for r := range 1000 {
		x.SetRow(r, []float64{rows[r][0], 7})
	}
	m, err := quickModel([]string{"cpu", "threads"}, x, nil, nil)
	require.NoError(t, err)
	d, err := NewDetector(m, x, DetectorConfig{Budget: .1})
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
		if e.Kind == Opened && e.Time.Equal(minute(150)) {
			require.True(t, e.Explanation.Contributions[0].Constant)
			require.Contains(t, e.String(), "threads is 70; it was constantly 7 in training")
			return
		}
	}
	require.Fail(t, "no alarm")
}

func TestDetectorErrorsChangeNothing(t *testing.T) {
	d, e := detector(t, true, strict), detector(t, true, strict)
	rows := incident(ordinary(200, 3), 100, 105, 95)
	var got, want []Event
	for i, x := range rows {
		r, err := e.Next(minute(i), x)
		require.NoError(t, err)
		want = append(want, r.Events...)
		_, err = d.Next(minute(i), x[:2])
		require.ErrorIs(t, err, ErrWidth)
		_, err = d.Next(minute(i), []float64{1, math.Inf(1), 2})
		require.ErrorIs(t, err, ErrNotFinite)
		r, err = d.Next(minute(i), x)
		require.NoError(t, err)
		got = append(got, r.Events...)
		_, err = d.Next(minute(i), x)
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
	m, x := fixtureModel(t, false)
	for _, c := range []DetectorConfig{{Interval: -1}, {Budget: -1}, {Budget: math.NaN()}, {Open: 3, Of: 2}, {Of: 65}, {Sudden: 2}, {Recover: 1.5},
		{Metrics: map[string]MetricRule{"disk": {}}}, {Metrics: map[string]MetricRule{"cpu": {Direction: 7}}}, {Metrics: map[string]MetricRule{"cpu": {MinDeviation: -1}}}} {
		_, err := NewDetector(m, x, c)
		require.ErrorIs(t, err, ErrDetector)
	}
	_, err := NewDetector(m, mat.NewDense(3, 2, nil), DetectorConfig{})
	require.ErrorIs(t, err, ErrWidth)
}

// Measuring a metric in another unit, and refitting, changes no alarm.
func TestUnitsDoNotMatter(t *testing.T) {
	run := func(unit []float64, seed uint64) []string {
		x := fixtureRows(1500, 1)
		for r := range 1500 {
			for j, u := range unit {
				x.Set(r, j, x.At(r, j)*u)
			}
		}
		m, err := quickModel(fixtureColumns, x, nil, []float64{.05, .5})
		require.NoError(t, err)
		d, err := NewDetector(m, x, DetectorConfig{Budget: 4})
		require.NoError(t, err)
		rows := incident(incident(ordinary(1000, seed), 300, 320, 80), 700, 702, 5)
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
