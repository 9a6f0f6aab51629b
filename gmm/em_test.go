package gmm

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distmv"
)

// sample draws n rows from m.
func sample(m *Mixture, n int, r *rand.Rand) *mat.Dense {
	x := mat.NewDense(n, m.Dim(), nil)
	for i := range n {
		u, k := r.Float64(), 0
		for ; k < m.Components()-1 && u >= m.Weight(k); k++ {
			u -= m.Weight(k)
		}
		g, _ := distmv.NewNormal(m.Mean(nil, k), m.Covariance(k), r)
		x.SetRow(i, g.Rand(nil))
	}
	return x
}

func TestFitRecoversAMixture(t *testing.T) {
	truth, err := NewMixture([]float64{.3, .7}, mat.NewDense(2, 2, []float64{-4, 0, 4, 1}),
		[]*mat.SymDense{mat.NewSymDense(2, []float64{1, .8, .8, 1}), mat.NewSymDense(2, []float64{2, 0, 0, .5})})
	require.NoError(t, err)
	x := sample(truth, 4000, rng(6))
	m, res, err := Fit(x, FitConfig{Seed: 1})
	require.NoError(t, err)
	require.True(t, res.Converged)
	for i := 1; i < len(res.Energy); i++ {
		require.LessOrEqual(t, res.Energy[i], res.Energy[i-1]+1e-9, "EM without trimming never raises the mean energy")
	}
	small := 0
	if m.Weight(1) < m.Weight(0) {
		small = 1
	}
	require.InDelta(t, .3, m.Weight(small), .03)
	require.InDeltaSlice(t, []float64{-4, 0}, m.Mean(nil, small), .15)
	require.InDelta(t, .8, m.Covariance(small).At(0, 1), .12)
	again, _, err := Fit(x, FitConfig{Seed: 1})
	require.NoError(t, err)
	require.Equal(t, m, again, "the same seed gives the same bits")
}

func TestTrimmedFitIgnoresContamination(t *testing.T) {
	r := rng(7)
	x := mat.NewDense(1000, 2, nil)
	for i := range 1000 {
		x.SetRow(i, []float64{r.NormFloat64(), r.NormFloat64()})
		if i < 40 {
			x.SetRow(i, []float64{8 + 3*r.NormFloat64(), -8 + 3*r.NormFloat64()})
		}
	}
	plain, _, err := Fit(x, FitConfig{Components: 1})
	require.NoError(t, err)
	trimmed, _, err := Fit(x, FitConfig{Components: 1, Trim: .05})
	require.NoError(t, err)
	require.Greater(t, plain.Covariance(0).At(0, 0), 2.)
	require.InDelta(t, 1, trimmed.Covariance(0).At(0, 0), .2)
	require.Greater(t, trimmed.Energy([]float64{6, -6}), 2*plain.Energy([]float64{6, -6}))
}

func TestFitSurvivesDegenerateRows(t *testing.T) {
	same := mat.NewDense(50, 3, nil)
	for i := range 50 {
		same.SetRow(i, []float64{1e12, 1e-6, 0})
	}
	m, _, err := Fit(same, FitConfig{Components: 3})
	require.NoError(t, err)
	require.False(t, math.IsNaN(m.Energy([]float64{1e12, 1e-6, 0})))
	for name, f := range map[string]func() error{
		"NaN": func() error {
			_, _, err := Fit(mat.NewDense(3, 1, []float64{1, math.NaN(), 2}), FitConfig{})
			return err
		},
		"few rows": func() error { _, _, err := Fit(mat.NewDense(1, 1, nil), FitConfig{}); return err },
		"trim":     func() error { _, _, err := Fit(same, FitConfig{Trim: .5}); return err },
		"kind":     func() error { _, _, err := Fit(same, FitConfig{Covariance: "round"}); return err },
	} {
		t.Run(name, func(t *testing.T) { require.ErrorContains(t, f(), "gmm: fit") })
	}
}

func TestRefineLowersTheEnergy(t *testing.T) {
	truth := randomMixture(t, 2, 3, Full, rng(8))
	x := sample(truth, 800, rng(9))
	start, _, err := Fit(x, FitConfig{MaxIterations: 1})
	require.NoError(t, err)
	p := Points{Dim: 3, N: 800, Z: make([]float64, 2400)}
	for r := range 800 {
		for i := range 3 {
			p.Z[i*800+r] = x.At(r, i)
		}
	}
	fine, res, err := start.Refine(p, FitConfig{MaxIterations: 30, Ridge: -1})
	require.NoError(t, err)
	require.Less(t, res.Energy[len(res.Energy)-1], res.Energy[0])
	require.Equal(t, 2, fine.Components())
	_, _, err = start.Refine(Points{Dim: 2, N: 1, Z: []float64{1, 2}}, FitConfig{})
	require.ErrorIs(t, err, ErrShape)
}
