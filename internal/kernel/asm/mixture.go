package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// classes emits a loop over the k rows of a block at the step b. body gets the address of
// each row's samples.
func classes(base, ld GPVirtual, b block, body func(m Mem)) {
	p, left := GP64(), param("k")
	LEAQ(Mem{Base: base, Index: b.at, Scale: 1}, p)
	loop := label("classes")
	Label(loop)
	body(Mem{Base: p})
	ADDQ(ld, p)
	DECQ(left)
	JNZ(LabelRef(loop))
}

// softmax generates two kernels: the softmax over the classes of each sample, which also
// writes the logarithm of its denominator, and that logarithm alone.
func softmax(v isa) {
	v.function("softmax", "(x, lse *float64, k, n int)", "replaces logits, k classes × n samples, by their softmax and writes their log-sum-exp.")
	logSumExp(v, true)
	v.function("logSumExp", "(x, lse *float64, k, n int)", "writes the log-sum-exp of k classes × n samples.")
	logSumExp(v, false)
}

// logSumExp generates the body of both kernels.
func logSumExp(v isa, normalise bool) {
	x, lse, ld := param("x"), param("lse"), param("n")
	SHLQ(Imm(3), ld)
	e := newExponential(v)
	e.pin()
	v.each(param("n"), 1, func(b block) {
		top := v.load(v.mem(b, x, 0), b.mask)
		classes(x, ld, b, func(m Mem) { VMAXPD(v.load(m, b.mask), top, top) })
		total := v.zero()
		classes(x, ld, b, func(m Mem) {
			p := e.exp(v.sub(v.load(m, b.mask), top))
			VADDPD(p, total, total)
			if normalise {
				v.store(p, m, b.mask)
			}
		})
		if normalise {
			r := v.div(v.constant(1), total)
			classes(x, ld, b, func(m Mem) { v.store(v.mul(v.load(m, b.mask), r), m, b.mask) })
		}
		out := v.add(v.log(total), top)
		v.set(out, v.compare(top, f64(math.Inf(-1)), eq), top)
		v.store(out, v.mem(b, lse, 0), b.mask)
	})
	ret()
}

// softmaxGrad generates the gradient of the softmax with respect to the logits.
func softmaxGrad(v isa) {
	v.function("softmaxGrad", "(dst, dy, y *float64, k, n int)", "writes dst = y·(dy − Σ dy·y), k classes × n samples.")
	dst, dy, y, ld := param("dst"), param("dy"), param("y"), param("n")
	SHLQ(Imm(3), ld)
	v.each(param("n"), 1, func(b block) {
		s := v.zero()
		d, q, o, left := GP64(), GP64(), GP64(), param("k")
		LEAQ(v.mem(b, dy, 0), d)
		LEAQ(v.mem(b, y, 0), q)
		LEAQ(v.mem(b, dst, 0), o)
		first := label("classes")
		Label(first)
		v.fma(v.load(Mem{Base: d}, b.mask), v.load(Mem{Base: q}, b.mask), s)
		ADDQ(ld, d)
		ADDQ(ld, q)
		DECQ(left)
		JNZ(LabelRef(first))
		LEAQ(v.mem(b, dy, 0), d)
		LEAQ(v.mem(b, y, 0), q)
		left = param("k")
		second := label("classes")
		Label(second)
		r := v.sub(v.load(Mem{Base: d}, b.mask), s)
		v.store(v.mul(r, v.load(Mem{Base: q}, b.mask)), Mem{Base: o}, b.mask)
		ADDQ(ld, d)
		ADDQ(ld, q)
		ADDQ(ld, o)
		DECQ(left)
		JNZ(LabelRef(second))
	})
	ret()
}

// logDensity generates the log density of one component, for full and for diagonal
// covariance matrices. Each element of L⁻¹(z − μ) is summed in registers.
func logDensity(v isa) {
	v.function("logDensity", "(dst, z, mu, linv *float64, d, n int, logw float64)",
		"writes logw − ½·|L⁻¹(z−μ)|², linv the lower triangle by rows.")
	logDensities(v, true)
	v.function("logDensityDiag", "(dst, z, mu, linv *float64, d, n int, logw float64)",
		"writes logw − ½·Σ (linv·(z−μ))².")
	logDensities(v, false)
}

// logDensities generates the body of both kernels.
func logDensities(v isa, full bool) {
	dst, z, mu, ld := param("dst"), param("z"), param("mu"), param("n")
	SHLQ(Imm(3), ld)
	logw := v.broadcastParam("logw")
	v.each(param("n"), 2, func(b block) {
		q := make([]VecVirtual, b.vectors)
		for u := range q {
			q[u] = v.zero()
		}
		l, i := param("linv"), GP64()
		MOVQ(imm(1), i)
		zi, mi := GP64(), GP64()
		row := label("row")
		if !full {
			LEAQ(v.mem(b, z, 0), zi)
			MOVQ(mu, mi)
		}
		Label(row)
		if full {
			s := make([]VecVirtual, b.vectors)
			for u := range s {
				s[u] = v.zero()
			}
			left := GP64()
			MOVQ(i, left)
			LEAQ(v.mem(b, z, 0), zi)
			MOVQ(mu, mi)
			inner := label("column")
			Label(inner)
			m, w := v.broadcast(Mem{Base: mi}), v.broadcast(Mem{Base: l})
			for u := range s {
				v.fma(v.sub(v.load(Mem{Base: zi, Disp: u * v.width()}, b.mask), m), w, s[u])
			}
			ADDQ(ld, zi)
			ADDQ(imm(8), mi)
			ADDQ(imm(8), l)
			DECQ(left)
			JNZ(LabelRef(inner))
			for u := range s {
				v.fma(s[u], s[u], q[u])
			}
		} else {
			m, w := v.broadcast(Mem{Base: mi}), v.broadcast(Mem{Base: l})
			for u := range q {
				s := v.mul(v.sub(v.load(Mem{Base: zi, Disp: u * v.width()}, b.mask), m), w)
				v.fma(s, s, q[u])
			}
			ADDQ(ld, zi)
			ADDQ(imm(8), mi)
			ADDQ(imm(8), l)
		}
		INCQ(i)
		CMPQ(i, paramMem("d"))
		JLE(LabelRef(row))
		for u := range q {
			v.store(v.fnma(q[u], f64(.5), v.copy(logw)), v.mem(b, dst, u), b.mask)
		}
	})
	ret()
}

// halfSquares generates the log density of whitened coordinates, for training.
func halfSquares(v isa) {
	v.function("halfSquares", "(dst, w *float64, k, n int, logw float64)", "writes logw − ½·Σ w² over k rows × n samples.")
	dst, w, ld := param("dst"), param("w"), param("n")
	SHLQ(Imm(3), ld)
	logw := v.broadcastParam("logw")
	v.each(param("n"), 1, func(b block) {
		q := v.zero()
		classes(w, ld, b, func(m Mem) { x := v.load(m, b.mask); v.fma(x, x, q) })
		v.store(v.fnma(q, f64(.5), v.copy(logw)), v.mem(b, dst, 0), b.mask)
	})
	ret()
}

// objectiveGrad generates the kernel that adds up the gradients of one dimension.
func objectiveGrad(v isa) {
	v.function("objectiveGrad", "(dz, dgamma, wrho, y, gamma, gd, centred *float64, n int, inverse, dmu, trace float64)",
		"adds wrho·y + gamma·inverse·(2·gd + dmu) to dz and inverse·(centred·(gd + dmu) − trace) to dgamma.")
	dz, dgamma, wrho, y := param("dz"), param("dgamma"), param("wrho"), param("y")
	gamma, gd, centred := param("gamma"), param("gd"), param("centred")
	inverse, dmu, trace := v.broadcastParam("inverse"), v.broadcastParam("dmu"), v.broadcastParam("trace")
	v.each(param("n"), 1, func(b block) {
		g := v.load(v.mem(b, gd, 0), b.mask)
		t := v.add(g, dmu)
		out := v.load(v.mem(b, dz, 0), b.mask)
		v.fma(v.load(v.mem(b, wrho, 0), b.mask), v.load(v.mem(b, y, 0), b.mask), out)
		v.fma(v.mul(v.load(v.mem(b, gamma, 0), b.mask), inverse), v.add(t, g), out)
		v.store(out, v.mem(b, dz, 0), b.mask)
		c := v.mul(v.load(v.mem(b, centred, 0), b.mask), t)
		dg := v.load(v.mem(b, dgamma, 0), b.mask)
		v.fma(v.sub(c, trace), inverse, dg)
		v.store(dg, v.mem(b, dgamma, 0), b.mask)
	})
	ret()
}

// relativeCosine generates the paper's two error features.
func relativeCosine(v isa) {
	v.function("relativeCosine", "(dst, t, y *float64, k, n int, floor float64)",
		"writes |t−y|/|t| and t·y/(|t||y|) of k targets × n samples, norms at least floor.")
	dst, t, y, ld := param("dst"), param("t"), param("y"), param("n")
	SHLQ(Imm(3), ld)
	floor := v.broadcastParam("floor")
	second := GP64()
	LEAQ(Mem{Base: dst, Index: ld, Scale: 1}, second)
	v.each(param("n"), 1, func(b block) {
		p := products(v, t, y, ld, b)
		nt, ny := v.atLeast(floor, v.sqrt(p.tt)), v.atLeast(floor, v.sqrt(p.yy))
		r := v.div(v.constant(1), v.mul(nt, ny))
		v.store(v.mul(v.mul(v.sqrt(p.dd), ny), r), v.mem(b, dst, 0), b.mask)
		v.store(v.mul(p.ty, r), v.mem(b, second, 0), b.mask)
	})
	ret()
}

// sums hold Σ t², Σ y², Σ t·y and Σ (t−y)² over the targets t and reconstructions y of
// each sample.
type sums struct{ tt, yy, ty, dd VecVirtual }

// products computes the sums of the samples of step b.
func products(v isa, t, y, ld GPVirtual, b block) sums {
	s := sums{v.zero(), v.zero(), v.zero(), v.zero()}
	tp, yp, left := GP64(), GP64(), param("k")
	LEAQ(v.mem(b, t, 0), tp)
	LEAQ(v.mem(b, y, 0), yp)
	loop := label("targets")
	Label(loop)
	tv, yv := v.load(Mem{Base: tp}, b.mask), v.load(Mem{Base: yp}, b.mask)
	v.fma(tv, tv, s.tt)
	v.fma(yv, yv, s.yy)
	v.fma(tv, yv, s.ty)
	d := v.sub(tv, yv)
	v.fma(d, d, s.dd)
	ADDQ(ld, tp)
	ADDQ(ld, yp)
	DECQ(left)
	JNZ(LabelRef(loop))
	return s
}

// relativeCosineGrad generates the gradient of the features with respect to the reconstruction.
func relativeCosineGrad(v isa) {
	v.function("relativeCosineGrad", "(dst, grad, t, y *float64, k, n int, floor float64)",
		"adds the gradient by y to dst, given the gradients by the two features.")
	dst, grad, t, y, ld := param("dst"), param("grad"), param("t"), param("y"), param("n")
	SHLQ(Imm(3), ld)
	floor := v.broadcastParam("floor")
	second := GP64()
	LEAQ(Mem{Base: grad, Index: ld, Scale: 1}, second)
	v.each(param("n"), 1, func(b block) {
		p := products(v, t, y, ld, b)
		nt, yn := v.atLeast(floor, v.sqrt(p.tt)), v.sqrt(p.yy)
		ny := v.atLeast(floor, yn)
		// The distance has no gradient where target and reconstruction are equal.
		distance := v.div(v.load(v.mem(b, grad, 0), b.mask), v.mul(nt, v.sqrt(p.dd)))
		v.set(distance, v.compare(p.dd, f64(0), eq), v.zero())
		cosine := v.div(v.load(v.mem(b, second, 0), b.mask), v.mul(nt, ny))
		// Below the floor, the norm of the reconstruction counts as a constant.
		shrink := v.div(p.ty, p.yy)
		v.set(shrink, v.compare(floor, yn, nlt), v.zero())

		tp, yp, out, left := GP64(), GP64(), GP64(), param("k")
		LEAQ(v.mem(b, t, 0), tp)
		LEAQ(v.mem(b, y, 0), yp)
		LEAQ(v.mem(b, dst, 0), out)
		loop := label("targets")
		Label(loop)
		tv, yv := v.load(Mem{Base: tp}, b.mask), v.load(Mem{Base: yp}, b.mask)
		r := v.load(Mem{Base: out}, b.mask)
		v.fma(distance, v.sub(yv, tv), r)
		v.fma(cosine, v.fnma(shrink, yv, tv), r)
		v.store(r, Mem{Base: out}, b.mask)
		ADDQ(ld, tp)
		ADDQ(ld, yp)
		ADDQ(ld, out)
		DECQ(left)
		JNZ(LabelRef(loop))
	})
	ret()
}
