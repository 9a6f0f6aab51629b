package main

import (
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// tanh generates the tanh of a block of units × samples. It takes two units at a time,
// which share one division: a/b = ad/(bd) and c/d = cb/(bd).
func tanh(v isa) {
	v.function("tanh", "(y *float64, units, n int)", "replaces a block by its tanh.")
	p, left, ld := param("y"), param("units"), param("n")
	SHLQ(Imm(3), ld)
	e := newExponential(v)
	e.pin()
	v.pin(f64(e.factor(-2)), f64(tanhTop), f64(1), f64(2), u64(signBit), u64(^uint64(signBit)))
	unroll := 2
	if !v.wide() {
		unroll = 1
	}
	loop, single, end := label("pairs"), label("single"), label("end")
	Label(loop)
	CMPQ(left, imm(2))
	JL(LabelRef(single))
	q := GP64()
	LEAQ(Mem{Base: p, Index: ld, Scale: 1}, q)
	n := param("n")
	v.each(n, unroll, func(b block) {
		var x []VecVirtual
		for u := range b.vectors {
			x = append(x, v.load(v.mem(b, p, u), b.mask), v.load(v.mem(b, q, u), b.mask))
		}
		a, d := e.fractions(x)
		for u := range b.vectors {
			i, j := 2*u, 2*u+1
			r := v.div(v.constant(1), v.mul(d[i], d[j]))
			a[i], a[j] = v.mul(a[i], d[j]), v.mul(a[j], d[i])
			v.store(v.signed(v.mul(a[i], r), x[i]), v.mem(b, p, u), b.mask)
			v.store(v.signed(v.mul(a[j], r), x[j]), v.mem(b, q, u), b.mask)
		}
	})
	LEAQ(Mem{Base: p, Index: ld, Scale: 2}, p)
	SUBQ(imm(2), left)
	JMP(LabelRef(loop))
	Label(single)
	TESTQ(left, left)
	JZ(LabelRef(end))
	n = param("n")
	v.each(n, 2*unroll, func(b block) {
		var x []VecVirtual
		for u := range b.vectors {
			x = append(x, v.load(v.mem(b, p, u), b.mask))
		}
		a, d := e.fractions(x)
		for u := range x {
			r := v.div(v.constant(1), d[u])
			v.store(v.signed(v.mul(a[u], r), x[u]), v.mem(b, p, u), b.mask)
		}
	})
	Label(end)
	ret()
}

// elementwise generates a kernel dst[i] = f(inputs[i]). names are the slices that it reads
// and scalars its float64 parameters, separated by ", ".
func elementwise(v isa, name, scalars, doc string, f func(in []VecVirtual, constant func(string) VecVirtual) VecVirtual, names ...string) {
	signature := "(dst"
	for _, s := range names {
		if s != "dst" {
			signature += ", " + s
		}
	}
	signature += " *float64, n int"
	if scalars != "" {
		signature += ", " + scalars + " float64"
	}
	v.function(name, signature+")", doc)
	pointers := map[string]GPVirtual{"dst": param("dst")}
	for _, s := range names {
		if s != "dst" {
			pointers[s] = param(s)
		}
	}
	loaded := map[string]VecVirtual{}
	constant := func(s string) VecVirtual {
		if loaded[s] == nil {
			panic("constant " + s + " is not loaded")
		}
		return loaded[s]
	}
	if scalars != "" {
		for s := range strings.SplitSeq(scalars, ", ") {
			loaded[s] = v.broadcastParam(s)
		}
	}
	v.each(param("n"), 2, func(b block) {
		for u := range b.vectors {
			in := make([]VecVirtual, len(names))
			for i, s := range names {
				in[i] = v.load(v.mem(b, pointers[s], u), b.mask)
			}
			v.store(f(in, constant), v.mem(b, pointers["dst"], u), b.mask)
		}
	})
	ret()
}

// simple generates the elementwise kernels.
func simple(v isa) {
	type vecs = []VecVirtual
	type scalar = func(string) VecVirtual
	elementwise(v, "tanhGrad", "", "writes dst = dy·(1 − y²).", func(in vecs, _ scalar) VecVirtual {
		return v.mul(in[0], v.fnma(in[1], in[1], v.copy(f64(1))))
	}, "dy", "y")
	elementwise(v, "mul", "", "writes dst = x·y.", func(in vecs, _ scalar) VecVirtual { return v.mul(in[0], in[1]) }, "x", "y")
	elementwise(v, "scaledDiff", "a", "writes dst = a·(x − y).", func(in vecs, c scalar) VecVirtual {
		return v.mul(v.sub(in[0], in[1]), c("a"))
	}, "x", "y")
	elementwise(v, "shift", "a", "writes dst = x − a.", func(in vecs, c scalar) VecVirtual { return v.sub(in[0], c("a")) }, "x")
	elementwise(v, "axpy", "a", "adds a·x to dst.", func(in vecs, c scalar) VecVirtual { return v.fma(in[1], c("a"), in[0]) }, "dst", "x")
	elementwise(v, "log1p", "unit", "replaces dst by log(1 + |dst|/unit) with the sign of dst.", func(in vecs, c scalar) VecVirtual {
		x := v.div(v.and(in[0], u64(^uint64(signBit))), c("unit"))
		u := v.add(x, f64(1))
		rest := v.sub(x, v.sub(u, f64(1))) // the rounding error of u
		return v.signed(v.add(v.log(u), v.div(rest, u)), in[0])
	}, "dst")
	elementwise(v, "scale", "a", "multiplies dst by a.", func(in vecs, c scalar) VecVirtual { return v.mul(in[0], c("a")) }, "dst")
	elementwise(v, "standardise", "center, scale, limit", "replaces dst by (dst − center)/scale, within ±limit.", func(in vecs, c scalar) VecVirtual {
		r := v.div(v.sub(in[0], c("center")), c("scale"))
		r = v.atMost(c("limit"), r)
		low := v.sub(v.zero(), c("limit"))
		return v.atLeast(low, r)
	}, "dst")
}

// bend generates the compression of large values.
func bend(v isa) {
	v.function("bend", "(dst *float64, n int, scale, clip float64)", "replaces dst by clip·asinh(dst·scale).")
	dst, scale, clip := param("dst"), v.broadcastParam("scale"), v.broadcastParam("clip")
	unroll := 1
	if v.wide() {
		unroll = 4
	}
	v.each(param("n"), unroll, func(b block) {
		x := make([]VecVirtual, b.vectors)
		for u := range x {
			x[u] = v.mul(v.load(v.mem(b, dst, u), b.mask), scale)
		}
		for u, r := range v.asinh(x) {
			v.store(v.mul(r, clip), v.mem(b, dst, u), b.mask)
		}
	})
	ret()
}

// reduction generates a kernel that returns a sum over the samples. It keeps four running
// sums, so that one addition does not wait for the last.
func reduction(v isa, name, signature, doc string, names []string, f func(acc VecVirtual, in []VecVirtual) VecVirtual) {
	v.function(name, signature, doc)
	var pointers []GPVirtual
	for _, s := range names {
		pointers = append(pointers, param(s))
	}
	acc := make([]VecVirtual, 4)
	for i := range acc {
		acc[i] = v.zero()
	}
	v.each(param("n"), len(acc), func(b block) {
		for u := range b.vectors {
			in := make([]VecVirtual, len(names))
			for i := range in {
				in[i] = v.load(v.mem(b, pointers[i], u), b.mask)
			}
			f(acc[u], in)
		}
	})
	VADDPD(acc[1], acc[0], acc[0])
	VADDPD(acc[3], acc[2], acc[2])
	VADDPD(acc[2], acc[0], acc[0])
	Store(v.total(acc[0]), ReturnIndex(0))
	ret()
}

// reductions generates the kernels that return a sum.
func reductions(v isa) {
	reduction(v, "dot", "(x, y *float64, n int) float64", "returns Σ x·y.", []string{"x", "y"},
		func(acc VecVirtual, in []VecVirtual) VecVirtual { return v.fma(in[0], in[1], acc) })
	reduction(v, "sum", "(x *float64, n int) float64", "returns Σ x.", []string{"x"},
		func(acc VecVirtual, in []VecVirtual) VecVirtual { VADDPD(in[0], acc, acc); return acc })
	reduction(v, "squaredDistance", "(x, y *float64, n int) float64", "returns Σ (x−y)².", []string{"x", "y"},
		func(acc VecVirtual, in []VecVirtual) VecVirtual { d := v.sub(in[0], in[1]); return v.fma(d, d, acc) })
}

// maxAbs generates the largest magnitude. It ignores NaN.
func maxAbs(v isa) {
	v.function("maxAbs", "(x *float64, n int) float64", "returns max |x| without NaN.")
	x := param("x")
	acc := v.zero()
	v.each(param("n"), 2, func(b block) {
		for u := range b.vectors {
			// Where one operand is NaN, the instruction returns the second.
			VMAXPD(acc, v.and(v.load(v.mem(b, x, u), b.mask), u64(^uint64(signBit))), acc)
		}
	})
	if v.wide() {
		VEXTRACTF64X4(Imm(1), acc, Y0)
		VMOVAPD(acc, Z1)
		VMAXPD(Y1, Y0, Y0)
	} else {
		VMOVAPD(acc, Y0)
	}
	VEXTRACTF128(Imm(1), Y0, X1)
	VMAXPD(X0, X1, X1)
	VPERMILPD(Imm(1), X1, X2)
	VMAXSD(X2, X1, X1)
	Store(X1, ReturnIndex(0))
	ret()
}

// adam generates the update of one slice of parameters.
func adam(v isa) {
	v.function("adam", "(w, m, s, grad *float64, n int, factor, beta1, beta2, rate, eps float64)",
		"takes grad·factor into the moments m and s and moves w by −rate·m/(√s + eps); beta1 and beta2 are the weights of the new gradient.")
	w, m, s, g := param("w"), param("m"), param("s"), param("grad")
	factor, beta1, beta2 := v.broadcastParam("factor"), v.broadcastParam("beta1"), v.broadcastParam("beta2")
	rate, eps := v.broadcastParam("rate"), v.broadcastParam("eps")
	v.each(param("n"), 1, func(b block) {
		gv := v.mul(v.load(v.mem(b, g, 0), b.mask), factor)
		mv, sv := v.load(v.mem(b, m, 0), b.mask), v.load(v.mem(b, s, 0), b.mask)
		mv = v.fma(v.sub(gv, mv), beta1, mv)
		d := v.copy(sv)
		v.fms(gv, gv, d) // g² − s
		sv = v.fma(d, beta2, sv)
		v.store(mv, v.mem(b, m, 0), b.mask)
		v.store(sv, v.mem(b, s, 0), b.mask)
		step := v.div(v.mul(mv, rate), v.add(v.sqrt(sv), eps))
		v.store(v.sub(v.load(v.mem(b, w, 0), b.mask), step), v.mem(b, w, 0), b.mask)
	})
	ret()
}
