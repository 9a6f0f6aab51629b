package alarm

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// without returns n ordinary samples in which a metric has no value in the given ranges.
func without(n, metric int, ranges ...[2]int) [][]float64 {
	rows := dagmmtest.Ordinary(n, 4)
	for _, r := range ranges {
		for i := r[0]; i < r[1]; i++ {
			rows[i][metric] = math.NaN()
		}
	}
	return rows
}

// silent takes the samples of a range away.
func silent(rows [][]float64, from, to int) [][]float64 {
	for i := from; i < to; i++ {
		rows[i] = nil
	}
	return rows
}

// absenceEvents are the events about data of a detector fed with rows; nil is no sample.
func absenceEvents(t *testing.T, d *Detector, rows [][]float64) (out []string) {
	for i, x := range rows {
		if x == nil {
			continue
		}
		r, err := d.Next(dagmmtest.Minute(i), x)
		require.NoError(t, err)
		for _, e := range r.Events {
			if slices.Contains([]Kind{MetricMissing, MetricResumed, NoData, DataResumed}, e.Kind) {
				out = append(out, fmt.Sprint(int(e.Time.Sub(dagmmtest.Start)/time.Minute), " ", e.Kind, " ", e.Metric, " ", e.Detail))
			}
		}
	}
	return out
}

func TestMetricMissing(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		rows [][]float64
		want []string
	}{
		"collector dies": {without(300, 1, [2]int{50, 250}),
			[]string{"60 metric missing mem no value since 2026-03-02 00:50:00 although others come", "250 metric resumed mem after 3h20m0s"}},
		"for as long as NoData": {without(100, 1, [2]int{50, 60}, [2]int{70, 80}), nil},
		"never comes":           {without(300, 1, [2]int{0, 300}), nil},
		"comes late, and goes":  {without(300, 1, [2]int{0, 150}, [2]int{200, 300}), []string{"210 metric missing mem no value since 2026-03-02 03:20:00 although others come"}},
		"every tenth sample": {without(300, 1, func() (r [][2]int) {
			for i := 0; i < 300; i += 10 {
				r = append(r, [2]int{i, i + 9})
			}
			return r
		}()...), nil},
		"the stream is silent": {silent(dagmmtest.Ordinary(300, 4), 100, 200),
			[]string{"110 no data  nothing to score since 2026-03-02 01:39:00", "200 data resumed  after 1h41m0s"}},
		"nothing but NaN": {func() [][]float64 {
			rows := dagmmtest.Ordinary(300, 4)
			for i := 100; i < 200; i++ {
				rows[i] = []float64{nan, nan, nan}
			}
			return rows
		}(), []string{"110 no data  nothing to score since 2026-03-02 01:39:00", "200 data resumed  after 1h41m0s"}},
		"silence does not count": {silent(without(300, 1, [2]int{95, 205}, [2]int{240, 252}), 100, 200),
			[]string{"110 no data  nothing to score since 2026-03-02 01:39:00", "200 data resumed  after 1h41m0s", "250 metric missing mem no value since 2026-03-02 04:00:00 although others come",
				"252 metric resumed mem after 12m0s"}},
		"told once, whatever comes between": {silent(without(400, 1, [2]int{50, 350}), 100, 200),
			[]string{"60 metric missing mem no value since 2026-03-02 00:50:00 although others come", "110 no data  nothing to score since 2026-03-02 01:39:00",
				"200 data resumed  after 1h41m0s", "350 metric resumed mem after 5h0m0s"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := absenceEvents(t, detector(t, true, strict), c.rows)
			for i, e := range got {
				require.Less(t, i, len(c.want), "%v", got)
				require.Equal(t, c.want[i], e)
			}
			require.Len(t, got, len(c.want))
		})
	}
}

// The event names the alarm in which a metric goes missing.
func TestMetricMissingInAnAlarm(t *testing.T) {
	d := detector(t, false, strict)
	events := feed(t, d, 0, dagmmtest.Incident(without(105, 2, [2]int{90, 105}), 80, 105, 95))
	require.Equal(t, []Kind{Opened, MetricMissing}, kinds(events))
	require.Equal(t, uint64(1), events[1].Alarm)
	require.Equal(t, "2026-03-02 01:40:00 metric missing net: no value since 2026-03-02 01:30:00 although others come", events[1].String())
}

// A metric that is missing when a new model comes is told to be back, also where the new
// model was trained without it; and while it is not part of the model nobody is told that it
// comes and goes.
func TestMetricMissingAcrossModels(t *testing.T) {
	d := detector(t, false, strict)
	require.Len(t, absenceEvents(t, d, without(100, 1, [2]int{50, 100})), 1)
	x := dagmmtest.Rows(1000, 9)
	for r := range 1000 {
		x.Set(r, 1, 0)
	}
	m, err := dagmmtest.QuickModel(dagmmtest.Columns, x, nil, nil)
	require.NoError(t, err)
	next, err := NewTrained(m, Training{Longest: []int{3, 0, 3}}, strict)
	require.NoError(t, err)
	require.NoError(t, next.Succeed(d))
	rows := silent(without(400, 1, [2]int{100, 200}, [2]int{220, 300}), 0, 100)
	require.Equal(t, []string{"200 metric resumed mem after 2h30m0s"}, absenceEvents(t, next, rows))
	require.Zero(t, next.Status().Number, "the metric says nothing to this model")
}

func TestLearned(t *testing.T) {
	nan := math.NaN()
	x := []float64{1, 2, 3}
	require.Equal(t, []float64{1, 0, 3}, Learned([]int{4, 0, 1}, x))
	require.Equal(t, []float64{1, 2, 3}, x)
	require.Equal(t, []float64{0, 0, 3}, Learned([]int{0, 0, 1}, []float64{nan, 2, 3}))
	require.Equal(t, "[NaN NaN NaN]", fmt.Sprint(Learned([]int{4, 0, 1}, []float64{nan, 2, nan})))
	for _, longest := range [][]int{nil, {1, 1, 1}, {0}} {
		require.Same(t, &x[0], &Learned(longest, x)[0])
	}
}
