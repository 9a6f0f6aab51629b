package monitor

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// A host that never reports one of the metrics gets a model of the others, finds faults in
// them, and learns the metric once it comes; when it goes for good, it is left out again.
func TestAbsentMetric(t *testing.T) {
	for _, seasonal := range []bool{false, true} {
		t.Run(fmt.Sprintf("seasonal %t", seasonal), func(t *testing.T) {
			s := &sink{}
			cfg := monitorConfig(s)
			cfg.Seasonal, cfg.Retrain, cfg.Dir = seasonal, 6*time.Hour, t.TempDir()
			m := open(t, cfg)
			rows := dagmmtest.Incident(dagmmtest.Incident(dagmmtest.Ordinary(4000, 3), 900, 905, 95), 1990, 1993, 95)
			for i, x := range rows {
				if i < 1000 || i >= 2000 {
					x[2] = math.NaN()
				}
				require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
				if i == 700 || i == 1100 { // the metric is absent in a state and in a journal
					m.abandon()
					m = open(t, cfg)
				}
			}
			trained := s.only(alarm.Retrained, alarm.Kept, alarm.RetrainFailed)
			require.Equal(t, alarm.Retrained, trained[0].Kind, "%v", trained)
			require.Equal(t, dagmmtest.Minute(499), trained[0].Time)
			require.Contains(t, trained[0].Detail, "without net: almost no values")
			var without, with bool
			for _, e := range trained[1:] {
				require.NotEqual(t, alarm.RetrainFailed, e.Kind, "%v", trained)
				switch i := int(e.Time.Sub(dagmmtest.Start) / time.Minute); {
				case i > 1400 && i < 2000:
					with = e.Kind == alarm.Retrained
					require.NotContains(t, e.Detail, "without net")
				case i > 3000:
					without = e.Kind == alarm.Retrained
					require.Contains(t, e.Detail, "without net")
				}
			}
			require.True(t, with, "%v", trained)
			require.True(t, without, "%v", trained)
			for _, fault := range []int{900, 1990} {
				require.True(t, slices.ContainsFunc(s.only(alarm.Opened), func(e alarm.Event) bool {
					return e.Start.Sub(dagmmtest.Minute(fault)).Abs() <= time.Minute && e.Explanation.Contributions[0].Metric == "cpu"
				}), "%d: %v", fault, s.only(alarm.Opened))
			}
			require.NoError(t, m.Close())
		})
	}
}

// A metric whose collector dies is told to be missing once, and to be back once, whatever
// happens in between: restarts, a model that was trained without it, and one with it.
func TestMetricMissingForDays(t *testing.T) {
	s := &sink{}
	cfg := monitorConfig(s)
	cfg.Retrain, cfg.Dir = 6*time.Hour, t.TempDir()
	m := open(t, cfg)
	for i, x := range dagmmtest.Ordinary(4000, 3) {
		if i >= 1000 && i < 2500 {
			x[2] = math.NaN()
		}
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
		switch i {
		case 1005, 1600, 2400:
			m.abandon()
			m = open(t, cfg)
		case 1015, 2600:
			require.NoError(t, m.Close())
			m = open(t, cfg)
		}
	}
	require.Contains(t, fmt.Sprint(s.only(alarm.Retrained)), "without net")
	told := s.only(alarm.MetricMissing, alarm.MetricResumed)
	require.Equal(t, []alarm.Kind{alarm.MetricMissing, alarm.MetricResumed}, kinds(told), "%v", told)
	require.Equal(t, dagmmtest.Minute(1010), told[0].Time)
	require.Equal(t, dagmmtest.Minute(2500), told[1].Time)
	require.Equal(t, "net", told[1].Metric)
	require.Zero(t, s.twice)
	require.NoError(t, m.Close())
}

// While the only metrics that are known have no values there is nothing to score, whatever
// the absent one says.
func TestAbsentMetricAloneIsNoData(t *testing.T) {
	s := &sink{}
	cfg := monitorConfig(s)
	m := open(t, cfg)
	for i, x := range dagmmtest.Ordinary(600, 3) {
		if x[2] = math.NaN(); i >= 550 {
			x = []float64{math.NaN(), math.NaN(), 1e6}
		}
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
	}
	require.Len(t, s.only(alarm.NoData), 1)
	require.NoError(t, m.Close())
}

func TestRunsOfAbsentMetrics(t *testing.T) {
	x := dagmmtest.Rows(1000, 1)
	for r := range 1000 {
		if r%20 != 0 {
			x.Set(r, 1, math.NaN())
		}
		if r%5 != 0 {
			x.Set(r, 2, math.NaN())
		}
	}
	w := &Window{Columns: dagmmtest.Columns, X: x, Times: make([]time.Time, 1000), out: make([]bool, 1000)}
	runs := w.runs()
	require.Positive(t, runs[0].longest)
	require.Equal(t, metricRun{absent: true}, runs[1], "values in a twentieth of the rows")
	require.Positive(t, runs[2].longest)
	out, why := w.learned(runs)
	require.Equal(t, "; without mem: almost no values", why)
	require.Zero(t, out.X.At(0, 1))
	require.Zero(t, out.X.At(1, 1))
	require.Equal(t, x.At(0, 0), out.X.At(0, 0))
	require.NotZero(t, x.At(0, 1), "the window itself stays as it is")
	same, why := w.learned(metricRuns{{longest: 1}, {longest: 1}, {longest: 1}})
	require.Same(t, w, same)
	require.Empty(t, why)
}
