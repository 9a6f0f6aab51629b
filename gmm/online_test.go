package gmm_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/gmm"
)

func fitted(t *testing.T, cov gmm.Covariance, k int) (*gmm.Mixture, *rand.Rand) {
	rng := rand.New(rand.NewPCG(7, uint64(k)))
	x := mat.NewDense(3000, 3, nil)
	for r := range 3000 {
		x.SetRow(r, draw(rng, float64(r%k)*8))
	}
	m, _, err := gmm.Fit(x, gmm.FitConfig{Components: k, Covariance: cov, Ridge: 1e-3, Seed: 1, MaxIterations: 50})
	require.NoError(t, err)
	return m, rng
}

// draw returns a point in three dimensions around shift. The first two are correlated.
func draw(rng *rand.Rand, shift float64) []float64 {
	a := rng.NormFloat64()
	return []float64{shift + a, shift + a + .3*rng.NormFloat64(), rng.NormFloat64()}
}

// Points from the same distribution do not change the mixture.
func TestOnlineStaysWhenNothingChanges(t *testing.T) {
	for _, cov := range []gmm.Covariance{gmm.Full, gmm.Diagonal} {
		for _, k := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s/K%d", cov, k), func(t *testing.T) {
				m, rng := fitted(t, cov, k)
				o, err := gmm.NewOnline(m, 2000, 1e-3)
				require.NoError(t, err)
				first, err := o.Mixture()
				require.NoError(t, err)
				for c := range k {
					require.InDelta(t, m.Weight(c), first.Weight(c), 1e-12)
					require.True(t, mat.EqualApprox(m.Covariance(c), first.Covariance(c), 1e-12))
				}
				for i := range 10000 {
					require.NoError(t, o.Observe(draw(rng, float64(i%k)*8)))
				}
				after, err := o.Mixture()
				require.NoError(t, err)
				for c := range k {
					require.InDelta(t, m.Weight(c), after.Weight(c), .05)
					require.InDeltaSlice(t, m.Mean(nil, c), after.Mean(nil, c), .15)
					require.True(t, mat.EqualApprox(m.Covariance(c), after.Covariance(c), .15), "%v", mat.Formatted(after.Covariance(c)))
				}
			})
		}
	}
}

// With one component, the running moments are exponentially weighted moments of the points.
func TestOnlineIsTheWeightedMoments(t *testing.T) {
	m, rng := fitted(t, gmm.Full, 1)
	const memory, n = 50., 400
	o, err := gmm.NewOnline(m, memory, 0)
	require.NoError(t, err)
	weights, points := []float64{math.Pow(1-1/memory, n)}, [][]float64{m.Mean(nil, 0)}
	for i := range n {
		z := draw(rng, .01*float64(i))
		require.NoError(t, o.Observe(z))
		weights, points = append(weights, math.Pow(1-1/memory, float64(n-1-i))/memory), append(points, z)
	}
	got, err := o.Mixture()
	require.NoError(t, err)
	mean := make([]float64, 3)
	for i, p := range points {
		for j := range mean {
			mean[j] += weights[i] * p[j]
		}
	}
	require.InDeltaSlice(t, mean, got.Mean(nil, 0), 1e-9)
	for a := range 3 {
		for b := range 3 {
			cov := weights[0] * m.Covariance(0).At(a, b)
			for i, p := range points {
				cov += weights[i] * (p[a] - mean[a]) * (p[b] - mean[b])
			}
			require.InDelta(t, cov, got.Covariance(0).At(a, b), 1e-9)
		}
	}
}

func TestOnlineFollowsAndForgets(t *testing.T) {
	m, rng := fitted(t, gmm.Full, 1)
	o, err := gmm.NewOnline(m, 300, 1e-3)
	require.NoError(t, err)
	for i := range 4000 {
		require.NoError(t, o.Observe(draw(rng, 20*math.Min(1, float64(i)/2000))))
		if i%50 == 0 {
			_, err := o.Mixture()
			require.NoError(t, err)
		}
	}
	moved, err := o.Mixture()
	require.NoError(t, err)
	require.InDelta(t, 20, moved.Mean(nil, 0)[0], .5)
	require.Less(t, moved.Energy([]float64{20, 20, 0}), m.Energy([]float64{20, 20, 0})-50)
	require.Greater(t, moved.Energy([]float64{0, 0, 0}), m.Energy([]float64{0, 0, 0})+50)
}

func TestOnlineStateCanBeRestored(t *testing.T) {
	m, rng := fitted(t, gmm.Diagonal, 2)
	a, err := gmm.NewOnline(m, 100, 1e-3)
	require.NoError(t, err)
	for range 300 {
		require.NoError(t, a.Observe(draw(rng, 3)))
	}
	now, err := a.Mixture()
	require.NoError(t, err)
	b, err := gmm.NewOnline(m, 100, 1e-3)
	require.NoError(t, err)
	require.NoError(t, b.Continue(now, a.State()))
	for range 50 {
		z := draw(rng, 5)
		require.NoError(t, a.Observe(z))
		require.NoError(t, b.Observe(z))
	}
	require.Equal(t, a.State(), b.State())
}

func TestOnlineRefusesWrongArguments(t *testing.T) {
	m, _ := fitted(t, gmm.Full, 1)
	for name, c := range map[string][2]float64{"memory 0": {0, 0}, "memory NaN": {math.NaN(), 0}, "memory Inf": {math.Inf(1), 0}, "ridge -1": {10, -1}, "ridge NaN": {10, math.NaN()}} {
		t.Run(name, func(t *testing.T) {
			_, err := gmm.NewOnline(m, c[0], c[1])
			require.ErrorIs(t, err, gmm.ErrValue)
		})
	}
	_, err := gmm.NewOnline(nil, 10, 0)
	require.ErrorIs(t, err, gmm.ErrShape)
	o, err := gmm.NewOnline(m, 10, 0)
	require.NoError(t, err)
	before := o.State().Clone()
	require.ErrorIs(t, o.Observe([]float64{1, math.NaN(), 0}), gmm.ErrValue)
	require.ErrorIs(t, o.Observe([]float64{1}), gmm.ErrShape)
	require.ErrorIs(t, o.Continue(m, gmm.OnlineState{}), gmm.ErrShape)
	require.ErrorIs(t, o.Continue(nil, before), gmm.ErrShape)
	bad := before.Clone()
	bad.Mu[0] = math.Inf(1)
	require.ErrorIs(t, o.Continue(m, bad), gmm.ErrValue)
	require.Equal(t, before, o.State())
}
