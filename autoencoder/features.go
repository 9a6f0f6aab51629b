package autoencoder

import (
	"fmt"
	"math"
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
		for i, v := range target[:width*n] {
			dst[i] = v - reconstruction[i]
		}
		return
	}
	floor := normFloor * math.Sqrt(float64(width))
	for r := range n {
		c := compare(target, reconstruction, width, n, r)
		dst[r] = math.Sqrt(c.dd) / max(math.Sqrt(c.tt), floor)
		dst[n+r] = c.ty / (max(math.Sqrt(c.tt), floor) * max(math.Sqrt(c.yy), floor))
	}
}

// Gradient adds the gradient by the reconstruction to dst, given the gradient by the
// features.
func (f Features) Gradient(dst, grad, target, reconstruction []float64, width, n int) {
	if f != RelativeCosine {
		for i, g := range grad[:width*n] {
			dst[i] -= g
		}
		return
	}
	floor := normFloor * math.Sqrt(float64(width))
	for r := range n {
		c := compare(target, reconstruction, width, n, r)
		nt, ny := max(math.Sqrt(c.tt), floor), max(math.Sqrt(c.yy), floor)
		var byDistance float64
		if c.dd > 0 {
			byDistance = grad[r] / (nt * math.Sqrt(c.dd))
		}
		byCosine := grad[n+r] / (nt * ny)
		shrink := 0.0 // the norm of the reconstruction is constant below the floor
		if ny > floor {
			shrink = c.ty / c.yy
		}
		for i := range width {
			t, y := target[i*n+r], reconstruction[i*n+r]
			dst[i*n+r] += byDistance*(y-t) + byCosine*(t-shrink*y)
		}
	}
}

// products of one sample's target t and reconstruction y.
type products struct{ tt, yy, ty, dd float64 }

func compare(target, reconstruction []float64, width, n, r int) (p products) {
	for i := range width {
		t, y := target[i*n+r], reconstruction[i*n+r]
		p.tt += float64(t * t)
		p.yy += float64(y * y)
		p.ty += float64(t * y)
		p.dd += float64((t - y) * (t - y))
	}
	return p
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
