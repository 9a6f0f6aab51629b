package gmm

import (
	"fmt"
	"math/rand/v2"

	"github.com/metric-streams/anomaly/internal/kernel"
)

// Estimation is the estimation network. It predicts the memberships γ of a point z in the
// components of a mixture (equation 4 of the paper) by one hidden layer with tanh and one
// layer with softmax. Training needs it; scoring does not.
type Estimation struct {
	Dim        int       // d, the width of z
	Hidden     int       // width of the hidden layer
	Components int       // K
	Theta1     []float64 // (Dim+1)×Hidden, the biases last
	Theta2     []float64 // (Hidden+1)×Components, the biases last
}

// NewEstimation returns a network with random weights, uniform within ±√(6/(inputs+outputs))
// of their layer (Glorot and Bengio, 2010), and biases of 0. A size that is not positive is
// an error that wraps ErrShape.
func NewEstimation(dim, hidden, components int, rng *rand.Rand) (*Estimation, error) {
	if dim <= 0 || hidden <= 0 || components <= 0 {
		return nil, fmt.Errorf("gmm: estimation network %d-%d-%d: %w", dim, hidden, components, ErrShape)
	}
	e := &Estimation{Dim: dim, Hidden: hidden, Components: components,
		Theta1: make([]float64, kernel.ThetaLen(dim, hidden)), Theta2: make([]float64, kernel.ThetaLen(hidden, components))}
	kernel.InitGlorot(e.Theta1, dim, hidden, rng)
	kernel.InitGlorot(e.Theta2, hidden, components, rng)
	return e, nil
}

// Memberships returns the memberships γ (K×N) of the points, without dropout. That of
// component c for point r is element c*N+r.
func (e *Estimation) Memberships(p Points) ([]float64, error) {
	if p.Dim != e.Dim || len(p.Z) != p.Dim*p.N {
		return nil, fmt.Errorf("gmm: memberships of points in %d dimensions from a network for %d: %w", p.Dim, e.Dim, ErrShape)
	}
	hidden := make([]float64, e.Hidden*p.N)
	kernel.Affine(hidden, p.Z, e.Theta1, e.Dim, e.Hidden, p.N)
	kernel.Tanh(hidden, e.Hidden, p.N)
	gamma := make([]float64, e.Components*p.N)
	kernel.Affine(gamma, hidden, e.Theta2, e.Hidden, e.Components, p.N)
	kernel.Softmax(gamma, make([]float64, p.N), e.Components, p.N)
	return gamma, nil
}
