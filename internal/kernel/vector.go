package kernel

// Axpy adds a*x to y. x is at least as long as y.
func Axpy(y, x []float64, a float64) {
	x = x[:len(y)]
	for i := range y {
		y[i] += float64(a * x[i])
	}
}

// axpy4 adds four scaled vectors, which stand one after the other in x, to y in one
// pass and in the order of four Axpy calls.
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

// Dot returns the inner product of x and y. Four partial sums break the chain of
// dependent additions.
func Dot(x, y []float64) float64 {
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

func fill(y []float64, v float64) {
	for i := range y {
		y[i] = v
	}
}
