package kernel

import "math"

const (
	log2e = 1.44269504088896338700e+00
	ln2Hi = 6.93147180369123816490e-01 // the upper bits of ln 2, so that k*ln2Hi is exact for |k| < 2^20
	ln2Lo = 1.90821492927058770002e-10
	// Adding and subtracting roundShift rounds to the nearest integer. The low bits of the
	// sum hold that integer.
	roundShift = 0x1.8p52
)

// expm1Reduced returns k and p with exp(x) = 2^k·(1+p), for |x| ≤ 700. p is the Taylor
// polynomial of degree 13 of expm1(r). Its truncation error is below 1e-17 for
// |r| ≤ ln2/2.
func expm1Reduced(x float64) (k int64, p float64) {
	kr := float64(x*log2e) + roundShift
	k = int64(math.Float64bits(kr)<<12) >> 12
	kf := kr - roundShift
	k -= roundBits
	r := x - float64(kf*ln2Hi)
	r -= float64(kf * ln2Lo)
	r2 := r * r
	r4 := r2 * r2
	a := 1.0/2 + float64(r*(1.0/6))
	b := 1.0/24 + float64(r*(1.0/120))
	c := 1.0/720 + float64(r*(1.0/5040))
	d := 1.0/40320 + float64(r*(1.0/362880))
	e := 1.0/3628800 + float64(r*(1.0/39916800))
	f := 1.0/479001600 + float64(r*(1.0/6227020800))
	lo := a + float64(r2*b)
	mid := c + float64(r2*d)
	hi := e + float64(r2*f)
	q := lo + float64(r4*(mid+float64(r4*hi)))
	return k, r + float64(r2*q)
}

// roundBits is the signed number in the low 52 bits of roundShift.
var roundBits = func() int64 { s := float64(roundShift); return int64(math.Float64bits(s)<<12) >> 12 }()

// pow2 returns 2^k for a normal result.
func pow2(k int64) float64 { return math.Float64frombits(uint64(k+1023) << 52) }

// tanhMax is a number from which on tanh rounds to 1.
const tanhMax = 20.0

// tanh1 returns tanh(x) = sign(x)·(−e/(2+e)) with e = expm1(−2|x|). Its relative error is
// below 1e-15. It returns NaN for NaN.
func tanh1(x float64) float64 {
	a := math.Abs(x)
	if !(a < tanhMax) {
		if a != a {
			return x
		}
		return math.Copysign(1, x)
	}
	k, p := expm1Reduced(-2 * a)
	s := pow2(k)
	e := float64(s*p) + (s - 1)
	return math.Copysign(-e/(2+e), x)
}

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

func tanhGo(y []float64) {
	for i, v := range y {
		y[i] = tanh1(v)
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
