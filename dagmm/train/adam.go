package train

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"

	"github.com/metric-streams/anomaly/internal/kernel"
)

// adam is the optimiser of Kingma and Ba (Adam, 2015) with the gradient clipped by its
// global norm. It is a gorgonia.Solver. Unlike gorgonia's own solver, its state can be read,
// saved and restored.
type adam struct {
	learningRate float64
	clipNorm     float64 // 0 means no clipping
	state        adamState
}

// binding is the memory of a model's parameters and gradients.
type binding struct{ values, grads [][]float64 }

var _ gorgonia.Solver = (*adam)(nil)

// adamState is everything that carries over from one step to the next.
type adamState struct {
	steps int
	m, v  [][]float64 // first and second moments, one slice per parameter matrix
}

// β1, β2 and ε as in the paper of Kingma and Ba.
const (
	beta1   = .9
	beta2   = .999
	epsilon = 1e-8
)

// set makes s a deep copy of other. It reuses the memory of s where it fits.
func (s *adamState) set(other adamState) {
	s.steps, s.m, s.v = other.steps, copyAll(s.m, other.m), copyAll(s.v, other.v)
}

// copyAll returns a deep copy of src. It reuses the memory of dst where it fits.
func copyAll(dst, src [][]float64) [][]float64 {
	if src == nil {
		return nil // Step creates the moments of a state that has none
	}
	if len(dst) != len(src) {
		dst = make([][]float64, len(src))
	}
	for i := range src {
		dst[i] = append(dst[i][:0], src[i]...)
	}
	return dst
}

// Step updates the parameters by their gradients. A gradient that is not finite is an
// error and changes nothing.
func (a *adam) Step(model []gorgonia.ValueGrad) error {
	b, err := bind(model)
	if err != nil {
		return err
	}
	return a.step(b)
}

// step is Step for a model whose memory is known. It does not allocate, but for the moments
// before the first step.
func (a *adam) step(b binding) error {
	values, grads := b.values, b.grads
	if a.state.m == nil {
		for _, v := range values {
			a.state.m, a.state.v = append(a.state.m, make([]float64, len(v))), append(a.state.v, make([]float64, len(v)))
		}
	}
	var squares float64
	for _, g := range grads {
		squares += kernel.Dot(g, g)
	}
	norm := math.Sqrt(squares)
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		return fmt.Errorf("train: gradient norm is %g: %w", norm, errNotFinite)
	}
	factor := 1.0
	if a.clipNorm > 0 && norm > a.clipNorm {
		factor = a.clipNorm / norm
	}
	a.state.steps++
	rate, eps := a.correct()
	for i, v := range values {
		kernel.Adam(v, a.state.m[i], a.state.v[i], grads[i], factor, 1-beta1, 1-beta2, rate, eps)
	}
	return nil
}

// settled is a number of steps after which 1 − β1^t rounds to 1.
const settled = 400

// correct returns the learning rate and ε with Adam's corrections for the first steps.
func (a *adam) correct() (rate, eps float64) {
	t := float64(a.state.steps)
	second := math.Sqrt(1 - math.Pow(beta2, t))
	rate = a.learningRate * second
	if a.state.steps < settled {
		rate /= 1 - math.Pow(beta1, t)
	}
	return rate, epsilon * second
}

// bind finds the memory of the parameters and gradients of a model.
func bind(model []gorgonia.ValueGrad) (b binding, err error) {
	for i, p := range model {
		grad, err := p.Grad()
		if err != nil {
			return b, fmt.Errorf("train: gradient of parameter %d: %w", i, err)
		}
		v, ok1 := p.Value().Data().([]float64)
		g, ok2 := grad.Data().([]float64)
		if !ok1 || !ok2 || len(v) != len(g) {
			return b, fmt.Errorf("train: parameter %d: %T with gradient %T", i, p.Value().Data(), grad.Data())
		}
		b.values, b.grads = append(b.values, v), append(b.grads, g)
	}
	return b, nil
}
