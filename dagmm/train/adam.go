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
	return AdamState{Steps: s.Steps, M: cloneAll(s.M), V: cloneAll(s.V)}
}

func cloneAll(v [][]float64) [][]float64 {
	if v == nil {
		return nil // Step makes the moments of a state without any
	}
	out := make([][]float64, len(v))
	for i := range v {
		out[i] = append([]float64(nil), v[i]...)
	}
	return out
}

// Step updates the parameters by their gradients. A gradient that is not finite is an
// error and changes nothing.
func (a *Adam) Step(model []gorgonia.ValueGrad) error {
	values, grads, err := flatten(model)
	if err != nil {
		return err
	}
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

func flatten(model []gorgonia.ValueGrad) (values, grads [][]float64, err error) {
	for i, p := range model {
		grad, err := p.Grad()
		if err != nil {
			return nil, nil, fmt.Errorf("train: gradient of parameter %d: %w", i, err)
		}
		v, ok1 := p.Value().Data().([]float64)
		g, ok2 := grad.Data().([]float64)
		if !ok1 || !ok2 || len(v) != len(g) {
			return nil, nil, fmt.Errorf("train: parameter %d: %T with gradient %T", i, p.Value().Data(), grad.Data())
		}
		values, grads = append(values, v), append(grads, g)
	}
	return values, grads, nil
}
