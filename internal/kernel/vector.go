package kernel

import "math"

// Axpy adds a·x to y. x is at least as long as y.
func Axpy(y, x []float64, a float64) {
	n := len(y)
	x = x[:n]
	switch {
	case n == 0:
	case useAVX512:
		axpyAVX512(&y[0], &x[0], n, a)
	case useAVX2:
		axpyAVX2(&y[0], &x[0], n, a)
	default:
		axpyGo(y, x, a)
	}
}

// MulAdd returns y + a·x, rounded as Axpy does it on the path in use.
func MulAdd(y, a, x float64) float64 {
	if useAVX512 || useAVX2 {
		return math.FMA(a, x, y)
	}
	return y + float64(a*x)
}

func axpyGo(y, x []float64, a float64) {
	x = x[:len(y)]
	for i := range y {
		y[i] += float64(a * x[i])
	}
}

// axpy4 adds four scaled vectors to y in one pass. They lie one after the other in x. The
// result has the bits of four calls of axpyGo.
func axpy4(y, x []float64, a0, a1, a2, a3 float64) {
	n := len(y)
	x0, x1, x2, x3 := x[:n], x[n:][:n], x[2*n:][:n], x[3*n:][:n]
	for i := range y {
		s := y[i] + float64(a0*x0[i])
		s += float64(a1 * x1[i])
		s += float64(a2 * x2[i])
		y[i] = s + float64(a3*x3[i])
	}
}

// Dot returns the inner product of x and y.
func Dot(x, y []float64) float64 {
	n := len(x)
	y = y[:n]
	switch {
	case n == 0:
		return 0
	case useAVX512:
		return dotAVX512(&x[0], &y[0], n)
	case useAVX2:
		return dotAVX2(&x[0], &y[0], n)
	}
	return dotGo(x, y)
}

// dotGo keeps four partial sums, so that one addition does not wait for the last.
func dotGo(x, y []float64) float64 {
	y = y[:len(x)]
	var s0, s1, s2, s3 float64
	i := 0
	for ; i+4 <= len(x); i += 4 {
		a, b := x[i:i+4:i+4], y[i:i+4:i+4]
		s0 += float64(a[0] * b[0])
		s1 += float64(a[1] * b[1])
		s2 += float64(a[2] * b[2])
		s3 += float64(a[3] * b[3])
	}
	for ; i < len(x); i++ {
		s0 += float64(x[i] * y[i])
	}
	return (s0 + s1) + (s2 + s3)
}

// Sum returns the sum of x.
func Sum(x []float64) float64 {
	n := len(x)
	switch {
	case n == 0:
		return 0
	case useAVX512:
		return sumAVX512(&x[0], n)
	case useAVX2:
		return sumAVX2(&x[0], n)
	}
	return sumGo(x)
}

func sumGo(x []float64) float64 {
	var s0, s1 float64
	i := 0
	for ; i+2 <= len(x); i += 2 {
		s0 += x[i]
		s1 += x[i+1]
	}
	if i < len(x) {
		s0 += x[i]
	}
	return s0 + s1
}

// SquaredDistance returns Σ (x−y)².
func SquaredDistance(x, y []float64) float64 {
	n := len(x)
	y = y[:n]
	switch {
	case n == 0:
		return 0
	case useAVX512:
		return squaredDistanceAVX512(&x[0], &y[0], n)
	case useAVX2:
		return squaredDistanceAVX2(&x[0], &y[0], n)
	}
	return squaredDistanceGo(x, y)
}

func squaredDistanceGo(x, y []float64) (sum float64) {
	for i, v := range x {
		d := v - y[i]
		sum += float64(d * d)
	}
	return sum
}

// MaxAbs returns the largest |x|. It ignores NaN and returns 0 if there is nothing else.
func MaxAbs(x []float64) float64 {
	n := len(x)
	switch {
	case n == 0:
		return 0
	case useAVX512:
		return maxAbsAVX512(&x[0], n)
	case useAVX2:
		return maxAbsAVX2(&x[0], n)
	}
	return maxAbsGo(x)
}

func maxAbsGo(x []float64) (top float64) {
	for _, v := range x {
		if a := math.Abs(v); a > top {
			top = a
		}
	}
	return top
}

// Mul writes x·y, element by element, to dst.
func Mul(dst, x, y []float64) {
	n := len(dst)
	x, y = x[:n], y[:n]
	switch {
	case n == 0:
	case useAVX512:
		mulAVX512(&dst[0], &x[0], &y[0], n)
	case useAVX2:
		mulAVX2(&dst[0], &x[0], &y[0], n)
	default:
		for i, v := range x {
			dst[i] = v * y[i]
		}
	}
}

// ScaledDiff writes a·(x−y) to dst.
func ScaledDiff(dst, x, y []float64, a float64) {
	n := len(dst)
	x, y = x[:n], y[:n]
	switch {
	case n == 0:
	case useAVX512:
		scaledDiffAVX512(&dst[0], &x[0], &y[0], n, a)
	case useAVX2:
		scaledDiffAVX2(&dst[0], &x[0], &y[0], n, a)
	default:
		for i, v := range x {
			dst[i] = a * (v - y[i])
		}
	}
}

// Shift writes x − a to dst.
func Shift(dst, x []float64, a float64) {
	n := len(dst)
	x = x[:n]
	switch {
	case n == 0:
	case useAVX512:
		shiftAVX512(&dst[0], &x[0], n, a)
	case useAVX2:
		shiftAVX2(&dst[0], &x[0], n, a)
	default:
		for i, v := range x {
			dst[i] = v - a
		}
	}
}

// Scale multiplies x by a.
func Scale(x []float64, a float64) {
	n := len(x)
	switch {
	case n == 0:
	case useAVX512:
		scaleAVX512(&x[0], n, a)
	case useAVX2:
		scaleAVX2(&x[0], n, a)
	default:
		for i, v := range x {
			x[i] = v * a
		}
	}
}

// Log1p replaces finite x by log(1 + |x|/unit) with the sign of x. NaN stays NaN.
func Log1p(x []float64, unit float64) {
	n := len(x)
	switch {
	case n == 0:
	case useAVX512:
		log1pAVX512(&x[0], n, unit)
	case useAVX2:
		log1pAVX2(&x[0], n, unit)
	default:
		for i, v := range x {
			x[i] = math.Copysign(math.Log1p(math.Abs(v)/unit), v)
		}
	}
}

// Standardise replaces x by (x − center)/scale, limited to ±limit. NaN stays NaN.
func Standardise(x []float64, center, scale, limit float64) {
	n := len(x)
	switch {
	case n == 0:
	case useAVX512:
		standardiseAVX512(&x[0], n, center, scale, limit)
	case useAVX2:
		standardiseAVX2(&x[0], n, center, scale, limit)
	default:
		for i, v := range x {
			v = (v - center) / scale
			if v > limit {
				v = limit
			} else if v < -limit {
				v = -limit
			}
			x[i] = v
		}
	}
}

// Bend replaces x by clip·asinh(x·scale).
func Bend(x []float64, scale, clip float64) {
	n := len(x)
	switch {
	case n == 0:
	case useAVX512:
		bendAVX512(&x[0], n, scale, clip)
	case useAVX2:
		bendAVX2(&x[0], n, scale, clip)
	default:
		bendGo(x, scale, clip)
	}
}

func bendGo(x []float64, scale, clip float64) {
	for i, v := range x {
		x[i] = clip * math.Asinh(v*scale)
	}
}

// Adam takes one step of the optimiser Adam for the parameters w with the moments m and s.
// With the gradient v = g·factor, m becomes m + beta1·(v − m), s becomes s + beta2·(v² − s),
// and w becomes w − rate·m/(√s + eps).
func Adam(w, m, s, g []float64, factor, beta1, beta2, rate, eps float64) {
	n := len(w)
	m, s, g = m[:n], s[:n], g[:n]
	switch {
	case n == 0:
	case useAVX512:
		adamAVX512(&w[0], &m[0], &s[0], &g[0], n, factor, beta1, beta2, rate, eps)
	case useAVX2:
		adamAVX2(&w[0], &m[0], &s[0], &g[0], n, factor, beta1, beta2, rate, eps)
	default:
		for k, v := range g {
			v *= factor
			m[k] += float64(beta1 * (v - m[k]))
			s[k] += float64(beta2 * (float64(v*v) - s[k]))
			w[k] -= float64(rate*m[k]) / (math.Sqrt(s[k]) + eps)
		}
	}
}

func fill(y []float64, v float64) {
	for i := range y {
		y[i] = v
	}
}
