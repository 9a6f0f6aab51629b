package main

import (
	"math"
	"math/big"
)

const precision = 300 // bits

func number(x float64) *big.Float { return new(big.Float).SetPrec(precision).SetFloat64(x) }

func mul(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(precision).Mul(a, b) }
func quo(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(precision).Quo(a, b) }
func sum(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(precision).Add(a, b) }
func dif(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(precision).Sub(a, b) }

// series sums terms until they are below the precision. next returns term k+1 given term k.
func series(first *big.Float, next func(k int, term *big.Float) *big.Float) *big.Float {
	s, term := number(0), first
	for k := 0; k < 2000; k++ {
		s = sum(s, term)
		term = next(k, term)
		if term.Sign() == 0 || term.MantExp(nil) < -precision {
			break
		}
	}
	return s
}

// ln2 = Σ 1/(k·2^k).
var ln2 = func() *big.Float {
	s, p := number(0), number(1)
	for k := 1; k < precision+20; k++ {
		p = quo(p, number(2))
		s = sum(s, quo(p, number(float64(k))))
	}
	return s
}()

// expm1Over returns (e^x − 1)/x.
func expm1Over(x *big.Float) *big.Float {
	return series(number(1), func(k int, t *big.Float) *big.Float { return quo(mul(t, x), number(float64(k+2))) })
}

// asinhOver returns asinh(√u)/√u.
func asinhOver(u *big.Float) *big.Float {
	if u.Cmp(number(.05)) > 0 {
		// asinh(x) = 2·asinh(x/√(2(1+√(1+x²))))
		s := new(big.Float).SetPrec(precision).Sqrt(sum(number(1), u))
		q := mul(number(2), sum(number(1), s))
		return quo(mul(number(2), asinhOver(quo(u, q))), new(big.Float).SetPrec(precision).Sqrt(q))
	}
	c := number(1) // (−1)^k (2k)!/(4^k k!²) u^k
	return series(number(1), func(k int, _ *big.Float) *big.Float {
		c = mul(mul(c, u), quo(number(-float64(2*k+1)), number(float64(2*k+2))))
		return quo(c, number(float64(2*k+3)))
	})
}

// atanhRest returns (2·atanh(√z)/√z − 2)/z.
func atanhRest(z *big.Float) *big.Float {
	p := number(2)
	return series(quo(number(2), number(3)), func(k int, _ *big.Float) *big.Float {
		p = mul(p, z)
		return quo(p, number(float64(2*k+5)))
	})
}

// interpolate returns the coefficients of the polynomial of the given degree that equals
// f at the Chebyshev nodes of [low, high]. It is nearly the best approximation.
func interpolate(f func(*big.Float) *big.Float, low, high float64, degree int) []float64 {
	n := degree + 1
	x, d := make([]*big.Float, n), make([]*big.Float, n)
	for i := range x {
		x[i] = number((low+high)/2 + (high-low)/2*math.Cos(math.Pi*(float64(i)+.5)/float64(n)))
		d[i] = f(x[i])
	}
	for k := 1; k < n; k++ { // divided differences of Newton
		for i := n - 1; i >= k; i-- {
			d[i] = quo(dif(d[i], d[i-1]), dif(x[i], x[i-k]))
		}
	}
	c := make([]*big.Float, n)
	for i := range c {
		c[i] = number(0)
	}
	for k := n - 1; k >= 0; k-- { // c = c·(x − x[k]) + d[k]
		for i := n - 1; i > 0; i-- {
			c[i] = dif(c[i-1], mul(c[i], x[k]))
		}
		c[0] = sum(d[k], mul(number(-1), mul(c[0], x[k])))
	}
	out := make([]float64, n)
	for i := range c {
		out[i], _ = c[i].Float64()
	}
	return out
}
