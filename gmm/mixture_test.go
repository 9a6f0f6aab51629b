package gmm

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

func rng(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// randomMixture returns a mixture with well-conditioned random covariances.
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
		t.Run(name, func(t *testing.T) {
			_, err := f()
			require.ErrorContains(t, err, "gmm: ")
		})
	}
}
