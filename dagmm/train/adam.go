package train

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"

	"github.com/metric-streams/anomaly/internal/kernel"
)

// Adam is the optimiser of Kingma and Ba (2015) with the gradient clipped by its
// global norm. It implements gorgonia.Solver; unlike gorgonia's own, its state can be
// read, kept and put back.
type Adam struct {
	LearningRate float64
	ClipNorm     float64 // 0 is none
	State        AdamState

	values, grads [][]float64      // of the step under way
	shown         []gorgonia.Value // whose memory stands in values and grads
}

// AdamState is everything that carries over from step to step.
type AdamState struct {
	Steps int
	M, V  [][]float64 // first and second moments, per parameter matrix
}

// β1, β2 and ε as in the paper of Kingma and Ba.
const (
	beta1   = .9
	beta2   = .999
	epsilon = 1e-8
)

// Clone returns a deep copy.
func (s AdamState) Clone() AdamState {
	var c AdamState
	c.set(s)
	return c
}

// set makes s a deep copy of other in the memory that s has, where it fits.
func (s *AdamState) set(other AdamState) {
	s.Steps, s.M, s.V = other.Steps, copyAll(s.M, other.M), copyAll(s.V, other.V)
}

// copyAll returns a deep copy of src in the memory of dst, where it fits.
func copyAll(dst, src [][]float64) [][]float64 {
	if src == nil {
		return nil // Step makes the moments of a state without any
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
func (a *Adam) Step(model []gorgonia.ValueGrad) error {
	if err := a.flatten(model); err != nil {
		return err
	}
	values, grads := a.values, a.grads
	if a.State.M == nil {
		for _, v := range values {
			a.State.M, a.State.V = append(a.State.M, make([]float64, len(v))), append(a.State.V, make([]float64, len(v)))
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
	if a.ClipNorm > 0 && norm > a.ClipNorm {
		factor = a.ClipNorm / norm
	}
	a.State.Steps++
	t := float64(a.State.Steps)
	rate := a.LearningRate * math.Sqrt(1-math.Pow(beta2, t)) / (1 - math.Pow(beta1, t))
	eps := epsilon * math.Sqrt(1-math.Pow(beta2, t))
	for i, v := range values {
		kernel.Adam(v, a.State.M[i], a.State.V[i], grads[i], factor, 1-beta1, 1-beta2, rate, eps)
	}
	return nil
}

// flatten finds the memory of parameters and gradients. Asking a tensor for it allocates,
// so it is asked once.
func (a *Adam) flatten(model []gorgonia.ValueGrad) error {
	if len(a.values) != len(model) {
		a.values, a.grads, a.shown = make([][]float64, len(model)), make([][]float64, len(model)), make([]gorgonia.Value, 2*len(model))
	}
	for i, p := range model {
		grad, err := p.Grad()
		if err != nil {
			return fmt.Errorf("train: gradient of parameter %d: %w", i, err)
		}
		value := p.Value()
		if a.shown[2*i] == value && a.shown[2*i+1] == grad {
			continue
		}
		v, ok1 := value.Data().([]float64)
		g, ok2 := grad.Data().([]float64)
		if !ok1 || !ok2 || len(v) != len(g) {
			return fmt.Errorf("train: parameter %d: %T with gradient %T", i, value.Data(), grad.Data())
		}
		a.values[i], a.grads[i], a.shown[2*i], a.shown[2*i+1] = v, g, value, grad
	}
	return nil
}
