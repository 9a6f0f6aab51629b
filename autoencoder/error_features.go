package autoencoder

import (
	"fmt"
	"math"

	"github.com/metric-streams/anomaly/internal/kernel"
)

// ErrorFeatures tells which features of the reconstruction error the mixture sees.
type ErrorFeatures string

const (
	// Residual is the signed residual t − t', one feature per target. The map from the
	// input to [code, residual] is then one-to-one, and the features name the metric that
	// deviates.
	Residual ErrorFeatures = "residual"
	// RelativeCosine is the paper's pair: the relative Euclidean distance ‖t−t'‖/‖t‖ and
	// the cosine similarity t·t'/(‖t‖‖t'‖) for targets of width d. Norms in the
	// denominators are at least 1e-6·√d, because the paper's formula divides by zero for a
	// row of zeros.
	RelativeCosine ErrorFeatures = "relative-cosine"
)

// Dim returns the number of features for targets of the given width.
func (f ErrorFeatures) Dim(width int) int {
	if f == RelativeCosine {
		return 2
	}
	return width
}

// Check returns an error that wraps ErrValue if f is not one of the constants.
func (f ErrorFeatures) Check() error {
	if f != Residual && f != RelativeCosine {
		return fmt.Errorf("autoencoder: error features %q: %w", string(f), ErrValue)
	}
	return nil
}

// NormFloor is the smallest norm that a denominator of RelativeCosine can have, for targets of
// the given width.
func NormFloor(width int) float64 { return 1e-6 * math.Sqrt(float64(width)) }

// Apply writes the features of n samples into dst (Dim(width)×n). target and
// reconstruction are width×n. In each block, value i of sample r is element i*n+r.
func (f ErrorFeatures) Apply(dst, target, reconstruction []float64, width, n int) {
	if f != RelativeCosine {
		kernel.ScaledDiff(dst[:width*n], target, reconstruction, 1)
		return
	}
	kernel.RelativeCosine(dst, target, reconstruction, width, n, NormFloor(width))
}

// Gradient adds the gradient with respect to the reconstruction to dst (width×n). grad
// (Dim(width)×n) is the gradient with respect to the features.
func (f ErrorFeatures) Gradient(dst, grad, target, reconstruction []float64, width, n int) {
	if f != RelativeCosine {
		kernel.Axpy(dst[:width*n], grad, -1)
		return
	}
	kernel.RelativeCosineGrad(dst, grad, target, reconstruction, width, n, NormFloor(width))
}

// SquaredErrors writes ‖t−t'‖², summed over the targets, of n samples into dst.
func SquaredErrors(dst, target, reconstruction []float64, width, n int) {
	clear(dst[:n])
	for i := range width {
		t, y := target[i*n:i*n+n], reconstruction[i*n:i*n+n]
		for r, v := range t {
			d := v - y[r]
			dst[r] += float64(d * d)
		}
	}
}
