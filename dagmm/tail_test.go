package dagmm

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func draws(n int, seed uint64, draw func(*rand.Rand) float64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 1))
	out := make([]float64, n)
	for i := range out {
		out[i] = draw(rng)
	}
	return out
}

// chiSquare is what energies of Gaussian rows look like.
func chiSquare(rng *rand.Rand) float64 {
	var sum float64
	for range 4 {
		z := rng.NormFloat64()
		sum += z * z / 2
	}
	return sum
}

// heavy has the tail index 3 of a generalised Pareto distribution of shape 1/3.
func heavy(rng *rand.Rand) float64 { return math.Pow(rng.Float64(), -1./3) }

// tails are the distributions of energies that coverage is tested on, with the share of
// rows beyond an energy.
var tails = map[string]struct {
	draw     func(*rand.Rand) float64
	survival func(float64) float64
}{
	"chi-square": {chiSquare, func(e float64) float64 { return math.Exp(-e) * (1 + e) }},
	"heavy":      {heavy, func(e float64) float64 { return math.Pow(max(e, 1), -3) }},
}

// coverage is the exact share of ordinary rows with p ≤ q, by bisection: p never rises.
func coverage(tail *Tail, q float64, survival func(float64) float64) float64 {
	low, high := 0., 1e9
	for range 60 {
		if e := (low + high) / 2; tail.PValue(e) <= q {
			high = e
		} else {
			low = e
		}
	}
	return survival(high)
}

// The share of ordinary rows with p ≤ q is k/(n+1), k = ⌊q·(n+1)⌋, on average over
// calibrations of n rows: that of one follows the Beta distribution with k and n+1−k
// (Vovk, Conditional validity of inductive conformal predictors, 2012). Held to 4 standard
// errors of the mean, which at 1/n is a fifth of q.
func TestTailCoverage(t *testing.T) {
	const calibrations = 400
	for name, d := range tails {
		for _, n := range []int{200, 1000, 3000, 6000} {
			qs := []float64{.05, .01, max(.001, 1/float64(n)), 1 / float64(n)}
			sums := make([]float64, len(qs))
			for seed := range uint64(calibrations) {
				tail := NewTail(NewCalibration(draws(n, seed, d.draw)))
				for i, q := range qs {
					sums[i] += coverage(tail, q, d.survival)
				}
			}
			for i, q := range qs {
				want := math.Floor(q*float64(n+1)) / float64(n+1)
				sd := math.Sqrt(want * (1 - want) / float64(n+2))
				thinned := 0.
				if n > keptTail+keptBody && q > keptTail/float64(n) {
					thinned = 1. / keptBody // the larger count is the cautious one
				}
				require.InDelta(t, want-thinned/2, sums[i]/calibrations, 4*sd/math.Sqrt(calibrations)+thinned/2, "%s, n = %d, q = %g", name, n, q)
			}
		}
	}
}

// Beyond the calibration's largest energy the fit extrapolates, and errs by a factor that
// grows with the tail it does not know.
func TestTailCoverageBeyondTheData(t *testing.T) {
	const calibrations = 400
	for name, d := range tails {
		for n, most := range map[int]float64{3000: 6, 6000: 3} {
			var sum float64
			q := .1 / float64(n)
			for seed := range uint64(calibrations) {
				sum += coverage(NewTail(NewCalibration(draws(n, seed, d.draw))), q, d.survival)
			}
			ratio := sum / calibrations / q
			t.Logf("%s, n = %d: share of p ≤ .1/n over .1/n: %.2f", name, n, ratio)
			require.InDelta(t, (.5+most)/2, ratio, (most-.5)/2, "%s, n = %d", name, n)
		}
	}
}

// Far out the fit stays within a factor, where the conformal p-value stops at 1/n.
func TestTailReachesBeyondTheData(t *testing.T) {
	tail := NewTail(NewCalibration(draws(20000, 3, heavy)))
	require.Equal(t, TailPareto, tail.Kind)
	for _, p := range []float64{1e-5, 1e-6} {
		e := math.Pow(p, -1./3)
		require.InDelta(t, math.Log10(p), math.Log10(tail.PValue(e)), 1, "p = %g", p)
	}
}

func TestTailDegrades(t *testing.T) {
	require.Equal(t, TailConformal, NewTail(NewCalibration(draws(2000, 1, chiSquare))).Kind)
	require.Equal(t, TailExponential, NewTail(NewCalibration(draws(3000, 1, chiSquare))).Kind)
	require.Equal(t, TailPareto, NewTail(NewCalibration(draws(6000, 1, chiSquare))).Kind)
	tied := make([]float64, 10000)
	tied[3] = 1
	require.Equal(t, TailConformal, NewTail(NewCalibration(tied)).Kind)
	one := NewTail(NewCalibration([]float64{3}))
	require.Equal(t, .5, one.PValue(4))
	require.Equal(t, 1., one.PValue(2))
	require.True(t, math.IsNaN(one.PValue(math.NaN())))
}

func TestTailNeverRises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8000).Draw(t, "n")
		draw := chiSquare
		if rapid.Bool().Draw(t, "heavy") {
			draw = heavy
		}
		tail := NewTail(NewCalibration(draws(n, rapid.Uint64().Draw(t, "seed"), draw)))
		last := 1.
		for e := -1.; e < 1e3; e += .05 + math.Abs(e)/50 {
			p := tail.PValue(e)
			require.LessOrEqual(t, p, last)
			require.Positive(t, p)
			last = p
		}
	})
}
