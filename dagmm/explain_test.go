package dagmm_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dataset"
)

// injected is a fresh table with one anomalous metric in each of its faults.
func injected(t testing.TB, kind dataset.FaultKind, seed uint64, independent bool) (*mat.Dense, []dataset.Fault) {
	t.Helper()
	cfg := dataset.GenerateConfig{Rows: 4000, Seed: seed, Independent: independent}
	for range 40 {
		cfg.Inject = append(cfg.Inject, kind)
	}
	table, faults, err := dataset.Generate(cfg)
	require.NoError(t, err)
	return table.X, faults
}

func explain(t testing.TB, m *dagmm.Model, x mat.Matrix, row int) *dagmm.Explanation {
	t.Helper()
	e, err := m.ExplainSeries(x, row)
	require.NoError(t, err)
	return e
}

// The metric that was changed comes first in 95 of 100 flagged rows.
func TestExplanationNamesTheMetric(t *testing.T) {
	for name, c := range map[string]struct {
		m           *dagmm.Model
		kind        dataset.FaultKind
		independent bool
	}{
		"out of range":         {metricsModel(t), dataset.OutOfRange, true},
		"broken correlation":   {metricsModel(t), dataset.BrokenCorrelation, true},
		"out of range, series": {seriesModel(t), dataset.OutOfRange, false},
	} {
		t.Run(name, func(t *testing.T) {
			hits, flagged := 0, 0
			for seed := range uint64(3) {
				x, faults := injected(t, c.kind, 50+seed, c.independent)
				for _, f := range faults {
					e := explain(t, c.m, x, f.Start)
					if !e.Verdict.Anomalous {
						continue
					}
					flagged++
					if e.Contributions[0].Metric == f.Metric {
						hits++
					}
				}
			}
			t.Logf("%s: %d of %d", name, hits, flagged)
			require.GreaterOrEqual(t, flagged, 60, name)
			require.GreaterOrEqual(t, float64(hits), .95*float64(flagged), name)
		})
	}
}

func TestExplanationIsConsistent(t *testing.T) {
	m := metricsModel(t)
	x, faults := injected(t, dataset.OutOfRange, 9, true)
	rows := []int{0, 1, 2, 3}
	for _, f := range faults {
		rows = append(rows, f.Start)
	}
	dst := make([]dagmm.Contribution, 0, 4)
	for _, r := range rows {
		e := explain(t, m, x, r)
		v, err := m.Detect(x.RawRowView(r))
		require.NoError(t, err)
		require.Equal(t, v, e.Verdict)
		got, err := m.Explain(dst, x.RawRowView(r))
		require.NoError(t, err)
		require.Equal(t, e.Contributions, got)
		require.Same(t, &dst[:1][0], &got[0], "dst is reused")

		seen := map[string]bool{}
		sum, last := 0., math.Inf(1)
		for _, c := range e.Contributions {
			seen[c.Metric] = true
			sum += c.Share
			require.LessOrEqual(t, c.Share, last, "largest first")
			last = c.Share
			require.LessOrEqual(t, c.Low, c.High)
			require.False(t, c.Constant)
		}
		require.Len(t, seen, 4)
		require.InDelta(t, 1, sum, 1e-12)
	}
}

// The expected range of a metric holds the values with which the row is ordinary: its own
// where it is; and is in the metric's unit.
func TestExpectedRanges(t *testing.T) {
	for name, m := range map[string]*dagmm.Model{"metrics": metricsModel(t), "series": seriesModel(t)} {
		t.Run(name, func(t *testing.T) {
			x := host(400, 8, m.HasContext())
			for r := 100; r < 400; r += 7 {
				e := explain(t, m, x, r)
				for _, c := range e.Contributions {
					if !e.Verdict.Anomalous {
						require.True(t, c.Conditional, name)
						require.LessOrEqual(t, c.Low, c.Value, "%s, row %d: %+v", name, r, c)
						require.GreaterOrEqual(t, c.High, c.Value, "%s, row %d: %+v", name, r, c)
					}
					require.Less(t, c.Low, c.High)
					require.GreaterOrEqual(t, c.Low, 0., "%+v: none of these can be negative", c)
					if c.Metric == "net_in" {
						require.Greater(t, c.High, 1e5, "bits per second")
					} else {
						require.Less(t, c.High, 250., "percent")
					}
				}
			}
		})
	}
}

// Within the range, and at the value that clears the alarm, the row is not anomalous.
func TestClearsClears(t *testing.T) {
	for name, m := range map[string]*dagmm.Model{"metrics": metricsModel(t), "series": seriesModel(t)} {
		t.Run(name, func(t *testing.T) {
			cleared := 0
			for _, kind := range []dataset.FaultKind{dataset.OutOfRange, dataset.BrokenCorrelation, dataset.LevelShift} {
				x, faults := injected(t, kind, 77, !m.HasContext())
				for _, f := range faults {
					e := explain(t, m, x, f.Start)
					top := e.Contributions[0]
					if !e.Verdict.Anomalous {
						require.True(t, math.IsNaN(e.Clears))
						continue
					}
					require.Equal(t, !top.Conditional, math.IsNaN(e.Clears), "%s: %v", name, e)
					if !top.Conditional {
						continue
					}
					cleared++
					require.True(t, e.Clears == top.Low || e.Clears == top.High)
					require.LessOrEqual(t, min(math.Abs(top.Value-top.Low), math.Abs(top.Value-top.High)), math.Abs(top.Value-e.Clears), "the nearer end")
					for _, v := range []float64{e.Clears, top.Low, top.High, (top.Low + top.High) / 2} {
						y := mat.DenseCopyOf(x.Slice(0, f.Start+1, 0, 4))
						y.Set(f.Start, column(t, m, top.Metric), v)
						energies, err := m.Series(nil, y)
						require.NoError(t, err)
						require.LessOrEqual(t, energies[f.Start], m.Threshold(), "%s, %s %v: at %g (energy %g); %v", name, kind, f, v, e.Verdict.Energy, top)
					}
				}
			}
			require.Greater(t, cleared, 40, name)
		})
	}
}

func column(t testing.TB, m *dagmm.Model, name string) int {
	t.Helper()
	for j, c := range m.Columns() {
		if c == name {
			return j
		}
	}
	t.Fatalf("no column %s", name)
	return -1
}

// Two metrics far out of range: neither alone explains the row, both together do.
func TestPairExplainsWhatNoSingleMetricDoes(t *testing.T) {
	m := metricsModel(t)
	x := host(100, 8, false)
	for r := range 20 {
		row := append([]float64(nil), x.RawRowView(r)...)
		a, b := r%4, (r+1+r/4%3)%4
		for _, j := range []int{a, b} {
			row[j] = []float64{250, 150, 200, 1e10}[j]
		}
		e := explain(t, m, mat.NewDense(1, 4, row), 0)
		require.True(t, e.Verdict.Anomalous)
		names := dataset.HostMetrics()
		require.ElementsMatch(t, []string{names[a], names[b]}, []string{e.Contributions[0].Metric, e.Contributions[1].Metric}, "row %d: %v", r, e)
		if e.Pair[0] == "" {
			continue // one alone clears it
		}
		require.ElementsMatch(t, []string{names[a], names[b]}, e.Pair[:], "row %d", r)
		require.True(t, math.IsNaN(e.Clears))
		require.Contains(t, e.String(), e.Pair[0]+" and "+e.Pair[1]+" together")
	}
	far := append([]float64(nil), x.RawRowView(0)...)
	far[0], far[3] = 100, 1e12
	e := explain(t, m, mat.NewDense(1, 4, far), 0)
	require.ElementsMatch(t, []string{"cpu", "net_in"}, e.Pair[:])
}

func TestSentences(t *testing.T) {
	m := metricsModel(t)
	x := host(50, 8, false)
	ordinary := explain(t, m, x, 0)
	require.False(t, ordinary.Verdict.Anomalous)
	require.Regexp(t, `^not anomalous \(energy -?[0-9.]+, threshold -?[0-9.]+\)$`, ordinary.String())

	x.Set(1, 0, 400)
	require.Regexp(t, `^cpu is 400, expected [0-9.]+ to [0-9.]+$`, explain(t, m, x, 1).String())

	x.Set(2, 3, 9.87654321e9)
	require.Regexp(t, `^net_in is 9876543210, expected [0-9]+ to [0-9]+$`, explain(t, m, x, 2).String())

	// All metrics but one show a busy host.
	y, faults := injected(t, dataset.BrokenCorrelation, 9, true)
	usual := 0
	for _, f := range faults {
		if e := explain(t, m, y, f.Start); e.Verdict.Anomalous && e.Contributions[0].Conditional {
			require.Regexp(t, fmt.Sprintf(`^%s is [0-9.]+, expected [0-9.]+ to [0-9.]+`, e.Contributions[0].Metric), e.String())
			if c := e.Contributions[0]; c.Value > c.Low && c.Value < c.High {
				t.Fatalf("%v: within its range", e)
			}
			if regexpWithOthers(e.String()) {
				usual++
			}
		}
	}
	require.Greater(t, usual, len(faults)/2, "values that are unusual only beside the others")

	all := []float64{99.9, 99.9, 99.9, 1e12}
	require.Regexp(t, `^\w+ and \w+ together: \w+ is |^\w+ is [0-9.e+]+, usually `, explain(t, m, mat.NewDense(1, 4, all), 0).String())
}

func regexpWithOthers(s string) bool {
	return strings.HasSuffix(s, " with the other metrics as they are; alone it would be usual")
}

// A row that Series refuses gives no context to an explanation either.
func TestExplanationRefusesInfiniteContext(t *testing.T) {
	x := host(30, 8, true)
	x.Set(10, 2, math.Inf(1))
	x.Set(11, 2, math.NaN())
	_, err := seriesModel(t).ExplainSeries(x, 20)
	require.ErrorIs(t, err, dagmm.ErrNotFinite)
	require.ErrorContains(t, err, "row 10")
	_, err = seriesModel(t).ExplainSeries(x, 10)
	require.ErrorIs(t, err, dagmm.ErrNotFinite)
	_, err = metricsModel(t).ExplainSeries(x, 20)
	require.NoError(t, err, "without context the other rows do not matter")
	x.Set(10, 2, math.NaN())
	_, err = seriesModel(t).ExplainSeries(x, 20)
	require.NoError(t, err, "missing is not infinite")
}

// Context: a value that is ordinary on the whole but not after what came before.
func TestExplanationUsesTheContext(t *testing.T) {
	m := seriesModel(t)
	x := host(300, 8, true)
	rng := rand.New(rand.NewPCG(1, 1))
	s := m.Stream()
	for r := range 300 {
		row := append([]float64(nil), x.RawRowView(r)...)
		if r%50 == 49 {
			row[rng.IntN(3)] += 40
			x.SetRow(r, row)
		}
		v, err := s.Next(row)
		require.NoError(t, err)
		if r%50 != 49 {
			continue
		}
		got, err := s.Explain()
		require.NoError(t, err)
		want := explain(t, m, x, r)
		require.Equal(t, v, got.Verdict)
		require.Equal(t, want.Contributions, got.Contributions, "Stream explains as ExplainSeries does")
		require.Equal(t, want.String(), got.String())
	}
}
