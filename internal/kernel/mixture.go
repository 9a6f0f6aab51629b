package kernel

import "math"

// LogDensities writes logw − ½·|L⁻¹(z−μ)|² of n points (d×n) into dst; linv holds the
// lower triangle of L⁻¹ by rows, or its diagonal alone.
func LogDensities(dst, z, mu, linv []float64, n int, logw float64, diagonal bool) {
	d := len(mu)
	if n == 0 || d == 0 {
		return
	}
	dst, z = dst[:n], z[:d*n]
	if diagonal {
		linv = linv[:d]
		switch {
		case useAVX512:
			logDensityDiagAVX512(&dst[0], &z[0], &mu[0], &linv[0], d, n, logw)
		case useAVX2:
			logDensityDiagAVX2(&dst[0], &z[0], &mu[0], &linv[0], d, n, logw)
		default:
			logDensitiesGo(dst, z, mu, linv, n, logw, true)
		}
		return
	}
	linv = linv[:d*(d+1)/2]
	switch {
	case useAVX512:
		logDensityAVX512(&dst[0], &z[0], &mu[0], &linv[0], d, n, logw)
	case useAVX2:
		logDensityAVX2(&dst[0], &z[0], &mu[0], &linv[0], d, n, logw)
	default:
		logDensitiesGo(dst, z, mu, linv, n, logw, false)
	}
}

func logDensitiesGo(dst, z, mu, linv []float64, n int, logw float64, diagonal bool) {
	for r := range dst {
		var q float64
		p := 0
		for i, m := range mu {
			if diagonal {
				s := float64((z[i*n+r] - m) * linv[i])
				q += float64(s * s)
				continue
			}
			var s float64
			for j, l := range linv[p : p+i+1] {
				s += float64(l * (z[j*n+r] - mu[j]))
			}
			p += i + 1
			q += float64(s * s)
		}
		dst[r] = logw - float64(.5*q)
	}
}

// HalfSquares writes logw − ½·Σ w² over the d rows of w (d×n) into dst.
func HalfSquares(dst, w []float64, d, n int, logw float64) {
	if n == 0 || d == 0 {
		return
	}
	dst, w = dst[:n], w[:d*n]
	switch {
	case useAVX512:
		halfSquaresAVX512(&dst[0], &w[0], d, n, logw)
	case useAVX2:
		halfSquaresAVX2(&dst[0], &w[0], d, n, logw)
	default:
		clear(dst)
		for i := range d {
			for r, v := range w[i*n : i*n+n] {
				dst[r] += float64(v * v)
			}
		}
		for r, q := range dst {
			dst[r] = logw - float64(.5*q)
		}
	}
}

// ObjectiveGrad adds wrho·y + gamma·inverse·(2·gd + dmu) to dz and
// inverse·(centred·(gd + dmu) − trace) to dgamma, element by element.
func ObjectiveGrad(dz, dgamma, wrho, y, gamma, gd, centred []float64, inverse, dmu, trace float64) {
	n := len(dz)
	dgamma, wrho, y, gamma, gd, centred = dgamma[:n], wrho[:n], y[:n], gamma[:n], gd[:n], centred[:n]
	switch {
	case n == 0:
	case useAVX512:
		objectiveGradAVX512(&dz[0], &dgamma[0], &wrho[0], &y[0], &gamma[0], &gd[0], &centred[0], n, inverse, dmu, trace)
	case useAVX2:
		objectiveGradAVX2(&dz[0], &dgamma[0], &wrho[0], &y[0], &gamma[0], &gd[0], &centred[0], n, inverse, dmu, trace)
	default:
		for r, g := range gd {
			dz[r] += float64(wrho[r]*y[r]) + float64(gamma[r]*inverse*(2*g+dmu))
			dgamma[r] += float64(inverse * (float64(centred[r]*(g+dmu)) - trace))
		}
	}
}

// RelativeCosine writes, for n samples, the distance |t−y|/|t| and the cosine
// t·y/(|t||y|) of targets t and reconstructions y (both width×n) into dst (2×n). Norms
// below floor count as floor.
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

// RelativeCosineGrad adds the gradient by y to dst, given the gradient grad (2×n) by
// the two features.
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
		var distance float64 // no gradient where target and reconstruction agree
		if p.dd != 0 {
			distance = grad[r] / (nt * math.Sqrt(p.dd))
		}
		cosine := grad[n+r] / (nt * ny)
		shrink := 0.0 // the norm of the reconstruction is constant below the floor
		if ny > floor {
			shrink = p.ty / p.yy
		}
		for i := range width {
			tv, yv := t[i*n+r], y[i*n+r]
			dst[i*n+r] += float64(distance*(yv-tv)) + float64(cosine*(tv-float64(shrink*yv)))
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
