package gmm

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// batch draws n points around two centres and soft memberships.
func batch(d, k, n int, seed uint64) (z, gamma []float64) {
	r := rng(seed)
	z, gamma = make([]float64, d*n), make([]float64, k*n)
	for i := range z {
		z[i] = r.NormFloat64() + 2*float64(i%2)
	}
	for i := range n {
		var sum float64
		for c := range k {
			gamma[c*n+i] = .05 + r.Float64()
			sum += gamma[c*n+i]
		}
		for c := range k {
			gamma[c*n+i] /= sum
		}
	}
	return z, gamma
}

func TestObjectiveIsTheMixturesMeanEnergy(t *testing.T) {
	for _, cov := range []Covariance{Full, Diagonal} {
		t.Run(string(cov), func(t *testing.T) {
			const d, k, n = 4, 3, 60
			z, gamma := batch(d, k, n, 1)
			o := Objective{Dim: d, Components: k, Covariance: cov, Ridge: 1e-3}
			energy, penalty, err := o.Forward(z, gamma, n)
			require.NoError(t, err)
			m, err := FromResponsibilities(gamma, k, Points{Dim: d, N: n, Z: z}, 1e-3, cov)
			require.NoError(t, err)
			var mean, inverse float64
			for _, e := range m.EnergyBlock(nil, z, n, make([]float64, m.ScratchLen(n))) {
				mean += e / n
			}
			for c := range k {
				for i := range d {
					inverse += 1 / m.Covariance(c).At(i, i)
				}
			}
			require.InDelta(t, mean, energy, 1e-11)
			require.InDelta(t, inverse, penalty, 1e-11)
		})
	}
}

func TestObjectiveGradients(t *testing.T) {
	for _, cov := range []Covariance{Full, Diagonal} {
		for _, k := range []int{1, 2, 4} {
			t.Run(fmt.Sprintf("%s/K%d", cov, k), func(t *testing.T) {
				const d, n, wE, wP, h = 5, 40, .7, .003, 1e-5
				o := Objective{Dim: d, Components: k, Covariance: cov, Ridge: 1e-3}
				// A larger batch first, since buffers that are too large must not matter.
				big, bigGamma := batch(d, k, 2*n, 9)
				_, _, err := o.Forward(big, bigGamma, 2*n)
				require.NoError(t, err)

				z, gamma := batch(d, k, n, uint64(k))
				loss := func() float64 {
					e, p, err := o.Forward(z, gamma, n)
					require.NoError(t, err)
					return wE*e + wP*p
				}
				loss()
				dz, dgamma := make([]float64, d*n), make([]float64, k*n)
				o.Backward(dz, dgamma, gamma, wE, wP)
				check := func(v, grad []float64) {
					var scale float64
					for _, g := range grad {
						scale = max(scale, math.Abs(g))
					}
					for i := range v {
						old := v[i]
						v[i] = old + h
						up := loss()
						v[i] = old - h
						down := loss()
						v[i] = old
						require.InDelta(t, (up-down)/(2*h), grad[i], 1e-7*scale+1e-10, "element %d", i)
					}
				}
				check(z, dz)
				check(gamma, dgamma)
			})
		}
	}
}

// Without memberships the objective goes another way, to the same values and gradients.
func TestObjectiveOfASingleComponent(t *testing.T) {
	for _, cov := range []Covariance{Full, Diagonal} {
		for _, ridge := range []float64{0, 1e-3, 2} {
			for _, d := range []int{1, 3, 9, 20} {
				const n, wE, wP = 50, .7, .003
				z, _ := batch(d, 1, n, uint64(d))
				ones := make([]float64, n)
				for i := range ones {
					ones[i] = 1
				}
				general := Objective{Dim: d, Components: 1, Covariance: cov, Ridge: ridge}
				wantEnergy, wantPenalty, err := general.Forward(z, ones, n)
				require.NoError(t, err)
				want := make([]float64, d*n)
				general.Backward(want, make([]float64, n), ones, wE, wP)

				o := Objective{Dim: d, Components: 1, Covariance: cov, Ridge: ridge}
				big, _ := batch(d, 1, 2*n, 9) // buffers that are too large must not matter
				_, _, err = o.Forward(big, nil, 2*n)
				require.NoError(t, err)
				energy, penalty, err := o.Forward(z, nil, n)
				require.NoError(t, err)
				got := make([]float64, d*n)
				o.Backward(got, nil, nil, wE, wP)
				require.InDelta(t, wantEnergy, energy, 1e-12*(1+math.Abs(wantEnergy)))
				require.InDelta(t, wantPenalty, penalty, 1e-12*wantPenalty)
				require.InDeltaSlice(t, want, got, 1e-13, "%s, ridge %g, %d dimensions", cov, ridge, d)
			}
		}
	}
}

// The samples' covariance alone gives energy, penalty and, times their differences from the mean, the
// gradient.
func TestObjectiveFromACovariance(t *testing.T) {
	for _, cov := range []Covariance{Full, Diagonal} {
		const d, n, wE, wP = 4, 50, .7, .003
		z, _ := batch(d, 1, n, 5)
		o := Objective{Dim: d, Components: 1, Covariance: cov, Ridge: 1e-3}
		wantEnergy, wantPenalty, err := o.Forward(z, nil, n)
		require.NoError(t, err)
		want := make([]float64, d*n)
		o.Backward(want, nil, nil, wE, wP)

		centred, sigma := centredRows(z, d, n)
		m := make([]float64, d*d)
		if cov == Diagonal {
			for i := range d {
				sigma[i] = sigma[i*d+i]
			}
			sigma, m = sigma[:d], m[:d]
		}
		other := Objective{Dim: d, Components: 1, Covariance: cov, Ridge: 1e-3}
		energy, penalty, err := other.ForwardCovariance(sigma, n)
		require.NoError(t, err)
		require.InDelta(t, wantEnergy, energy, 1e-12)
		require.InDelta(t, wantPenalty, penalty, 1e-12)
		other.BackwardCovariance(m, wE, wP)
		for i := range d {
			for r := range n {
				var got float64
				for j := range d {
					if cov == Full {
						got += m[i*d+j] * centred[j*n+r]
					} else if i == j {
						got += m[i] * centred[j*n+r]
					}
				}
				require.InDelta(t, want[i*n+r], got, 1e-13)
			}
		}
	}
}

// centredRows returns z (d×n) less its mean, and its covariance matrix.
func centredRows(z []float64, d, n int) (centred, sigma []float64) {
	centred, sigma = make([]float64, d*n), make([]float64, d*d)
	for i := range d {
		var mean float64
		for _, v := range z[i*n : (i+1)*n] {
			mean += v / float64(n)
		}
		for r, v := range z[i*n : (i+1)*n] {
			centred[i*n+r] = v - mean
		}
	}
	for i := range d {
		for j := range d {
			for r := range n {
				sigma[i*d+j] += centred[i*n+r] * centred[j*n+r] / float64(n)
			}
		}
	}
	return centred, sigma
}

func TestObjectiveFromACovarianceRefusesOthers(t *testing.T) {
	o := Objective{Dim: 2, Components: 1}
	_, _, err := o.ForwardCovariance([]float64{1, 1, 1, 1}, 3)
	require.ErrorIs(t, err, ErrNotPositiveDefinite)
	_, _, err = o.ForwardCovariance([]float64{1, 0, 1}, 3)
	require.ErrorIs(t, err, ErrShape)
	_, _, err = o.ForwardCovariance([]float64{1, 0, 0, 1}, 0)
	require.ErrorIs(t, err, ErrShape)
	_, _, err = (&Objective{Dim: 2, Components: 2}).ForwardCovariance([]float64{1, 0, 0, 1}, 3)
	require.ErrorIs(t, err, ErrShape)
}

func TestObjectiveSaysWhatIsSingular(t *testing.T) {
	z := []float64{1, 1, 1, 2, 2, 2}
	o := Objective{Dim: 2, Components: 1}
	_, _, err := o.Forward(z, []float64{1, 1, 1}, 3)
	require.ErrorIs(t, err, ErrNotPositiveDefinite)
	_, _, err = o.Forward(z, nil, 3)
	require.ErrorIs(t, err, ErrNotPositiveDefinite)
	_, _, err = (&Objective{Dim: 2, Components: 2}).Forward(z, nil, 3)
	require.ErrorIs(t, err, ErrShape)
	_, _, err = o.Forward(z, []float64{1}, 3)
	require.ErrorIs(t, err, ErrShape)
}
