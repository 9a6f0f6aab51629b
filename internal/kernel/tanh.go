package kernel

import "math"

// tanhMax is a number from which on tanh rounds to 1.
const tanhMax = 20.0

// Plain Go takes powers of two from a table of 2^(i/steps), 0 ≤ i < steps, and needs a polynomial for
// a step on either side only.
const (
	stepBits = 5
	steps    = 1 << stepBits
)

var powersOfTwo = func() (t [steps]float64) {
	for i := range t {
		t[i] = math.Exp2(float64(i) / steps)
	}
	return t
}()

const (
	perStep  = math.Log2E * steps
	stepHi   = 0x1.62e42fecp-06 // the upper bits of ln 2/steps, so that k·stepHi is exact for |k| < 2^20
	stepLo   = math.Ln2/steps - stepHi
	stepMask = steps - 1
	// Adding and subtracting roundShift rounds to the nearest integer. The low bits of the
	// sum hold that integer.
	roundShift = 0x1.8p52
)

// Tanh replaces a block of units × n samples by its tanh.
func Tanh(y []float64, units, n int) {
	if y = y[:units*n]; len(y) == 0 {
		return
	}
	switch {
	case useAVX512:
		tanhAVX512(&y[0], units, n)
	case useAVX2:
		tanhAVX2(&y[0], units, n)
	default:
		tanhGo(y)
	}
}

// tanhGo computes tanh(x) = sign(x)·(−e/(2+e)) with e = expm1(−2|x|). Its relative error is below
// 1e-14. NaN stays NaN.
//
// With −2|x| = k·ln 2/steps + r and |r| ≤ ½·ln 2/steps, exp(−2|x|) is 2^(k/steps)·(1+p), where p is
// the Taylor polynomial of degree 6 of expm1(r), whose truncation error is below 1e-17.
func tanhGo(y []float64) {
	for i, v := range y {
		a := math.Abs(v)
		if !(a < tanhMax) {
			if a == a {
				y[i] = math.Copysign(1, v)
			}
			continue
		}
		x := -2 * a
		shifted := float64(x*perStep) + roundShift
		k := shifted - roundShift
		r := x - float64(k*stepHi)
		r -= float64(k * stepLo)
		r2 := r * r
		low := 1.0/2 + float64(r*(1.0/6))
		high := 1.0/24 + float64(r*(1.0/120)) + float64(r2*(1.0/720))
		p := r + float64(r2*(low+float64(r2*high)))
		// The low bits of shifted are k: its last stepBits choose the power in the table, and those
		// above them its exponent.
		bits := math.Float64bits(shifted)
		s := math.Float64frombits(math.Float64bits(powersOfTwo[bits&stepMask]) + bits>>stepBits<<52)
		e := float64(s*p) + (s - 1)
		y[i] = math.Copysign(-e/(2+e), v)
	}
}

// TanhGrad writes the gradient dy·(1 − y²) with respect to the argument of tanh to dst,
// where y is the tanh and dy the gradient with respect to it.
func TanhGrad(dst, dy, y []float64) {
	n := len(dst)
	dy, y = dy[:n], y[:n]
	switch {
	case n == 0:
	case useAVX512:
		tanhGradAVX512(&dst[0], &dy[0], &y[0], n)
	case useAVX2:
		tanhGradAVX2(&dst[0], &dy[0], &y[0], n)
	default:
		for i, v := range y {
			dst[i] = dy[i] * (1 - float64(v*v))
		}
	}
}
