package dagmm_test

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/train"
)

func TestEnergiesAreThoseOfTheRows(t *testing.T) {
	x := host(300, 2, false)
	for name, m := range everyModel(t) {
		if m.HasContext() {
			continue
		}
		want, err := m.Energies(nil, x)
		require.NoError(t, err)
		for r := range want {
			e, err := m.Energy(x.RawRowView(r))
			require.NoError(t, err)
			equalBits(t, want[r:r+1], []float64{e}, name)
			v, err := m.Detect(x.RawRowView(r))
			require.NoError(t, err)
			require.Equal(t, dagmm.Verdict{Energy: e, Threshold: m.Threshold(), PValue: m.PValue(e), Anomalous: e > m.Threshold()}, v)
		}
	}
}

// hidden is a matrix of which nothing but the interface is known.
type hidden struct{ mat.Matrix }

func TestAnyMatrixWillDo(t *testing.T) {
	x := host(200, 2, true)
	wide := mat.NewDense(220, 9, nil)
	wide.Slice(7, 207, 3, 7).(*mat.Dense).Copy(x)
	for name, m := range everyModel(t) {
		want, err := m.Series(nil, x)
		require.NoError(t, err)
		for kind, same := range map[string]mat.Matrix{"view": wide.Slice(7, 207, 3, 7), "transpose": mat.DenseCopyOf(x.T()).T(), "other": hidden{x}} {
			got, err := m.Series(nil, same)
			require.NoError(t, err)
			equalBits(t, want, got, name+" of a "+kind)
			a, err := m.ExplainSeries(x, 150)
			require.NoError(t, err)
			b, err := m.ExplainSeries(same, 150)
			require.NoError(t, err)
			require.Equal(t, a.Contributions, b.Contributions)
		}
	}
}

func TestOrderOfRowsIsIrrelevantWithoutContext(t *testing.T) {
	m, x := metricsModel(t), host(150, 2, false)
	want, err := m.Energies(nil, x)
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.SliceOfN(rapid.IntRange(0, 149), 1, 200).Draw(t, "order")
		y := mat.NewDense(len(order), 4, nil)
		for i, r := range order {
			y.SetRow(i, x.RawRowView(r))
		}
		got, err := m.Energies(nil, y)
		require.NoError(t, err)
		for i, r := range order {
			require.Equal(t, want[r], got[i])
		}
	})
}

func TestOrderOfRowsMattersWithContext(t *testing.T) {
	m, x := seriesModel(t), host(50, 2, true)
	forward, err := m.Series(nil, x)
	require.NoError(t, err)
	turned := mat.NewDense(50, 4, nil)
	for i := range 50 {
		turned.SetRow(i, x.RawRowView(49-i))
	}
	backward, err := m.Series(nil, turned)
	require.NoError(t, err)
	require.NotEqual(t, forward[25], backward[24])
}

func TestSeriesEqualsStream(t *testing.T) {
	x := host(200, 2, true)
	for name, m := range everyModel(t) {
		rapid.Check(t, func(t *rapid.T) {
			n := rapid.IntRange(1, 200).Draw(t, "rows")
			share := rapid.SampledFrom([]float64{0, .02, .3, 1}).Draw(t, "missing")
			y := gaps(x.Slice(0, n, 0, 4).(*mat.Dense), share, rapid.Uint64().Draw(t, "seed"))
			want, err := m.Series(nil, y)
			require.NoError(t, err)
			s := m.Stream()
			for r := range n {
				v, err := s.Next(y.RawRowView(r))
				require.NoError(t, err)
				if math.Float64bits(want[r]) != math.Float64bits(v.Energy) {
					t.Fatalf("%s, row %d: Series %v, Stream %v", name, r, want[r], v.Energy)
				}
				if v.Anomalous != (v.Energy > m.Threshold()) || math.IsNaN(v.Energy) != math.IsNaN(v.PValue) {
					t.Fatalf("%s, row %d: %+v", name, r, v)
				}
			}
		})
	}
}

func TestSeriesWithoutContextEqualsEnergies(t *testing.T) {
	m, x := metricsModel(t), gaps(host(300, 2, true), .05, 1)
	energies, err := m.Energies(nil, x)
	require.NoError(t, err)
	series, err := m.Series(nil, x)
	require.NoError(t, err)
	equalBits(t, energies, series, "series")
	for r, e := range energies {
		missing := false
		for _, v := range x.RawRowView(r) {
			missing = missing || math.IsNaN(v)
		}
		require.Equal(t, missing, math.IsNaN(e), "row %d", r)
	}
}

// A missing value must not change what the other rows' context says about their own metric.
func TestGapLeavesTheOtherMetricsContext(t *testing.T) {
	m, x := seriesModel(t), host(100, 2, true)
	want, err := m.Series(nil, x)
	require.NoError(t, err)
	holed := mat.DenseCopyOf(x)
	holed.Set(40, 1, math.NaN())
	got, err := m.Series(nil, holed)
	require.NoError(t, err)
	equalBits(t, want[:40], got[:40], "before the gap")
	require.True(t, math.IsNaN(got[40]))
	for r := 41; r < 100; r++ {
		require.False(t, math.IsNaN(got[r]), "row %d", r)
	}
	require.InDelta(t, want[99], got[99], 1.5, "the gap is forgotten")
}

func TestManyRowsOnSeveralCores(t *testing.T) {
	x := gaps(host(5000, 2, false), .01, 2)
	for name, m := range map[string]*dagmm.Model{"metrics": metricsModel(t), "series": seriesModel(t)} {
		t.Run(name, func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			want, err := m.Series(nil, x)
			require.NoError(t, err)
			for _, procs := range []int{2, 7} {
				runtime.GOMAXPROCS(procs)
				got, err := m.Series(nil, x)
				require.NoError(t, err)
				equalBits(t, want, got, "energies")
			}
		})
	}
}

func TestDestination(t *testing.T) {
	x := host(20, 2, true)
	for name, m := range map[string]*dagmm.Model{"metrics": metricsModel(t), "series": seriesModel(t)} {
		t.Run(name, func(t *testing.T) {
			dst := make([]float64, 20)
			got, err := m.Series(dst, x)
			require.NoError(t, err)
			require.Same(t, &dst[0], &got[0], "dst is reused")
			before := append([]float64(nil), dst...)

			_, err = m.Series(dst[:19], x)
			require.ErrorIs(t, err, dagmm.ErrWidth)
			require.ErrorContains(t, err, "19 energies asked for, 20 rows given", name)
			y := mat.DenseCopyOf(x)
			y.Set(13, 2, math.Inf(-1))
			_, err = m.Series(dst, y)
			require.ErrorIs(t, err, dagmm.ErrNotFinite)
			require.ErrorContains(t, err, "row 13, column 2 (disk) is -Inf")
			require.Equal(t, before, dst, "unchanged on error")
		})
	}
}

func TestRowsThatCannotBeScored(t *testing.T) {
	m, s := metricsModel(t), seriesModel(t)
	good := host(1, 2, false).RawRowView(0)
	bad := func(j int, v float64) []float64 {
		r := append([]float64(nil), good...)
		r[j] = v
		return r
	}
	calls := map[string]func(x []float64) error{
		"energy":  func(x []float64) error { _, err := m.Energy(x); return err },
		"detect":  func(x []float64) error { _, err := m.Detect(x); return err },
		"explain": func(x []float64) error { _, err := m.Explain(nil, x); return err },
		"stream":  func(x []float64) error { _, err := s.Stream().Next(x); return err },
	}
	for name, call := range calls {
		for _, r := range [][]float64{nil, {}, good[:3], append(bad(0, 1), 1)} {
			err := call(r)
			require.ErrorIs(t, err, dagmm.ErrWidth, name)
			require.ErrorContains(t, err, "model of 4 columns")
		}
		err := call(bad(3, math.Inf(1)))
		require.ErrorIs(t, err, dagmm.ErrNotFinite, name)
		require.ErrorContains(t, err, "column 3 (net_in) is +Inf")
		if err := call(bad(1, math.NaN())); name == "stream" {
			require.NoError(t, err, "missing")
		} else {
			require.ErrorIs(t, err, dagmm.ErrNotFinite, name)
			require.ErrorContains(t, err, "column 1 (mem) is NaN")
		}
	}
	for _, x := range []mat.Matrix{&mat.Dense{}, mat.NewDense(3, 3, nil), mat.NewDense(3, 5, nil), mat.NewVecDense(4, nil)} {
		_, err := m.Energies(nil, x)
		require.ErrorIs(t, err, dagmm.ErrWidth)
		_, err = s.Series(nil, x)
		require.ErrorIs(t, err, dagmm.ErrWidth)
		_, err = s.ExplainSeries(x, 0)
		require.ErrorIs(t, err, dagmm.ErrWidth)
	}
	for _, row := range []int{-1, 10, math.MaxInt} {
		_, err := s.ExplainSeries(host(10, 2, true), row)
		require.ErrorContains(t, err, "dagmm: explain: row ")
	}
}

// A stream goes on after an error as if the sample had not come.
func TestStreamSurvivesABadSample(t *testing.T) {
	m, x := seriesModel(t), host(60, 2, true)
	want, err := m.Series(nil, x)
	require.NoError(t, err)
	s := m.Stream()
	_, err = s.Explain()
	require.Error(t, err, "nothing to explain yet")
	for r := range 60 {
		_, err := s.Next([]float64{1, 2, math.Inf(1), 4})
		require.Error(t, err)
		_, err = s.Next([]float64{1})
		require.Error(t, err)
		v, err := s.Next(x.RawRowView(r))
		require.NoError(t, err)
		require.Equal(t, want[r], v.Energy)
	}
}

func TestSingleRowsNeedAModelWithoutContext(t *testing.T) {
	m := seriesModel(t)
	row := host(1, 2, true)
	_, err := m.Energy(row.RawRowView(0))
	require.ErrorIs(t, err, dagmm.ErrContext)
	require.ErrorContains(t, err, "Series")
	require.ErrorContains(t, err, "Stream")
	_, err = m.Energies(nil, row)
	require.ErrorIs(t, err, dagmm.ErrContext)
	_, err = m.Detect(row.RawRowView(0))
	require.ErrorIs(t, err, dagmm.ErrContext)
	_, err = m.Explain(nil, row.RawRowView(0))
	require.ErrorIs(t, err, dagmm.ErrContext)
}

// Whatever the finite values of a row, its energy is finite, and so is all of its explanation.
func TestExtremeRowsHaveFiniteEnergies(t *testing.T) {
	value := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, 1, -1, 1e12, 1e-12, 1e150, -1e155, 1e300, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64}))
	for name, m := range everyModel(t) {
		rapid.Check(t, func(t *rapid.T) {
			s := m.Stream()
			for range rapid.IntRange(1, 4).Draw(t, "rows") {
				row := []float64{value.Draw(t, "cpu"), value.Draw(t, "mem"), value.Draw(t, "disk"), value.Draw(t, "net")}
				v, err := s.Next(row)
				require.NoError(t, err)
				if math.IsNaN(v.Energy) || math.IsInf(v.Energy, 0) || !(v.PValue > 0 && v.PValue <= 1) {
					t.Fatalf("%s: %+v", name, v)
				}
			}
			e, err := s.Explain()
			require.NoError(t, err)
			var sum float64
			for _, c := range e.Contributions {
				sum += c.Share
				if math.IsNaN(c.Low) || math.IsNaN(c.High) || !(c.Share >= 0 && c.Share <= 1) {
					t.Fatalf("%s: %+v", name, c)
				}
			}
			if math.Abs(sum-1) > 1e-9 || e.String() == "" {
				t.Fatalf("%s: shares sum to %g", name, sum)
			}
		})
	}
}

// Strong anomalies do not saturate: ten times farther is more abnormal still.
func TestEnergyGrowsWithDistance(t *testing.T) {
	for name, m := range everyModel(t) {
		if name == "paper" {
			continue // its two features forget how far out a row is
		}
		x := host(30, 2, true)
		last := math.Inf(-1)
		for _, cpu := range []float64{200, 2e3, 2e4, 2e6, 2e9, 2e15, 2e30} {
			x.Set(29, 0, cpu)
			e, err := m.Series(nil, x)
			require.NoError(t, err)
			require.Greater(t, e[29], last, "%s: CPU %g", name, cpu)
			require.Greater(t, e[29], m.Threshold())
			last = e[29]
		}
	}
}

func TestEnergyDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	wide := mat.NewDense(300, 80, nil)
	rng := rand.New(rand.NewPCG(1, 1))
	wide.Apply(func(_, _ int, _ float64) float64 { return rng.NormFloat64() }, wide)
	manyComponents := small(train.Metrics())
	manyComponents.Mixture.Components, manyComponents.Optimizer.MinSteps = 20, 20
	quick := small(train.Metrics())
	quick.Optimizer.MinSteps = 20
	for name, c := range map[string]struct {
		m   *dagmm.Model
		row []float64
	}{
		"metrics":         {metricsModel(t), host(1, 2, false).RawRowView(0)},
		"paper":           {paperModel(t), host(1, 2, false).RawRowView(0)},
		"80 metrics":      {fit(t, wide, quick), wide.RawRowView(0)},
		"20 components":   {fit(t, host(1000, 1, false), manyComponents), host(1, 2, false).RawRowView(0)},
		"constant metric": {fit(t, withConstants(host(300, 1, false)), quick), withConstants(host(1, 2, false)).RawRowView(0)},
	} {
		t.Run(name, func(t *testing.T) {
			require.Zero(t, testing.AllocsPerRun(200, func() {
				if _, err := c.m.Energy(c.row); err != nil {
					t.Fatal(err)
				}
			}), name)
		})
	}
	s, row := seriesModel(t).Stream(), host(1, 2, true).RawRowView(0)
	_, err := s.Next(row)
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(200, func() { _, _ = s.Next(row) }), "stream")
}

func TestConcurrentUse(t *testing.T) {
	m, s, x := metricsModel(t), seriesModel(t), host(64, 2, true)
	energies, err := m.Energies(nil, x)
	require.NoError(t, err)
	series, err := s.Series(nil, x)
	require.NoError(t, err)
	explained, err := m.Explain(nil, x.RawRowView(5))
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			stream := s.Stream()
			for r := range 64 {
				e, err := m.Energy(x.RawRowView(r))
				if err != nil || e != energies[r] {
					t.Errorf("row %d: %g, %v", r, e, err)
				}
				v, err := stream.Next(x.RawRowView(r))
				if err != nil || v.Energy != series[r] {
					t.Errorf("row %d: %+v, %v", r, v, err)
				}
			}
			if got, err := m.Energies(nil, x); err != nil || got[9] != energies[9] {
				t.Errorf("energies: %v", err)
			}
			if got, err := m.Explain(nil, x.RawRowView(5)); err != nil || got[0] != explained[0] {
				t.Errorf("explain: %v", err)
			}
		}()
	}
	wg.Wait()
}
