package autoencoder

import (
	"fmt"
	"math"

	"github.com/metric-streams/anomaly/internal/kernel"
)

// Features tells which reconstruction features the mixture sees.
type Features string

const (
	// Residual is the signed residual vector t − t', one feature per target. The map
	// from the input to [code, residual] is then injective and names the metric that
	// deviates.
	Residual Features = "residual"
	// RelativeCosine is the paper's pair: relative Euclidean distance ‖t−t'‖/‖t‖ and
	// cosine similarity t·t'/(‖t‖‖t'‖), with denominators floored at 1e-6·√d (the paper
	// divides by zero for an all-zero row).
	RelativeCosine Features = "relative-cosine"
)

// Dim returns the number of features for targets of the given width.
func (f Features) Dim(width int) int {
	if f == RelativeCosine {
		return 2
	}
	return width
}

// Check reports an unknown kind.
func (f Features) Check() error {
	if f != Residual && f != RelativeCosine {
		return fmt.Errorf("autoencoder: features %q: %w", string(f), ErrValue)
	}
	return nil
}

// normFloor is the floor of a norm per √d.
const normFloor = 1e-6

// Apply writes the features of n samples into dst; target and reconstruction hold
// value i of sample r at i*n+r, dst likewise.
func (f Features) Apply(dst, target, reconstruction []float64, width, n int) {
	if f != RelativeCosine {
		kernel.ScaledDiff(dst[:width*n], target, reconstruction, 1)
		return
	}
	kernel.RelativeCosine(dst, target, reconstruction, width, n, normFloor*math.Sqrt(float64(width)))
}

// Gradient adds the gradient by the reconstruction to dst, given the gradient by the
// features.
func (f Features) Gradient(dst, grad, target, reconstruction []float64, width, n int) {
	if f != RelativeCosine {
		kernel.Axpy(dst[:width*n], grad, -1)
		return
	}
	kernel.RelativeCosineGrad(dst, grad, target, reconstruction, width, n, normFloor*math.Sqrt(float64(width)))
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
