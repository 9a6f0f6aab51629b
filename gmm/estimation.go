package gmm

import (
	"fmt"
	"math/rand/v2"

	"github.com/metric-streams/anomaly/internal/kernel"
)

// Estimation is the estimation network: z (d) → hidden (tanh) → K (softmax), which
// predicts the mixture memberships γ (equation 4 of the paper). Training needs it;
// scoring does not.
type Estimation struct {
	Dim, Hidden, Components int
	Theta1                  []float64 // (d+1)×hidden, biases last
	Theta2                  []float64 // (hidden+1)×K
}

// NewEstimation draws Glorot-uniform weights; biases are 0.
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

// Memberships returns γ (K×n, component by component) of n points z, without dropout.
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
