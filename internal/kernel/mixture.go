package kernel

// LogDensities writes logw − ½·|L⁻¹(z−μ)|² of n points z (d×n) to dst. linv holds the lower
// triangle of L⁻¹ row by row, or its diagonal alone.
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

// HalfSquares writes logw − ½·Σ w², summed over the d rows of w (d×n), to dst.
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

// ObjectiveGrad adds wrho·y + gamma·inverse·(2·gd + dmu) to dz and inverse·(centred·(gd +
// dmu) − trace) to dgamma, element by element. gmm.Objective gives the symbols their
// meaning.
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
