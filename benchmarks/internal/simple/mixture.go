package simple

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/gmm"
)

// Mixture scores a row by its energy under a Gaussian mixture, the library's
// classical model. Its ridge is 1e-3 unless set.
type Mixture struct{ gmm.FitConfig }

// Fit implements Detector.
func (m Mixture) Fit(_ context.Context, train *mat.Dense, seed uint64) (Scorer, error) {
	if m.Ridge == 0 {
		m.Ridge = 1e-3
	}
	m.Seed = seed
	fit, _, err := gmm.Fit(train, m.FitConfig)
	if err != nil {
		return nil, fmt.Errorf("simple: %w", err)
	}
	return mixture{fit}, nil
}

type mixture struct{ *gmm.Mixture }

// Score implements Scorer.
func (m mixture) Score(dst []float64, x *mat.Dense) ([]float64, error) {
	n, _ := x.Dims()
	return m.Energies(reuse(dst, n), x)
}
