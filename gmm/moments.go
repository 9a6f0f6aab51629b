package gmm

import (
	"fmt"

	"github.com/metric-streams/anomaly/internal/kernel"
)

// Points is a set of N points in Dim dimensions. Coordinate i of point r is Z[i*N+r].
type Points struct {
	Dim, N int
	Z      []float64
}

// minWeight/N is the weight φ below which a component is dropped.
const minWeight = .1

// FromResponsibilities returns the mixture of the points given their memberships γ in k
// components, in one exact pass (equation 5 of the paper):
//
//	φk = Σi γik/N
//	μk = Σi γik zi / Σi γik
//	Σk = Σi γik (zi−μk)(zi−μk)ᵀ / Σi γik + ridge·I
//
// gamma holds the membership of point r in component c at c*N+r. A point whose memberships
// are all 0 is left out; the weights φ always add up to 1. A component with φ < 1/(10N) is
// dropped.
func FromResponsibilities(gamma []float64, k int, p Points, ridge float64, cov Covariance) (*Mixture, error) {
	if k <= 0 || p.N <= 0 || p.Dim <= 0 || len(gamma) != k*p.N || len(p.Z) != p.Dim*p.N {
		return nil, fmt.Errorf("gmm: %d responsibilities for %d components, %d coordinates of %d points in %d dimensions: %w",
			len(gamma), k, len(p.Z), p.N, p.Dim, ErrShape)
	}
	d := p.Dim
	m := &Mixture{dim: d}
	total := kernel.Sum(gamma)
	weighted, centred := make([]float64, p.N), make([]float64, d*p.N)
	for c := range k {
		g := gamma[c*p.N : (c+1)*p.N]
		nk := kernel.Sum(g)
		if !(nk >= minWeight*total/float64(p.N)) {
			continue
		}
		mu, sigma := componentMoments(g, nk, p, weighted, centred, cov != Diagonal)
		for i := range d {
			sigma[i*d+i] += ridge
		}
		m.phi, m.mu, m.sigma = append(m.phi, nk), append(m.mu, mu...), append(m.sigma, sigma...)
	}
	kept := kernel.Sum(m.phi)
	for c := range m.phi {
		m.phi[c] /= kept
	}
	if len(m.phi) == 0 {
		return nil, fmt.Errorf("gmm: no component has any weight: %w", ErrValue)
	}
	if err := m.prepare(); err != nil {
		return nil, err
	}
	return m, nil
}

// componentMoments returns the mean and the covariance of the points weighted by g, whose
// sum is nk. weighted and centred are buffers.
func componentMoments(g []float64, nk float64, p Points, weighted, centred []float64, full bool) (mu, sigma []float64) {
	d, n := p.Dim, p.N
	mu, sigma = make([]float64, d), make([]float64, d*d)
	kernel.Dots(mu, g, p.Z, 1, d, n)
	for i := range d {
		mu[i] /= nk
		kernel.Shift(centred[i*n:i*n+n], p.Z[i*n:], mu[i])
	}
	for i := range d {
		ci := centred[i*n : i*n+n]
		kernel.Mul(weighted[:n], g, ci)
		sigma[i*d+i] = kernel.Dot(weighted[:n], ci) / nk
		if !full {
			continue
		}
		kernel.Dots(sigma[i*d:i*d+i], weighted, centred, 1, i, n)
		for j := range i {
			sigma[i*d+j] /= nk
			sigma[j*d+i] = sigma[i*d+j]
		}
	}
	return mu, sigma
}
