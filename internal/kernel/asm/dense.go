package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// affine generates Y = W·X (+ bias) for blocks that are stored feature by feature, and a second
// kernel that multiplies the result by the gradient of a tanh. Every element is its bias plus
// the products in the order of the inputs, one fused multiply-add each.
func affine(v isa) {
	v.function("affine", "(y, x, w, bias *float64, in, out, n, xStride, yStride, inStride, outStride, biasStride int)",
		"writes y[j][r] = bias[j] + Σi w[i·inStride + j·outStride]·x[i][r]; strides are in bytes, those of x and y between features.")
	affineBlock(v, false)
	v.function("affineTanhGrad", "(y, x, w, bias *float64, in, out, n, xStride, yStride, inStride, outStride, biasStride int, tanh *float64)",
		"writes what affine does, times 1 − tanh[j][r]²; tanh lies as y does.")
	affineBlock(v, true)
}

// affineBlock generates the body of both kernels.
func affineBlock(v isa, gradient bool) {
	ld := param("xStride")
	rest := AllocLocal(8)
	n := param("n")
	MOVQ(n, rest)
	xs, ys := param("x"), param("y")
	unroll := 4
	if !v.wide() {
		unroll = 2
	}
	strips := func(u int) {
		loop, done := label("strip"), label("stripped")
		Label(loop)
		CMPQ(rest, imm(u*v.lanes))
		JL(LabelRef(done))
		affineStrip(v, xs, ys, ld, u, nil, gradient)
		ADDQ(imm(u*v.width()), xs)
		ADDQ(imm(u*v.width()), ys)
		SUBQ(imm(u*v.lanes), rest)
		JMP(LabelRef(loop))
		Label(done)
	}
	strips(unroll)
	end, short := label("end"), label("short")
	CMPQ(rest, imm(0))
	JE(LabelRef(end))
	// The samples that are left, and as many before them as fill the vectors, make a last strip:
	// the others are computed twice, which costs less than narrow strips.
	for u := 1; u <= unroll; u++ {
		next := label("wider")
		if u < unroll {
			CMPQ(rest, imm(u*v.lanes))
			JG(LabelRef(next))
		}
		CMPQ(paramMem("n"), imm(u*v.lanes))
		JL(LabelRef(short))
		back := GP64()
		MOVQ(rest, back)
		SUBQ(imm(u*v.lanes), back)
		LEAQ(Mem{Base: xs, Index: back, Scale: 8}, xs)
		LEAQ(Mem{Base: ys, Index: back, Scale: 8}, ys)
		affineStrip(v, xs, ys, ld, u, nil, gradient)
		JMP(LabelRef(end))
		Label(next)
	}
	Label(short)
	strips(1)
	n = GP64()
	MOVQ(rest, n)
	TESTQ(n, n)
	JZ(LabelRef(end))
	affineStrip(v, xs, ys, ld, 1, v.tail(n), gradient)
	Label(end)
	ret()
}

// affineStrip computes all outputs of the samples of u vectors.
func affineStrip(v isa, xs, ys, ld GPVirtual, u int, k *mask, gradient bool) {
	w, bias, left, y := param("w"), param("bias"), param("out"), GP64()
	MOVQ(ys, y)
	for _, rows := range []int{4, 2, 1} {
		loop, done := label("outputs"), label("outputsDone")
		Label(loop)
		CMPQ(left, imm(rows))
		JL(LabelRef(done))
		affineTile(v, xs, y, w, bias, ld, rows, u, k, gradient)
		SUBQ(imm(rows), left)
		JMP(LabelRef(loop))
		Label(done)
	}
}

// affineTile computes rows outputs of u vectors in registers and advances y, w and bias.
func affineTile(v isa, xs, y, w, bias, ld GPVirtual, rows, u int, k *mask, gradient bool) {
	acc := make([][]VecVirtual, rows)
	for j := range acc {
		acc[j] = make([]VecVirtual, u)
		acc[j][0] = v.broadcast(Mem{Base: bias})
		for i := 1; i < u; i++ {
			acc[j][i] = v.copy(acc[j][0])
		}
		ADDQ(paramMem("biasStride"), bias)
	}
	x, wi, left := GP64(), GP64(), param("in")
	MOVQ(xs, x)
	MOVQ(w, wi)
	out := param("outStride")
	out3 := GP64()
	LEAQ(Mem{Base: out, Index: out, Scale: 2}, out3)
	weights := []Mem{{Base: wi}, {Base: wi, Index: out, Scale: 1}, {Base: wi, Index: out, Scale: 2}, {Base: wi, Index: out3, Scale: 1}}
	loop := label("inputs")
	Label(loop)
	xv := make([]VecVirtual, u)
	for i := range xv {
		xv[i] = v.load(Mem{Base: x, Disp: i * v.width()}, k)
	}
	for j := range acc {
		b := v.broadcast(weights[j])
		for i := range xv {
			v.fma(xv[i], b, acc[j][i])
		}
	}
	ADDQ(ld, x)
	ADDQ(paramMem("inStride"), wi)
	DECQ(left)
	JNZ(LabelRef(loop))
	tanh := x // its distance from y
	if gradient {
		MOVQ(paramMem("tanh"), tanh)
		SUBQ(paramMem("y"), tanh)
	}
	for j := range acc {
		for i, r := range acc[j] {
			if gradient {
				t := v.load(Mem{Base: y, Index: tanh, Scale: 1, Disp: i * v.width()}, k)
				r = v.mul(r, v.fnma(t, t, v.copy(f64(1))))
			}
			v.store(r, Mem{Base: y, Disp: i * v.width()}, k)
		}
		ADDQ(paramMem("yStride"), y)
		ADDQ(out, w)
	}
}

// Offsets of the fields of kernel.RowLayer.
const (
	rowY       = 0
	rowX       = 8
	rowTheta   = 16
	rowIn      = 24
	rowOut     = 32
	rowAct     = 40
	rowTarget  = 48
	rowScale   = 56
	rowInverse = 64
	rowClip    = 72
	rowSize    = 80
)

// Bits of kernel.RowLayer's field act.
const (
	actTanh = 1 << iota
	actRoom
	actResidual
	actBend
)

// affineRows generates the dense layers of one sample, one layer after the other. The
// lanes of a vector are outputs.
func affineRows(v isa) {
	v.function("affineRows", "(layers *byte, count int)", "computes one sample's layers in order.")
	layer, count := param("layers"), param("count")
	e := newExponential(v)
	e.pin()
	v.pin(f64(e.factor(-2)), f64(tanhTop), f64(1), f64(2), u64(signBit), u64(^uint64(signBit)))
	next := label("layer")
	Label(next)
	y, w, left, ld := field(layer, rowY), field(layer, rowTheta), field(layer, rowOut), field(layer, rowOut)
	SHLQ(Imm(3), ld)
	for _, u := range []int{2, 1} {
		loop, done := label("outputs"), label("outputsDone")
		Label(loop)
		CMPQ(left, imm(u*v.lanes))
		JL(LabelRef(done))
		affineRowTile(v, e, layer, y, w, ld, u, nil)
		ADDQ(imm(u*v.width()), y)
		ADDQ(imm(u*v.width()), w)
		SUBQ(imm(u*v.lanes), left)
		JMP(LabelRef(loop))
		Label(done)
	}
	end := label("end")
	TESTQ(left, left)
	JZ(LabelRef(end))
	affineRowTile(v, e, layer, y, w, ld, 1, v.tail(left))
	Label(end)
	ADDQ(imm(rowSize), layer)
	DECQ(count)
	JNZ(LabelRef(next))
	ret()
}

func field(layer GPVirtual, offset int) GPVirtual {
	r := GP64()
	MOVQ(Mem{Base: layer, Disp: offset}, r)
	return r
}

func affineRowTile(v isa, e *exponential, layer, y, w, ld GPVirtual, u int, k *mask) {
	bias, x, wi, left := field(layer, rowIn), field(layer, rowX), GP64(), field(layer, rowIn)
	IMULQ(ld, bias)
	ADDQ(w, bias)
	MOVQ(w, wi)
	acc := make([]VecVirtual, u)
	for i := range acc {
		acc[i] = v.load(Mem{Base: bias, Disp: i * v.width()}, k)
	}
	loop := label("inputs")
	Label(loop)
	b := v.broadcast(Mem{Base: x})
	for i := range acc {
		if k == nil {
			v.fma(b, Mem{Base: wi, Disp: i * v.width()}, acc[i])
		} else {
			v.fma(b, v.load(Mem{Base: wi, Disp: i * v.width()}, k), acc[i])
		}
	}
	ADDQ(imm(8), x)
	ADDQ(ld, wi)
	DECQ(left)
	JNZ(LabelRef(loop))

	linear := label("linear")
	act := field(layer, rowAct)
	TESTQ(imm(actTanh), act)
	JZ(LabelRef(linear))
	a, d := e.fractions(acc)
	for i := range acc {
		// Neighbouring units share a division, as in tanh. The lane of a missing unit holds 0,
		// which gives tanh(0) = 0/2.
		ds := v.reg()
		VPERMILPD(Imm(swapPairs(v)), d[i], ds)
		q := v.div(v.constant(1), v.mul(d[i], ds))
		r := v.signed(v.mul(v.mul(a[i], ds), q), acc[i])
		VMOVAPD(r, acc[i])
	}
	Label(linear)
	plain := label("plain")
	TESTQ(imm(actResidual), act)
	JZ(LabelRef(plain))
	rowResidual(v, layer, y, act, acc, k, plain)
	Label(plain)
	if k != nil {
		// The processor forwards a whole store to the loads of the next layer, but not a
		// masked one.
		exact, stored := label("exact"), label("stored")
		TESTQ(imm(actRoom), act)
		JZ(LabelRef(exact))
		v.store(acc[0], Mem{Base: y}, nil)
		JMP(LabelRef(stored))
		Label(exact)
		v.store(acc[0], Mem{Base: y}, k)
		Label(stored)
		return
	}
	for i := range acc {
		v.store(acc[i], Mem{Base: y, Disp: i * v.width()}, nil)
	}
}

// rowResidual replaces the outputs at y by the scaled differences from their targets. It jumps to
// done where these are not to be bent.
func rowResidual(v isa, layer, y, act GPVirtual, acc []VecVirtual, k *mask, done string) {
	target, scale := field(layer, rowTarget), field(layer, rowScale)
	at := GP64()
	MOVQ(y, at)
	SUBQ(Mem{Base: layer, Disp: rowY}, at)
	for i := range acc {
		m := func(base GPVirtual) Mem { return Mem{Base: base, Index: at, Scale: 1, Disp: i * v.width()} }
		r := v.mul(v.sub(v.load(m(target), k), acc[i]), v.load(m(scale), k))
		VMOVAPD(r, acc[i])
	}
	TESTQ(imm(actBend), act)
	JZ(LabelRef(done))
	inverse, clip := v.broadcast(Mem{Base: layer, Disp: rowInverse}), v.broadcast(Mem{Base: layer, Disp: rowClip})
	step := len(acc)
	if !v.wide() {
		step = 1 // for want of registers
	}
	for from := 0; from < len(acc); from += step {
		part := acc[from : from+step]
		for i, r := range v.asinh(scaled(v, part, inverse)) {
			VMOVAPD(v.mul(r, clip), part[i])
		}
	}
}

func scaled(v isa, x []VecVirtual, factor VecVirtual) []VecVirtual {
	out := make([]VecVirtual, len(x))
	for i := range x {
		out[i] = v.mul(x[i], factor)
	}
	return out
}

func swapPairs(v isa) uint64 {
	if v.wide() {
		return 0x55
	}
	return 0x5
}

// dots generates the inner products of the rows of two blocks, G = X·Dᵀ, and a second kernel
// that also sums the rows of D: the gradient by the weights and biases of a layer.
func dots(v isa) {
	v.function("dots", "(dst, x, d *float64, in, out, n int)", "writes dst[i][j] = Σr x[i][r]·d[j][r].")
	allDots(v, false)
	v.function("thetaGrad", "(dst, x, d *float64, in, out, n int)", "writes dst[i][j] = Σr x[i][r]·d[j][r], and dst[in][j] = Σr d[j][r].")
	allDots(v, true)
}

// allDots generates the body of both kernels. The first rows of X also see to the sums.
func allDots(v isa, sums bool) {
	ld := param("n")
	SHLQ(Imm(3), ld)
	x, left, g := param("x"), param("in"), param("dst")
	const height = 4
	if sums {
		few, first := label("few"), label("first")
		CMPQ(left, imm(height))
		JL(LabelRef(few))
		dotsRows(v, x, left, g, ld, height, true)
		JMP(LabelRef(first))
		Label(few)
		dotsRows(v, x, left, g, ld, 1, true)
		Label(first)
	}
	for _, rows := range []int{height, 1} {
		loop, done := label("rows"), label("rowsDone")
		Label(loop)
		CMPQ(left, imm(rows))
		JL(LabelRef(done))
		dotsRows(v, x, left, g, ld, rows, false)
		JMP(LabelRef(loop))
		Label(done)
	}
	ret()
}

// dotsRows computes the products of some rows of X with all rows of D and advances to the next.
func dotsRows(v isa, x, left, g, ld GPVirtual, rows int, sums bool) {
	width := []int{4, 1}
	if !v.wide() {
		width = []int{2, 1}
	}
	d, columns, gr := param("d"), param("out"), GP64()
	MOVQ(g, gr)
	for _, cols := range width {
		inner, innerDone := label("columns"), label("columnsDone")
		Label(inner)
		CMPQ(columns, imm(cols))
		JL(LabelRef(innerDone))
		dotsTile(v, gr, x, d, ld, rows, cols, sums)
		ADDQ(imm(8*cols), gr)
		for range cols {
			ADDQ(ld, d)
		}
		SUBQ(imm(cols), columns)
		JMP(LabelRef(inner))
		Label(innerDone)
	}
	gs := param("out")
	SHLQ(Imm(3), gs)
	for range rows {
		ADDQ(ld, x)
		ADDQ(gs, g)
	}
	SUBQ(imm(rows), left)
}

// dotsTile computes rows×cols products at g. With sums, these are rows from the first on, and the
// sums of the columns go to the row after the last.
func dotsTile(v isa, g, x, d, ld GPVirtual, rows, cols int, withSums bool) {
	acc := make([][]VecVirtual, rows)
	for i := range acc {
		acc[i] = make([]VecVirtual, cols)
		for j := range acc[i] {
			acc[i][j] = v.zero()
		}
	}
	var sums []VecVirtual
	if withSums {
		for range cols {
			sums = append(sums, v.zero())
		}
	}
	xp, dp, n := GP64(), GP64(), param("n")
	MOVQ(x, xp)
	MOVQ(d, dp)
	var ld3 GPVirtual
	if rows == 4 || cols == 4 {
		ld3 = GP64()
		LEAQ(Mem{Base: ld, Index: ld, Scale: 2}, ld3)
	}
	row := func(p GPVirtual, i int) Mem {
		switch i {
		case 0:
			return Mem{Base: p}
		case 3:
			return Mem{Base: p, Index: ld3, Scale: 1}
		}
		return Mem{Base: p, Index: ld, Scale: uint8(i)}
	}
	step := func(k *mask) {
		xv := make([]VecVirtual, rows)
		for i := range xv {
			xv[i] = v.load(row(xp, i), k)
		}
		for j := range cols {
			dv := v.load(row(dp, j), k)
			for i := range xv {
				v.fma(xv[i], dv, acc[i][j])
			}
			if withSums {
				VADDPD(dv, sums[j], sums[j])
			}
		}
	}
	loop, done, end := label("loop"), label("done"), label("end")
	Label(loop)
	CMPQ(n, imm(v.lanes))
	JL(LabelRef(done))
	step(nil)
	ADDQ(imm(v.width()), xp)
	ADDQ(imm(v.width()), dp)
	SUBQ(imm(v.lanes), n)
	JMP(LabelRef(loop))
	Label(done)
	TESTQ(n, n)
	JZ(LabelRef(end))
	step(v.tail(n))
	Label(end)
	gs, gi := param("out"), GP64()
	SHLQ(Imm(3), gs)
	MOVQ(g, gi)
	for i := range acc {
		dotsStore(v, acc[i], gi)
		ADDQ(gs, gi)
	}
	if withSums {
		last := param("in")
		IMULQ(paramMem("out"), last)
		LEAQ(Mem{Base: g, Index: last, Scale: 8}, last)
		dotsStore(v, sums, last)
	}
}

// dotsStore writes the totals of some vectors.
func dotsStore(v isa, acc []VecVirtual, to GPVirtual) {
	if len(acc) == 4 {
		VMOVUPD(v.total4(acc), Mem{Base: to})
		return
	}
	for j := range acc {
		VMOVSD(v.total(acc[j]), Mem{Base: to, Disp: 8 * j})
	}
}

// low are registers for the reductions. Their VEX instructions reach the first 16 registers
// only.
var low = []VecPhysical{Y0, Y1, Y2, Y3}

// total returns the sum of the lanes of r.
func (v isa) total(r VecVirtual) Register {
	v.halves(r, low[0])
	VEXTRACTF128(Imm(1), Y0, X1)
	VADDPD(X0, X1, X1)
	VPERMILPD(Imm(1), X1, X2)
	VADDSD(X2, X1, X1)
	return X1
}

// total4 returns the sums of the lanes of four registers.
func (v isa) total4(r []VecVirtual) Register {
	for i := range r {
		v.halves(r[i], low[i])
	}
	VHADDPD(Y1, Y0, Y0)
	VHADDPD(Y3, Y2, Y2)
	VPERM2F128(Imm(0x20), Y2, Y0, Y1)
	VPERM2F128(Imm(0x31), Y2, Y0, Y3)
	VADDPD(Y3, Y1, Y1)
	return Y1
}

// halves writes the sum of the upper and the lower half of r to the YMM register to.
func (v isa) halves(r VecVirtual, to VecPhysical) {
	if !v.wide() {
		VMOVAPD(r, to)
		return
	}
	VEXTRACTF64X4(Imm(1), r, Y4)
	VMOVAPD(r, to.AsZ())
	VADDPD(Y4, to, to)
}
