package kernel

import "math"

// RelativeCosine writes the relative distance |t−y|/|t| and the cosine t·y/(|t||y|) of n
// targets t and reconstructions y (both width×n) to dst (2×n). Norms in the denominators
// are at least floor.
func RelativeCosine(dst, t, y []float64, width, n int, floor float64) {
	if n == 0 || width == 0 {
		return
	}
	dst, t, y = dst[:2*n], t[:width*n], y[:width*n]
	switch {
	case useAVX512:
		relativeCosineAVX512(&dst[0], &t[0], &y[0], width, n, floor)
	case useAVX2:
		relativeCosineAVX2(&dst[0], &t[0], &y[0], width, n, floor)
	default:
		for r := range n {
			p := compare(t, y, width, n, r)
			nt, ny := max(math.Sqrt(p.tt), floor), max(math.Sqrt(p.yy), floor)
			dst[r] = math.Sqrt(p.dd) / nt
			dst[n+r] = p.ty / (nt * ny)
		}
	}
}

// RelativeCosineGrad adds the gradient with respect to y to dst (width×n). grad (2×n) is
// the gradient with respect to the two features.
func RelativeCosineGrad(dst, grad, t, y []float64, width, n int, floor float64) {
	if n == 0 || width == 0 {
		return
	}
	dst, grad, t, y = dst[:width*n], grad[:2*n], t[:width*n], y[:width*n]
	switch {
	case useAVX512:
		relativeCosineGradAVX512(&dst[0], &grad[0], &t[0], &y[0], width, n, floor)
	case useAVX2:
		relativeCosineGradAVX2(&dst[0], &grad[0], &t[0], &y[0], width, n, floor)
	default:
		relativeCosineGradGo(dst, grad, t, y, width, n, floor)
	}
}

func relativeCosineGradGo(dst, grad, t, y []float64, width, n int, floor float64) {
	for r := range n {
		p := compare(t, y, width, n, r)
		nt, ny := max(math.Sqrt(p.tt), floor), max(math.Sqrt(p.yy), floor)
		var distance float64 // there is no gradient where target and reconstruction are equal
		if p.dd != 0 {
			distance = grad[r] / (nt * math.Sqrt(p.dd))
		}
		cosine := grad[n+r] / (nt * ny)
		shrink := 0.0 // below the floor, the norm of the reconstruction counts as a constant
		if ny > floor {
			shrink = p.ty / p.yy
		}
		for i := range width {
			tv, yv := t[i*n+r], y[i*n+r]
			dst[i*n+r] += float64(distance*(yv-tv)) + float64(cosine*(tv-float64(shrink*yv)))
		}
	}
}

// products holds Σ t², Σ y², Σ t·y and Σ (t−y)² of one sample's target t and reconstruction y.
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
