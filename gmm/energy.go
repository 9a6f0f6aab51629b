package gmm

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/internal/kernel"
	"github.com/metric-streams/anomaly/internal/matrix"
)

// maxStackComponents is the number of components up to which Energy needs no heap memory.
const maxStackComponents = 16

// Energy returns −log Σk φk N(z; μk, Σk) of one point. It is NaN if z does not have Dim
// elements, and +Inf if the log density of every component overflows (distances beyond
// 1e150). Energy allocates nothing if K ≤ 16.
func (m *Mixture) Energy(z []float64) float64 {
	if len(z) != m.dim {
		return math.NaN()
	}
	var logs [maxStackComponents]float64
	var energy [1]float64
	scratch := logs[:]
	if len(m.phi) > maxStackComponents {
		scratch = make([]float64, len(m.phi))
	}
	m.EnergyBlock(energy[:], z, 1, scratch)
	return energy[0]
}

// logSumExp returns log Σ exp(v). It is −Inf if every v is −Inf.
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

// ScratchLen is the length of the scratch slice that EnergyBlock needs for n points.
func (m *Mixture) ScratchLen(n int) int { return len(m.phi) * n }

// EnergyBlock writes the energies of n points to dst, which it allocates if nil, and
// returns it. z (Dim×n) holds coordinate i of point r at i*n+r. scratch has ScratchLen(n)
// elements of any content. A point gives the same bits as with Energy.
func (m *Mixture) EnergyBlock(dst, z []float64, n int, scratch []float64) []float64 {
	if dst == nil {
		dst = make([]float64, n)
	}
	if len(m.phi) == 1 { // the log-sum-exp of one number is that number
		m.logDensities(z, n, dst)
	} else {
		kernel.LogSumExp(dst, m.logDensities(z, n, scratch), len(m.phi), n)
	}
	if n == 1 {
		dst[0] = -dst[0]
	} else {
		kernel.Scale(dst[:n], -1)
	}
	return dst
}

// logDensities writes log(φk N(z)) of n points (K×n) to scratch and returns it.
func (m *Mixture) logDensities(z []float64, n int, scratch []float64) []float64 {
	d := m.dim
	size := len(m.linv) / len(m.phi)
	for c, w := range m.logw {
		kernel.LogDensities(scratch[c*n:c*n+n], z, m.mu[c*d:c*d+d], m.linv[c*size:(c+1)*size], n, w, m.diag)
	}
	return scratch[:len(m.phi)*n]
}

// Energies writes the energy of every row of x (n×Dim) to dst and returns it. It allocates
// dst if nil; otherwise dst must have n elements. Sizes that do not match and a nil x are
// errors that wrap ErrShape.
func (m *Mixture) Energies(dst []float64, x mat.Matrix) ([]float64, error) {
	if matrix.IsNil(x) {
		return nil, fmt.Errorf("gmm: energies: no rows, the matrix is nil: %w", ErrShape)
	}
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

// Responsibilities writes the posterior probability of every component given z to dst (K
// elements, allocated if nil) and returns it. Sizes that do not match are errors that wrap
// ErrShape.
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
	normalise(m.logDensities(z, 1, dst))
	return dst, nil
}

// normalise replaces logarithms by their softmax. If all are −Inf, the shares are equal.
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
