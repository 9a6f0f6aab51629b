package main

import (
	"math"
	"math/big"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// roundShift rounds: the sum of a number and roundShift holds the nearest integer in its
// low bits.
const roundShift = 0x1.8p52

const (
	signBit = 1 << 63
	oneBits = 0x3ff0000000000000
)

// exponential computes powers of two as 2^(k/steps)·2^(f/steps) with an integer k and
// |f| ≤ ½. AVX-512 has 16 steps and looks the first factor up in two registers; AVX2 has
// one step and builds the factor from its exponent.
type exponential struct {
	v      isa
	steps  int
	coeff  []float64 // (2^(f/steps) − 1)/f
	lo, hi VecVirtual
}

func newExponential(v isa) *exponential {
	e := &exponential{v: v, steps: 1}
	degree := 9
	if v.wide() {
		e.steps, degree = 16, 4
		t := powers()
		e.lo, e.hi = v.copy(t), v.copy(t.Offset(64))
	}
	unit := quo(ln2, number(float64(e.steps)))
	e.coeff = interpolate(func(f *big.Float) *big.Float { return mul(unit, expm1Over(mul(unit, f))) }, -.5, .5, degree)
	return e
}

var powerTable *Mem

// powers holds the bits of 2^(i/16) minus i<<48. The shifted integer k adds i<<48 again.
func powers() Mem {
	if powerTable == nil {
		m := GLOBL("powers", RODATA|NOPTR)
		for i := range 16 {
			DATA(8*i, U64(math.Float64bits(math.Exp2(float64(i)/16))-uint64(i)<<48))
		}
		powerTable = &m
	}
	return *powerTable
}

// factor is scale·log2(e)·steps.
func (e *exponential) factor(scale float64) float64 { return scale * math.Log2E * float64(e.steps) }

// split separates x·factor into an integer k and the rest f. shifted holds k in its low
// bits.
func (e *exponential) split(x Register, factor float64) (shifted, f VecVirtual) {
	v := e.v
	shifted = v.copy(f64(roundShift))
	shifted = v.fma(x, f64(factor), shifted)
	f = v.sub(shifted, f64(roundShift))
	v.fms(x, f64(factor), f) // x·factor − k
	return shifted, f
}

// power returns 2^(k/steps) and destroys shifted.
func (e *exponential) power(shifted VecVirtual) VecVirtual {
	v := e.v
	s := v.reg()
	if !v.wide() {
		VPSLLQ(Imm(52), shifted, s)
		return v.addInt(s, u64(oneBits))
	}
	VPSLLQ(Imm(48), shifted, s)
	VPERMI2PD(e.hi, e.lo, shifted)
	return v.addInt(s, shifted)
}

// fractions returns a and b with tanh|x| = a/b and 1 ≤ b ≤ 2. It computes several vectors
// in lockstep, because one vector alone would wait for each of its own results.
func (e *exponential) fractions(x []VecVirtual) (a, b []VecVirtual) {
	v := e.v
	each := func(f func(i int) VecVirtual) []VecVirtual {
		out := make([]VecVirtual, len(x))
		for i := range x {
			out[i] = f(i)
		}
		return out
	}
	ax := each(func(i int) VecVirtual { return v.and(x[i], u64(^uint64(signBit))) })
	ax = each(func(i int) VecVirtual { return v.atMost(v.constant(tanhTop), ax[i]) })
	shifted := each(func(i int) VecVirtual { return v.fma(ax[i], f64(e.factor(-2)), v.copy(f64(roundShift))) })
	f := each(func(i int) VecVirtual { return v.sub(shifted[i], f64(roundShift)) })
	f = each(func(i int) VecVirtual { return v.fms(ax[i], f64(e.factor(-2)), f[i]) })
	last := len(e.coeff) - 1
	p := each(func(i int) VecVirtual { return v.copy(f64(e.coeff[last])) })
	for k := last - 1; k >= 0; k-- {
		for i := range p {
			v.apply(VFMADD213PD, VFMADD213PD_BCST, f64(e.coeff[k]), f[i], p[i])
		}
	}
	s := each(func(i int) VecVirtual { return e.power(shifted[i]) })
	p = each(func(i int) VecVirtual { return v.mul(f[i], p[i]) })
	a = each(func(i int) VecVirtual { return v.sub(v.constant(1), s[i]) })
	a = each(func(i int) VecVirtual { return v.fnma(s[i], p[i], a[i]) })
	b = each(func(i int) VecVirtual { return v.sub(v.constant(2), a[i]) })
	return a, b
}

// exp returns exp(x) for x ≤ 0: 0 below −708, NaN for NaN.
func (e *exponential) exp(x Register) VecVirtual {
	v := e.v
	const low = -708
	c := v.atLeast(v.constant(low), x)
	shifted, f := e.split(c, e.factor(1))
	// Here the rounding error of log2(e) matters.
	rest, _ := dif(quo(number(1), ln2), number(math.Log2E)).Float64()
	f = v.fma(c, f64(rest*float64(e.steps)), f)
	p := v.mul(f, v.horner(f, e.coeff))
	s := e.power(shifted)
	r := v.fma(s, p, v.copy(s))
	v.set(r, v.compare(x, f64(low), lt), v.zero())
	return r
}

// tanhTop is a number from which on tanh rounds to 1.
const tanhTop = 20

// pin keeps the constants of split and power in registers.
func (e *exponential) pin() {
	for _, c := range e.coeff {
		e.v.pin(f64(c))
	}
	e.v.pin(f64(roundShift))
}

// signed returns r ≥ 0 with the sign of x.
func (v isa) signed(r, x Register) VecVirtual { return v.or(r, v.and(x, u64(signBit))) }

const sqrtHalfBits = 0x3fe6a09e667f3bcd

var logCoeff = interpolate(atanhRest, 0, .0295, 5)

// log returns the logarithm of x ≥ √½: Inf for Inf, NaN for NaN.
func (v isa) log(x Register) VecVirtual {
	// x = 2^k·m with √½ ≤ m < √2.
	k, m := v.subInt(x, u64(sqrtHalfBits)), v.reg()
	VPSRLQ(Imm(52), k, k)
	VPSLLQ(Imm(52), k, m)
	m = v.subInt(x, m)
	kf := v.or(k, f64(0x1p52))
	kf = v.sub(kf, f64(0x1p52))
	// log m = 2·atanh(s), s = f/(2+f), f = m − 1.
	f := v.sub(m, f64(1))
	s := v.div(f, v.add(f, f64(2)))
	z := v.mul(s, s)
	r := v.mul(z, v.horner(z, logCoeff))
	half := v.mul(v.mul(f, f64(.5)), f)
	t := v.mul(kf, f64(ln2Low))
	t = v.fma(s, v.add(r, half), t)
	t = v.sub(half, t)
	t = v.sub(t, f)
	out := v.mul(kf, f64(ln2High))
	out = v.sub(out, t)
	v.set(out, v.compare(x, f64(math.Inf(1)), nlt), x)
	return out
}

// ln2High and ln2Low add up to ln 2. ln2High has so few bits that k·ln2High is exact.
var ln2High, ln2Low = func() (float64, float64) {
	h, _ := ln2.Float64()
	h = math.Float64frombits(math.Float64bits(h) &^ (1<<20 - 1))
	l, _ := dif(ln2, number(h)).Float64()
	return h, l
}()

const asinhSmall = 1

var asinhCoeff = interpolate(asinhOver, 0, asinhSmall*asinhSmall, 17)

// asinh returns the inverse hyperbolic sine of several vectors. For |x| < 1 it is an odd
// polynomial, and sign(x)·log(|x| + √(x²+1)) above.
func (v isa) asinh(x []VecVirtual) []VecVirtual {
	ax, u, r := make([]VecVirtual, len(x)), make([]VecVirtual, len(x)), make([]VecVirtual, len(x))
	for i := range x {
		ax[i] = v.and(x[i], u64(^uint64(signBit)))
		u[i] = v.mul(ax[i], ax[i])
		r[i] = v.copy(f64(asinhCoeff[len(asinhCoeff)-1]))
	}
	for k := len(asinhCoeff) - 2; k >= 0; k-- {
		for i := range x {
			v.apply(VFMADD213PD, VFMADD213PD_BCST, f64(asinhCoeff[k]), u[i], r[i])
		}
	}
	for i := range x {
		r[i] = v.mul(ax[i], r[i])
		v.asinhLarge(ax[i], r[i])
		r[i] = v.signed(r[i], x[i])
	}
	return r
}

// asinhLarge replaces r where x ≥ 1.
func (v isa) asinhLarge(x, r VecVirtual) {
	large := v.compare(x, f64(asinhSmall), nlt)
	small := label("small")
	v.unlessAny(large, small)
	const huge = 1e150 // its square does not overflow
	c := v.atMost(v.constant(huge), x)
	w := v.fma(c, c, v.copy(f64(1)))
	w = v.add(x, v.sqrt(w))
	add := v.zero()
	beyond := v.compare(x, f64(huge), nlt)
	v.set(w, beyond, x)
	h, _ := ln2.Float64()
	v.set(add, beyond, f64(h))
	v.set(r, large, v.add(v.log(w), add))
	Label(small)
}
