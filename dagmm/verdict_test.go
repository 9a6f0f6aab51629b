package dagmm_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/train"
)

// The threshold is a quantile of the training energies: exactly ⌊(1−q)·n⌋ rows lie above it.
func TestThresholdLeavesItsShareAbove(t *testing.T) {
	for _, n := range []int{100, 250, 999, 1000} {
		for _, q := range []float64{.9, .95, .99, .999} {
			cfg := small(train.Metrics())
			cfg.Optimizer.MinSteps, cfg.Members, cfg.Quantile = 5, 1, q
			x := host(n, 4, false)
			m := fit(t, x, cfg)
			require.Equal(t, q, m.Quantile())
			e, err := m.Energies(nil, x)
			require.NoError(t, err)
			above := 0
			for _, v := range e {
				if v > m.Threshold() {
					above++
				}
			}
			require.Equal(t, int(float64(n)*(1-q)+1e-9), above, "%d rows, quantile %g", n, q)
			require.Contains(t, e, m.Threshold(), "an energy of a training row")
		}
	}
}

func TestThresholdCountsSeriesTheSameWay(t *testing.T) {
	x := host(1000, 1, true)
	e, err := seriesModel(t).Series(nil, x)
	require.NoError(t, err)
	above := 0
	for _, v := range e {
		if v > seriesModel(t).Threshold() {
			above++
		}
	}
	require.Equal(t, 10, above)
}

// Over fresh ordinary rows a p-value is below q with a frequency of about q. Both the
// calibration rows and the fresh ones are random: 4 standard deviations of both together.
func TestPValuesAreCalibrated(t *testing.T) {
	const n, fresh = 1000, 4000
	cfg := small(train.Metrics())
	cfg.Quantile = .99
	m := fit(t, host(n, 21, false), cfg)
	e, err := m.Energies(nil, host(fresh, 22, false))
	require.NoError(t, err)
	for _, q := range []float64{.2, .1, .05, .01} {
		below := 0
		for _, v := range e {
			p := m.PValue(v)
			require.GreaterOrEqual(t, p, 1./(n+1))
			require.LessOrEqual(t, p, 1.)
			if p < q {
				below++
			}
		}
		sd := math.Sqrt(q * (1 - q) * (1./fresh + 1./n))
		require.InDelta(t, q, float64(below)/fresh, 4*sd, "share of p-values below %g", q)
	}
}

func TestPValueFallsWithTheEnergy(t *testing.T) {
	for name, m := range everyModel(t) {
		training := m.TrainingEnergies()
		require.True(t, slices.IsSorted(training), name)
		rapid.Check(t, func(t *rapid.T) {
			a, b := rapid.Float64().Draw(t, "a"), rapid.Float64().Draw(t, "b")
			if a > b {
				a, b = b, a
			}
			if m.PValue(a) < m.PValue(b) {
				t.Fatalf("%s: p(%g) = %g, p(%g) = %g", name, a, m.PValue(a), b, m.PValue(b))
			}
		})
		n := float64(len(training))
		require.Equal(t, 1/(n+1), m.PValue(math.MaxFloat64))
		require.Equal(t, 1., m.PValue(-math.MaxFloat64))
		require.Equal(t, 2/(n+1), m.PValue(training[len(training)-1]), "an energy equal to the highest")
		require.True(t, math.IsNaN(m.PValue(math.NaN())))
		training[0] = math.Inf(1)
		require.False(t, math.IsInf(m.TrainingEnergies()[0], 1), "a copy")
	}
}

// Thinning keeps the tail exactly and is cautious in between.
func TestThinnedCalibration(t *testing.T) {
	const n = 20_000
	all := make([]float64, n)
	for i := range all {
		all[(i*7919)%n] = float64(i)
	}
	c := dagmm.NewCalibration(all)
	require.Equal(t, n, c.N)
	require.LessOrEqual(t, len(c.Energies), 2000)
	m := withCalibration(t, c)
	for _, e := range []float64{-1, 0, .5, 3, 100.5, 5000, 12345.6, 18_999, 19_000, 19_500.5, 19_999, 30_000} {
		exact := (1 + math.Max(0, math.Min(n, n-math.Ceil(e)))) / (n + 1)
		if e >= 19_000 {
			require.Equal(t, exact, m.PValue(e), "energy %g", e)
		}
		require.GreaterOrEqual(t, m.PValue(e), exact, "energy %g", e)
		require.LessOrEqual(t, m.PValue(e), exact+20./n, "energy %g", e)
	}
}

// An affine change of the metrics' units before training leaves the flags alone.
func TestUnitsDoNotMatter(t *testing.T) {
	x, fresh := host(600, 5, false), host(400, 6, false)
	for r := range 20 { // something to flag
		fresh.Set(r*20, r%4, 3*fresh.At(r*20, r%4))
	}
	cfg := small(train.Metrics())
	want, threshold := flags(t, fit(t, x, cfg), fresh)
	for name, unit := range map[string]func(j int, v float64) float64{
		"bytes to bits, percent to shares": func(j int, v float64) float64 { return v * []float64{.01, .01, 8, .125}[j] },
		"celsius to fahrenheit":            func(_ int, v float64) float64 { return 32 + 1.8*v },
		"1e12 beside 1e-6":                 func(j int, v float64) float64 { return v * []float64{1e12, 1e-6, 1, 1e-3}[j] },
	} {
		t.Run(name, func(t *testing.T) {
			change := func(x *mat.Dense) *mat.Dense {
				y := mat.DenseCopyOf(x)
				y.Apply(func(_, j int, v float64) float64 { return unit(j, v) }, y)
				return y
			}
			got, other := flags(t, fit(t, change(x), cfg), change(fresh))
			require.InDelta(t, threshold, other, 1e-3, name)
			require.Equal(t, want, got, name)
		})
	}
}

func flags(t testing.TB, m *dagmm.Model, x mat.Matrix) (rows []int, threshold float64) {
	e, err := m.Energies(nil, x)
	require.NoError(t, err)
	for r, v := range e {
		if v > m.Threshold() {
			rows = append(rows, r)
		}
	}
	return rows, m.Threshold()
}

// Another calibration moves the p-values and the threshold, and no energy.
func TestModelWithAnotherCalibration(t *testing.T) {
	cfg := small(train.Metrics())
	x := host(200, 4, false)
	m := fit(t, x, cfg)
	energies, err := m.Energies(nil, x)
	require.NoError(t, err)
	half := energies[:len(energies)/2]
	other, err := m.WithCalibration(dagmm.NewCalibration(half))
	require.NoError(t, err)
	require.Equal(t, m.Parameters().Prototypes, other.Parameters().Prototypes)
	same, err := other.Energies(nil, x)
	require.NoError(t, err)
	require.Equal(t, energies, same)
	require.Equal(t, dagmm.NewCalibration(half), other.Calibration())
	require.Equal(t, other.Calibration().Quantile(m.Quantile()), other.Threshold())
	require.Equal(t, 1/float64(len(half)+1), other.PValue(1e9))
	require.NotEqual(t, m.Calibration(), other.Calibration(), "the model itself stays")

	for _, energies := range [][]float64{nil, {1, math.NaN()}, {1, math.Inf(1)}} {
		_, err := m.WithCalibration(dagmm.NewCalibration(energies))
		require.ErrorIs(t, err, dagmm.ErrModel, "%v", energies)
	}
}
