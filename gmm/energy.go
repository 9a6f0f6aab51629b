package gmm

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/internal/kernel"
)

// maxStackComponents bounds what Energy keeps on its stack.
const maxStackComponents = 16

// Energy returns −log Σk φk N(z; μk, Σk) of one point. It allocates nothing for
// K ≤ 16; z must have Dim elements, else the result is NaN. It is +Inf where every
// density underflows even in log space (distances beyond 1e150).
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
func (m *Mixture) ScratchLen(n int) int { return len(m.phi) * n }

// EnergyBlock writes the energies of n points into dst (allocated when nil); z holds
// coordinate i of point r at i*n+r, and scratch ScratchLen(n) elements of any content.
// The same bits as Energy, point by point.
func (m *Mixture) EnergyBlock(dst, z []float64, n int, scratch []float64) []float64 {
	if dst == nil {
		dst = make([]float64, n)
	}
	kernel.LogSumExp(dst, m.logDensities(z, n, scratch), len(m.phi), n)
	if n == 1 {
		dst[0] = -dst[0]
	} else {
		kernel.Scale(dst[:n], -1)
	}
	return dst
}

// logDensities fills K×n values log(φk N(z)) in scratch.
func (m *Mixture) logDensities(z []float64, n int, scratch []float64) []float64 {
	d := m.dim
	size := len(m.linv) / len(m.phi)
	for c, w := range m.logw {
		kernel.LogDensities(scratch[c*n:c*n+n], z, m.mu[c*d:c*d+d], m.linv[c*size:(c+1)*size], n, w, m.diag)
	}
	return scratch[:len(m.phi)*n]
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
	normalise(m.logDensities(z, 1, dst))
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
