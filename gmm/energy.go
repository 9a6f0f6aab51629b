package gmm

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/internal/kernel"
)

// maxStackComponents and maxStackDim bound what Energy keeps on its stack.
const (
	maxStackDim        = 64
	maxStackComponents = 16
)

// Energy returns −log Σk φk N(z; μk, Σk) of one point. It allocates nothing for
// d ≤ 64 and K ≤ 16; z must have Dim elements, else the result is NaN. It is +Inf
// where every density underflows even in log space (distances beyond 1e150).
func (m *Mixture) Energy(z []float64) float64 {
	if len(z) != m.dim {
		return math.NaN()
	}
	var centred [maxStackDim]float64
	var logs [maxStackComponents]float64
	if !m.fitsStack() {
		return m.EnergyBlock(nil, z, 1, make([]float64, m.ScratchLen(1)))[0]
	}
	for k := range m.phi {
		logs[k] = m.logDensity(k, z, centred[:m.dim])
	}
	return -logSumExp(logs[:len(m.phi)])
}

func (m *Mixture) fitsStack() bool { return m.dim <= maxStackDim && len(m.phi) <= maxStackComponents }

// logDensity returns log(φk N(z; μk, Σk)).
func (m *Mixture) logDensity(k int, z, centred []float64) float64 {
	d := m.dim
	mu := m.mu[k*d : k*d+d]
	for i, v := range z {
		centred[i] = v - mu[i]
	}
	var q float64
	if m.diag {
		for i, r := range m.linv[k*d : k*d+d] {
			s := float64(r * centred[i])
			q += float64(s * s)
		}
	} else {
		p := k * (d * (d + 1) / 2)
		for i := range d {
			var s float64
			for j, l := range m.linv[p : p+i+1] {
				s += float64(l * centred[j])
			}
			p += i + 1
			q += float64(s * s)
		}
	}
	return m.logw[k] - float64(.5*q)
}

// logSumExp returns log Σ exp(v); −Inf where every v is.
func logSumExp(v []float64) float64 {
	top := v[0]
	for _, x := range v[1:] {
		if x > top {
			top = x
		}
	}
	if len(v) == 1 || math.IsInf(top, -1) || math.IsNaN(top) {
		return top
	}
	var sum float64
	for _, x := range v {
		sum += math.Exp(x - top)
	}
	return top + math.Log(sum)
}

// ScratchLen is the number of float64 that EnergyBlock needs for n points.
func (m *Mixture) ScratchLen(n int) int { return (m.dim+1+len(m.phi))*n + len(m.phi) }

// EnergyBlock writes the energies of n points into dst (allocated when nil); z holds
// coordinate i of point r at i*n+r, and scratch ScratchLen(n) elements of any content.
// The same bits as Energy, point by point.
func (m *Mixture) EnergyBlock(dst, z []float64, n int, scratch []float64) []float64 {
	if dst == nil {
		dst = make([]float64, n)
	}
	if n == 1 && m.fitsStack() {
		dst[0] = m.Energy(z)
		return dst
	}
	k := len(m.phi)
	column, scratch := scratch[:k], scratch[k:]
	logs := m.logDensities(z, n, scratch)
	for r := range n {
		for c := range column {
			column[c] = logs[c*n+r]
		}
		dst[r] = -logSumExp(column)
	}
	return dst
}

// logDensities fills K×n values log(φk N(z)) in the tail of scratch.
func (m *Mixture) logDensities(z []float64, n int, scratch []float64) []float64 {
	d, k := m.dim, len(m.phi)
	centred, row, logs := scratch[:d*n], scratch[d*n:(d+1)*n], scratch[(d+1)*n:(d+1+k)*n]
	for c := range k {
		for i := range d {
			mu, zi, ci := m.mu[c*d+i], z[i*n:i*n+n], centred[i*n:i*n+n]
			for r, v := range zi {
				ci[r] = v - mu
			}
		}
		q := logs[c*n : c*n+n]
		clear(q)
		m.quadratic(c, q, row, centred, n)
		w := m.logw[c]
		for r, v := range q {
			q[r] = w - float64(.5*v)
		}
	}
	return logs
}

// quadratic adds (z−μ)ᵀΣ⁻¹(z−μ) of every point to q, given the centred points.
func (m *Mixture) quadratic(c int, q, row, centred []float64, n int) {
	d := m.dim
	p := c * (d * (d + 1) / 2)
	for i := range d {
		clear(row)
		if m.diag {
			kernel.Axpy(row, centred[i*n:i*n+n], m.linv[c*d+i])
		} else {
			for j, l := range m.linv[p : p+i+1] {
				kernel.Axpy(row, centred[j*n:j*n+n], l)
			}
			p += i + 1
		}
		for r, s := range row {
			q[r] += float64(s * s)
		}
	}
}

// Energies writes the energy of every row of x (n×d) into dst, which is allocated
// when nil and must have n elements otherwise.
func (m *Mixture) Energies(dst []float64, x mat.Matrix) ([]float64, error) {
	n, d := x.Dims()
	if d != m.dim {
		return nil, fmt.Errorf("gmm: energies of rows of width %d under a mixture in %d dimensions: %w", d, m.dim, ErrShape)
	}
	if dst == nil {
		dst = make([]float64, n)
	}
	if len(dst) != n {
		return nil, fmt.Errorf("gmm: %d energies asked for, %d rows given: %w", len(dst), n, ErrShape)
	}
	z := make([]float64, d)
	for r := range n {
		for j := range z {
			z[j] = x.At(r, j)
		}
		dst[r] = m.Energy(z)
	}
	return dst, nil
}

// Responsibilities writes the posterior weight of every component given z into dst
// (K elements, allocated when nil).
func (m *Mixture) Responsibilities(dst, z []float64) ([]float64, error) {
	if len(z) != m.dim {
		return nil, fmt.Errorf("gmm: point of width %d under a mixture in %d dimensions: %w", len(z), m.dim, ErrShape)
	}
	if dst == nil {
		dst = make([]float64, len(m.phi))
	}
	if len(dst) != len(m.phi) {
		return nil, fmt.Errorf("gmm: %d responsibilities asked for, %d components: %w", len(dst), len(m.phi), ErrShape)
	}
	centred := make([]float64, m.dim)
	for k := range m.phi {
		dst[k] = m.logDensity(k, z, centred)
	}
	normalise(dst)
	return dst, nil
}

// normalise replaces logarithms by their softmax; equal shares where all are −Inf.
func normalise(logs []float64) {
	total := logSumExp(logs)
	for k, v := range logs {
		if math.IsInf(total, -1) {
			logs[k] = 1 / float64(len(logs))
			continue
		}
		logs[k] = math.Exp(v - total)
	}
}
