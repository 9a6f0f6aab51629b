package gmm

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distmv"
)

func rng(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// randomMixture has well-conditioned random covariances.
func randomMixture(t testing.TB, k, d int, cov Covariance, r *rand.Rand) *Mixture {
	phi, mu, sigma := make([]float64, k), mat.NewDense(k, d, nil), make([]*mat.SymDense, k)
	var sum float64
	for c := range phi {
		phi[c] = .2 + r.Float64()
		sum += phi[c]
		a := mat.NewDense(d, d, nil)
		for i := range d {
			mu.Set(c, i, 2*r.NormFloat64())
			for j := range d {
				if cov != Diagonal || i == j {
					a.Set(i, j, r.NormFloat64())
				}
			}
		}
		sigma[c] = mat.NewSymDense(d, nil)
		sigma[c].SymOuterK(1, a)
		for i := range d {
			sigma[c].SetSym(i, i, sigma[c].At(i, i)+.1)
		}
	}
	for c := range phi {
		phi[c] /= sum
	}
	m, err := NewMixture(phi, mu, sigma)
	require.NoError(t, err)
	return m
}

func TestEnergyAgainstDistmv(t *testing.T) {
	r := rng(1)
	for _, d := range []int{1, 2, 5, 9, 70} {
		for _, k := range []int{1, 2, 4} {
			for _, cov := range []Covariance{Full, Diagonal} {
				m := randomMixture(t, k, d, cov, r)
				for range 20 {
					z := make([]float64, d)
					for i := range z {
						z[i] = 3 * r.NormFloat64()
					}
					logs := make([]float64, k)
					for c := range k {
						n, ok := distmv.NewNormal(m.Mean(nil, c), m.Covariance(c), nil)
						require.True(t, ok)
						logs[c] = math.Log(m.Weight(c)) + n.LogProb(z)
					}
					want := -logSumExp(logs)
					require.InDelta(t, want, m.Energy(z), 1e-10*(1+math.Abs(want)), "d=%d K=%d %s", d, k, cov)
				}
			}
		}
	}
}

// One standard normal in two dimensions at (3, 4): ½·25 + log 2π; and half of it each
// at two places, of which one is 100 away in one dimension of variance 4.
func TestEnergyByHand(t *testing.T) {
	one, err := NewMixture([]float64{1}, mat.NewDense(1, 2, nil), []*mat.SymDense{mat.NewSymDense(2, []float64{1, 0, 0, 1})})
	require.NoError(t, err)
	require.InDelta(t, 12.5+math.Log(2*math.Pi), one.Energy([]float64{3, 4}), 1e-13)

	two, err := NewMixture([]float64{.5, .5}, mat.NewDense(2, 1, []float64{0, 100}),
		[]*mat.SymDense{mat.NewSymDense(1, []float64{4}), mat.NewSymDense(1, []float64{4})})
	require.NoError(t, err)
	require.InDelta(t, math.Log(2)+.5*math.Log(2*math.Pi*4), two.Energy([]float64{0}), 1e-13)
	// Far out the energy still grows: 1000 is 450 standard deviations from the nearer mean.
	require.InDelta(t, math.Log(2)+.5*math.Log(8*math.Pi)+.5*450*450, two.Energy([]float64{1000}), 1e-6)
}

func TestEnergyOfBlockHasTheBitsOfSingleEnergies(t *testing.T) {
	r := rng(2)
	for _, cov := range []Covariance{Full, Diagonal} {
		for _, k := range []int{1, 3, 17} {
			m := randomMixture(t, k, 6, cov, r)
			const n = 37
			z := make([]float64, 6*n)
			for i := range z {
				z[i] = r.NormFloat64()
			}
			got := m.EnergyBlock(nil, z, n, make([]float64, m.ScratchLen(n)))
			for row := range n {
				p := make([]float64, 6)
				for i := range p {
					p[i] = z[i*n+row]
				}
				require.Equal(t, m.Energy(p), got[row])
			}
		}
	}
}

func TestEnergyDoesNotAllocate(t *testing.T) {
	m := randomMixture(t, 2, 5, Full, rng(3))
	z := []float64{1, 2, 3, 4, 5}
	require.Zero(t, testing.AllocsPerRun(100, func() { m.Energy(z) }))
	require.True(t, math.IsNaN(m.Energy(z[:4])))
	require.True(t, math.IsInf(m.Energy([]float64{1e200, 0, 0, 0, 0}), 1))
}

func TestNewMixtureRejects(t *testing.T) {
	unit := mat.NewSymDense(1, []float64{1})
	for name, f := range map[string]func() (*Mixture, error){
		"no means": func() (*Mixture, error) { return NewMixture(nil, nil, nil) },
		"counts":   func() (*Mixture, error) { return NewMixture([]float64{1}, mat.NewDense(1, 1, nil), nil) },
		"weights": func() (*Mixture, error) {
			return NewMixture([]float64{.5}, mat.NewDense(1, 1, nil), []*mat.SymDense{unit})
		},
		"NaN mean": func() (*Mixture, error) {
			return NewMixture([]float64{1}, mat.NewDense(1, 1, []float64{math.NaN()}), []*mat.SymDense{unit})
		},
		"zero variance": func() (*Mixture, error) {
			return NewMixture([]float64{1}, mat.NewDense(1, 1, nil), []*mat.SymDense{mat.NewSymDense(1, nil)})
		},
		"indefinite": func() (*Mixture, error) {
			return NewMixture([]float64{1}, mat.NewDense(1, 2, nil), []*mat.SymDense{mat.NewSymDense(2, []float64{1, 2, 2, 1})})
		},
		"order": func() (*Mixture, error) {
			return NewMixture([]float64{1}, mat.NewDense(1, 2, nil), []*mat.SymDense{unit})
		},
	} {
		_, err := f()
		require.ErrorContains(t, err, "gmm: ", name)
	}
}

func TestStoredMixtureScoresTheSame(t *testing.T) {
	r := rng(4)
	for _, cov := range []Covariance{Full, Diagonal} {
		m := randomMixture(t, 3, 4, cov, r)
		text, err := json.Marshal(m)
		require.NoError(t, err)
		var back Mixture
		require.NoError(t, json.Unmarshal(text, &back))
		z := []float64{.1, -.2, .3, 4}
		require.Equal(t, m.Energy(z), back.Energy(z))
		again, err := json.Marshal(&back)
		require.NoError(t, err)
		require.Equal(t, text, again)
	}
	for _, bad := range []string{`{}`, `[]`, `{"phi":[1],"mu":[[]],"sigma":[[]]}`, `{"phi":[1],"mu":[[0,0]],"sigma":[[1]]}`,
		`{"phi":[1],"mu":[[0]],"sigma":[[-1]]}`, `{"phi":[2],"mu":[[0]],"sigma":[[1]]}`, `{"phi":[.5,.5],"mu":[[0],[0,1]],"sigma":[[1],[1]]}`} {
		var m Mixture
		require.Error(t, json.Unmarshal([]byte(bad), &m), bad)
		require.Zero(t, m.Dim(), "unchanged on error")
	}
}

func TestResponsibilities(t *testing.T) {
	m := randomMixture(t, 3, 2, Full, rng(5))
	g, err := m.Responsibilities(nil, []float64{.5, .5})
	require.NoError(t, err)
	require.InDelta(t, 1, g[0]+g[1]+g[2], 1e-12)
	_, err = m.Responsibilities(nil, []float64{1})
	require.ErrorIs(t, err, ErrShape)
}

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
		require.LessOrEqual(t, res.Energy[i], res.Energy[i-1]+1e-9, "plain EM never raises the mean energy")
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
	require.Equal(t, m, again, "same seed, same bits")
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
		require.ErrorContains(t, f(), "gmm: fit", name)
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

func TestEmptyComponentIsDropped(t *testing.T) {
	p := Points{Dim: 1, N: 4, Z: []float64{1, 2, 3, 4}}
	m, err := FromResponsibilities([]float64{1, 1, 1, 1, 0, 0, 0, 0}, 2, p, 1e-3, Full)
	require.NoError(t, err)
	require.Equal(t, 1, m.Components())
	require.InDelta(t, 2.5, m.Mean(nil, 0)[0], 1e-15)
	require.InDelta(t, 1.251, m.Covariance(0).At(0, 0), 1e-12)
	require.InDelta(t, 1, m.EffectiveComponents(), 1e-12)
}
