package gmm

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distmv"
)

func TestEnergyAgainstDistmv(t *testing.T) {
	r := rng(1)
	for _, d := range []int{1, 2, 5, 9, 70} {
		for _, k := range []int{1, 2, 4} {
			for _, cov := range []Covariance{Full, Diagonal} {
				t.Run(fmt.Sprintf("d%d/K%d/%s", d, k, cov), func(t *testing.T) {
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
						require.InDelta(t, want, m.Energy(z), 1e-10*(1+math.Abs(want)))
					}
				})
			}
		}
	}
}

// The standard normal distribution in two dimensions has the energy ½·25 + log 2π at (3, 4).
// The other mixture has two equal components of variance 4 in one dimension, 100 apart.
func TestEnergyByHand(t *testing.T) {
	one, err := NewMixture([]float64{1}, mat.NewDense(1, 2, nil), []*mat.SymDense{mat.NewSymDense(2, []float64{1, 0, 0, 1})})
	require.NoError(t, err)
	require.InDelta(t, 12.5+math.Log(2*math.Pi), one.Energy([]float64{3, 4}), 1e-13)

	two, err := NewMixture([]float64{.5, .5}, mat.NewDense(2, 1, []float64{0, 100}),
		[]*mat.SymDense{mat.NewSymDense(1, []float64{4}), mat.NewSymDense(1, []float64{4})})
	require.NoError(t, err)
	require.InDelta(t, math.Log(2)+.5*math.Log(2*math.Pi*4), two.Energy([]float64{0}), 1e-13)
	// Far away the energy still grows: 1000 is 450 standard deviations from the nearer mean.
	require.InDelta(t, math.Log(2)+.5*math.Log(8*math.Pi)+.5*450*450, two.Energy([]float64{1000}), 1e-6)
}

func TestEnergyOfBlockHasTheBitsOfSingleEnergies(t *testing.T) {
	r := rng(2)
	for _, cov := range []Covariance{Full, Diagonal} {
		for _, k := range []int{1, 3, 17} {
			t.Run(fmt.Sprintf("%s/K%d", cov, k), func(t *testing.T) {
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
			})
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

func TestResponsibilities(t *testing.T) {
	m := randomMixture(t, 3, 2, Full, rng(5))
	g, err := m.Responsibilities(nil, []float64{.5, .5})
	require.NoError(t, err)
	require.InDelta(t, 1, g[0]+g[1]+g[2], 1e-12)
	_, err = m.Responsibilities(nil, []float64{1})
	require.ErrorIs(t, err, ErrShape)
}

func TestLogDensityIsWhatTheEnergyIsMadeOf(t *testing.T) {
	r := rng(11)
	for _, cov := range []Covariance{Full, Diagonal} {
		m := randomMixture(t, 3, 4, cov, r)
		require.Equal(t, cov == Diagonal, m.Diagonal())
		z := []float64{.3, -2, 1, .5}
		logs := make([]float64, 3)
		for k := range logs {
			logw, inverse := m.LogDensity(k)
			var w mat.VecDense
			w.SubVec(mat.NewVecDense(4, z), mat.NewVecDense(4, m.Mean(nil, k)))
			w.MulVec(inverse, &w)
			logs[k] = logw - mat.Dot(&w, &w)/2
		}
		require.InDelta(t, m.Energy(z), -floats.LogSumExp(logs), 1e-12)
	}
}
