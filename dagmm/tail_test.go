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

// The share of fresh ordinary rows with p ≤ q is q, within the error of both samples.
func TestTailCoverage(t *testing.T) {
	for name, draw := range map[string]func(*rand.Rand) float64{"chi-square": chiSquare, "heavy": heavy} {
		for _, n := range []int{200, 1000, 3000, 6000, 40000} {
			tail := NewTail(NewCalibration(draws(n, 1, draw)))
			const fresh = 200000
			scores := draws(fresh, 2, draw)
			for _, q := range []float64{.05, .02, .01, .005, .002, .001, 1 / float64(n)} {
				if q < 1/float64(n) {
					continue
				}
				below := 0
				for _, e := range scores {
					if tail.PValue(e) <= q {
						below++
					}
				}
				// The calibration sample leaves an error of √(q(1−q)/n) beside the fresh one's.
				sd := math.Sqrt(q * (1 - q) * (1/float64(n) + 1./fresh))
				require.InDelta(t, q, float64(below)/fresh, 4*sd+1/float64(n), "%s, n = %d, q = %g (%s)", name, n, q, tail.Kind)
			}
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
