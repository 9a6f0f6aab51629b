package dagmm_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/train"
)

// Metrics that were constantly 0, 50 and 1e6 in training: nothing fires on a tiny change,
// and a real one is explained as what it is.
func TestConstantMetrics(t *testing.T) {
	for name, preset := range map[string]train.Config{"metrics": train.Metrics(), "series": train.Series()} {
		t.Run(name, func(t *testing.T) {
			cfg := small(preset)
			cfg.Columns = []string{"cpu", "mem", "disk", "net_in", "errors", "limit", "total"}
			x := withConstants(host(600, 1, true))
			m := fit(t, x, cfg)
			require.Equal(t, []string{"errors", "limit", "total"}, m.Constant(), name)
			fresh := withConstants(host(400, 2, true))
			want, err := m.Series(nil, fresh)
			require.NoError(t, err)
			for k, c := range []struct {
				metric     string
				tiny, real []float64
				sentence   string
			}{
				{"errors", []float64{1e-9, -1e-6, 1e-3}, []float64{10, 1000, -50, 1e9}, "it was constantly 0 in training"},
				{"limit", []float64{50.0001, 49.9, 50.3}, []float64{75, 100, 0, -50, 1e9}, "it was constantly 50 in training"},
				{"total", []float64{1e6 + 1, 1e6 - 1000, 1.005e6}, []float64{2e6, 1.2e6, 0, 1e12}, "it was constantly 1000000 in training"},
			} {
				j := 4 + k
				for _, v := range c.tiny {
					y := mat.DenseCopyOf(fresh)
					for r := 100; r < 400; r++ {
						y.Set(r, j, v)
					}
					got, err := m.Series(nil, y)
					require.NoError(t, err)
					for r := range got {
						require.InDelta(t, want[r], got[r], .5, "%s: %s at %g", name, c.metric, v)
						if want[r] <= m.Threshold()-.5 {
							require.LessOrEqual(t, got[r], m.Threshold())
						}
					}
				}
				for _, v := range c.real {
					y := mat.DenseCopyOf(fresh)
					y.Set(200, j, v)
					e, err := m.ExplainSeries(y, 200)
					require.NoError(t, err)
					require.True(t, e.Verdict.Anomalous, "%s: %s at %g: energy %g, threshold %g", name, c.metric, v, e.Verdict.Energy, m.Threshold())
					top := e.Contributions[0]
					require.Equal(t, c.metric, top.Metric, name)
					require.True(t, top.Constant)
					require.Equal(t, v, top.Value)
					require.Contains(t, e.String(), c.metric+" is ")
					require.Contains(t, e.String(), c.sentence)
					for _, other := range e.Contributions[1:] {
						require.Less(t, other.Share, .5)
					}
				}
			}
		})
	}
}

// One constant changes while another metric is out of range: both are named.
func TestConstantMetricBesideAnAnomaly(t *testing.T) {
	cfg := small(train.Metrics())
	m := fit(t, withConstants(host(600, 1, false)), cfg)
	row := withConstants(host(1, 2, false)).RawRowView(0)
	row[0], row[5] = 300, 80
	e, err := m.ExplainSeries(mat.NewDense(1, 7, row), 0)
	require.NoError(t, err)
	require.True(t, e.Verdict.Anomalous)
	var both []string
	for _, c := range e.Contributions[:2] {
		both = append(both, c.Metric)
	}
	require.ElementsMatch(t, []string{"1", "6"}, both)
	if e.Pair[0] != "" {
		require.ElementsMatch(t, []string{"1", "6"}, e.Pair[:])
	}
}

// The paper's preset keeps constant metrics among the network's.
func TestPaperPresetWithConstantMetrics(t *testing.T) {
	cfg := train.Paper("thyroid")
	cfg.Optimizer.Epochs = 20
	m := fit(t, withConstants(host(300, 1, false)), cfg)
	row := withConstants(host(1, 2, false)).RawRowView(0)
	before, err := m.Energy(row)
	require.NoError(t, err)
	row[4] = 5
	after, err := m.Energy(row)
	require.NoError(t, err)
	require.NotEqual(t, before, after)
	var c []dagmm.Contribution
	c, err = m.Explain(c, row)
	require.NoError(t, err)
	require.Len(t, c, 7)
}
