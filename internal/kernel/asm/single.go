package main

import (
	"fmt"
	"math"
	"math/big"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// single is an instruction set to generate kernels on float32 for. They work on whole blocks of
// samples (kernel.BlockRows), so none of them needs a mask.
type single struct{ isa }

// rowBytes is the size of one feature of a block: 32 samples.
const rowBytes = 128

// vectors is the number of vectors that one feature of a block fills.
func (v single) vectors() int { return rowBytes / v.width() }

// strip is the number of vectors of samples that a kernel works on at a time.
const strip = 2

// at addresses vector u of feature i at base.
func (v single) at(base GPVirtual, i, u int) Mem {
	return Mem{Base: base, Disp: i*rowBytes + u*v.width()}
}

func (v single) load(m Mem) VecVirtual           { r := v.reg(); VMOVUPS(m, r); return r }
func (v single) store(r VecVirtual, m Mem)       { VMOVUPS(r, m) }
func (v single) broadcast(m Mem) VecVirtual      { r := v.reg(); VBROADCASTSS(m, r); return r }
func (v single) copy(x Op) VecVirtual            { r := v.reg(); VMOVAPS(x, r); return r }
func (v single) sub(a Register, b Op) VecVirtual { r := v.reg(); VSUBPS(b, a, r); return r }
func (v single) mul(a Register, b Op) VecVirtual { r := v.reg(); VMULPS(b, a, r); return r }
func (v single) div(a Register, b Op) VecVirtual { r := v.reg(); VDIVPS(b, a, r); return r }

// fma returns a·b + c in c's register.
func (v single) fma(a Register, b Op, c VecVirtual) VecVirtual { VFMADD231PS(b, a, c); return c }

// fnma returns c − a·b in c's register.
func (v single) fnma(a Register, b Op, c VecVirtual) VecVirtual { VFNMADD231PS(b, a, c); return c }

// constant returns an operand with x in all lanes. It must not be written.
func (v single) constant(x float32) Op { return v.bits(math.Float32bits(x)) }

func (v single) bits(bits uint32) Op {
	name := fmt.Sprintf("s%08x", bits)
	m, ok := constants[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		for i := range v.width() / 4 {
			DATA(4*i, U32(bits))
		}
		constants[name] = m
	}
	return place(m)
}

// keep holds constants in registers from here to the end of the kernel, where there are enough.
func (v single) keep(constants ...Op) {
	for _, c := range constants {
		if m, ok := c.(Mem); ok && v.wide() {
			pinned[m.Symbol.Name] = v.load(m)
		}
	}
}

func (v single) and(a Register, b Op) VecVirtual {
	r := v.reg()
	if v.wide() {
		VPANDD(b, a, r)
	} else {
		VPAND(b, a, r)
	}
	return r
}

func (v single) or(a Register, b Op) VecVirtual {
	r := v.reg()
	if v.wide() {
		VPORD(b, a, r)
	} else {
		VPOR(b, a, r)
	}
	return r
}

// generateSingle generates all kernels on float32.
func generateSingle(v single) {
	ConstraintExpr("!noasm")
	affine32(v)
	dots32(v)
	sums32(v)
	tanh32(v)
	compare32(v)
	reconstructionGrad32(v)
	residualGrad32(v)
	difference32(v)
	centre32(v)
	transpose32(v)
	Generate()
}

// affine32 generates Y = W·X (+ bias) for one block, and a second kernel that multiplies the
// result by the gradient of a tanh, as affine does for float64.
func affine32(v single) {
	v.function("affineF32", "(y, x, w, bias *float32, in, out, inStride, outStride, biasStride int)",
		"writes y[j][r] = bias[j] + Σi w[i·inStride + j·outStride]·x[i][r] of one block; strides are in bytes.")
	affine32Block(v, false)
	v.function("affineTanhGradF32", "(y, x, w, bias *float32, in, out, inStride, outStride, biasStride int, tanh *float32)",
		"writes what affineF32 does, times 1 − tanh[j][r]².")
	affine32Block(v, true)
}

// multiples are a stride in bytes and odd multiples of it.
type multiples struct{ one, three, five, seven GPVirtual }

func newMultiples(stride GPVirtual) multiples {
	m := multiples{stride, GP64(), GP64(), GP64()}
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, m.three)
	LEAQ(Mem{Base: stride, Index: stride, Scale: 4}, m.five)
	LEAQ(Mem{Base: m.three, Index: stride, Scale: 4}, m.seven)
	return m
}

// at addresses base plus k strides, 0 ≤ k ≤ 8.
func (m multiples) at(base GPVirtual, k int) Mem {
	switch k {
	case 0:
		return Mem{Base: base}
	case 3:
		return Mem{Base: base, Index: m.three, Scale: 1}
	case 5:
		return Mem{Base: base, Index: m.five, Scale: 1}
	case 6:
		return Mem{Base: base, Index: m.three, Scale: 2}
	case 7:
		return Mem{Base: base, Index: m.seven, Scale: 1}
	}
	return Mem{Base: base, Index: m.one, Scale: uint8(k)}
}

func affine32Block(v single, gradient bool) {
	heights := []int{8, 4, 2, 1}
	if !v.wide() {
		heights = []int{6, 4, 2, 1} // 12 accumulators, 2 vectors of x and a weight fill 15 of 16 registers
	}
	if gradient {
		v.keep(v.constant(1))
	}
	xs, out := param("x"), newMultiples(param("outStride"))
	for from := 0; from < v.vectors(); from += strip {
		y, w, bias, left := param("y"), param("w"), param("bias"), param("out")
		for _, rows := range heights {
			loop, done := label("outputs"), label("outputsDone")
			Label(loop)
			CMPQ(left, imm(rows))
			JL(LabelRef(done))
			affine32Tile(v, xs, y, w, bias, out, rows, from, gradient)
			SUBQ(imm(rows), left)
			JMP(LabelRef(loop))
			Label(done)
		}
	}
	ret()
}

// affine32Tile computes rows outputs of a strip in registers and advances y, w and bias.
func affine32Tile(v single, xs, y, w, bias GPVirtual, out multiples, rows, from int, gradient bool) {
	acc := make([][]VecVirtual, rows)
	for j := range acc {
		b := v.broadcast(Mem{Base: bias})
		acc[j] = []VecVirtual{b, v.copy(b)}
		ADDQ(paramMem("biasStride"), bias)
	}
	x, wi, left := GP64(), GP64(), param("in")
	MOVQ(xs, x)
	MOVQ(w, wi)
	loop := label("inputs")
	Label(loop)
	xv := [strip]VecVirtual{v.load(v.at(x, 0, from)), v.load(v.at(x, 0, from+1))}
	for j := range acc {
		b := v.broadcast(out.at(wi, j))
		for i := range xv {
			v.fma(xv[i], b, acc[j][i])
		}
	}
	ADDQ(imm(rowBytes), x)
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
				m := v.at(y, j, from+i)
				m.Index, m.Scale = tanh, 1
				t := v.load(m)
				r = v.mul(r, v.fnma(t, t, v.copy(v.constant(1))))
			}
			v.store(r, v.at(y, j, from+i))
		}
	}
	ADDQ(imm(rows*rowBytes), y)
	LEAQ(out.at(w, rows), w)
}

// dots32 generates the gradient by the weights of a layer, G = X·Dᵀ over all blocks.
func dots32(v single) {
	v.function("dotsF32", "(dst, x, d *float32, in, out, blocks, xBlock, dBlock int)",
		"writes dst[i][j] = Σr x[i][r]·d[j][r] over all blocks, which are xBlock and dBlock bytes apart.")
	x, left, g, gs := param("x"), param("in"), param("dst"), param("out")
	SHLQ(Imm(2), gs)
	widths := []int{4, 2, 1}
	if !v.wide() {
		widths = []int{2, 1}
	}
	for _, rows := range []int{4, 2, 1} {
		loop, done := label("rows"), label("rowsDone")
		Label(loop)
		CMPQ(left, imm(rows))
		JL(LabelRef(done))
		d, columns, gr := param("d"), param("out"), GP64()
		MOVQ(g, gr)
		for _, cols := range widths {
			inner, innerDone := label("columns"), label("columnsDone")
			Label(inner)
			CMPQ(columns, imm(cols))
			JL(LabelRef(innerDone))
			dots32Tile(v, gr, gs, x, d, rows, cols)
			ADDQ(imm(4*cols), gr)
			ADDQ(imm(cols*rowBytes), d)
			SUBQ(imm(cols), columns)
			JMP(LabelRef(inner))
			Label(innerDone)
		}
		ADDQ(imm(rows*rowBytes), x)
		for range rows {
			ADDQ(gs, g)
		}
		SUBQ(imm(rows), left)
		JMP(LabelRef(loop))
		Label(done)
	}
	ret()
}

// dots32Tile computes rows×cols products at g, whose rows are gs bytes apart.
func dots32Tile(v single, g, gs, x, d GPVirtual, rows, cols int) {
	acc := make([][]VecVirtual, rows)
	for i := range acc {
		acc[i] = make([]VecVirtual, cols)
		for j := range acc[i] {
			acc[i][j] = v.zero()
		}
	}
	xp, dp, left := GP64(), GP64(), param("blocks")
	MOVQ(x, xp)
	MOVQ(d, dp)
	loop := label("blocks")
	Label(loop)
	xv := make([]VecVirtual, rows)
	for u := range v.vectors() {
		for i := range xv {
			xv[i] = v.load(v.at(xp, i, u))
		}
		for j := range cols {
			dv := v.load(v.at(dp, j, u))
			for i := range xv {
				v.fma(xv[i], dv, acc[i][j])
			}
		}
	}
	ADDQ(paramMem("xBlock"), xp)
	ADDQ(paramMem("dBlock"), dp)
	DECQ(left)
	JNZ(LabelRef(loop))
	gi := GP64()
	MOVQ(g, gi)
	for i := range acc {
		v.storeTotals(acc[i], gi)
		ADDQ(gs, gi)
	}
}

// storeTotals writes the sums of the lanes of one, two or four vectors.
func (v single) storeTotals(r []VecVirtual, to GPVirtual) {
	for i := range r {
		v.halves(r[i], low[i])
	}
	switch len(r) {
	case 4:
		VHADDPS(Y1, Y0, Y0)
		VHADDPS(Y3, Y2, Y2)
		VHADDPS(Y2, Y0, Y0)
	case 2:
		VHADDPS(Y1, Y0, Y0)
		VHADDPS(Y0, Y0, Y0)
	default:
		VHADDPS(Y0, Y0, Y0)
		VHADDPS(Y0, Y0, Y0)
	}
	VEXTRACTF128(Imm(1), Y0, X1)
	VADDPS(X1, X0, X0)
	switch len(r) {
	case 4:
		VMOVUPS(X0, Mem{Base: to})
	case 2:
		VMOVLPS(X0, Mem{Base: to})
	default:
		VMOVSS(X0, Mem{Base: to})
	}
}

// halves writes the sum of the upper and the lower half of r to the YMM register to.
func (v single) halves(r VecVirtual, to VecPhysical) {
	if !v.wide() {
		VMOVAPS(r, to)
		return
	}
	VEXTRACTF64X4(Imm(1), r, Y4)
	VMOVAPS(r, to.AsZ())
	VADDPS(Y4, to, to)
}

// sums32 generates the gradient by the biases of a layer.
func sums32(v single) {
	v.function("sumsF32", "(dst, d *float32, out, blocks, dBlock int)", "writes dst[j] = Σr d[j][r] over all blocks, which are dBlock bytes apart.")
	g, d, left := param("dst"), param("d"), param("out")
	for _, rows := range []int{4, 1} {
		loop, done := label("rows"), label("rowsDone")
		Label(loop)
		CMPQ(left, imm(rows))
		JL(LabelRef(done))
		acc := make([]VecVirtual, rows)
		for i := range acc {
			acc[i] = v.zero()
		}
		dp, blocks := GP64(), param("blocks")
		MOVQ(d, dp)
		inner := label("blocks")
		Label(inner)
		for u := range v.vectors() {
			for i := range acc {
				VADDPS(v.at(dp, i, u), acc[i], acc[i])
			}
		}
		ADDQ(paramMem("dBlock"), dp)
		DECQ(blocks)
		JNZ(LabelRef(inner))
		v.storeTotals(acc, g)
		ADDQ(imm(4*rows), g)
		ADDQ(imm(rows*rowBytes), d)
		SUBQ(imm(rows), left)
		JMP(LabelRef(loop))
		Label(done)
	}
	ret()
}

// samples emits a loop over n floats, a multiple of a block's row, in steps of a strip. body gets
// the byte offset of the step.
func (v single) samples(n GPVirtual, body func(at GPVirtual)) {
	at, loop := GP64(), label("loop")
	XORQ(at, at)
	Label(loop)
	body(at)
	ADDQ(imm(strip*v.width()), at)
	SUBQ(imm(strip*v.width()/4), n)
	JG(LabelRef(loop))
}

func (v single) indexed(base, at GPVirtual, u int) Mem {
	return Mem{Base: base, Index: at, Scale: 1, Disp: u * v.width()}
}

const (
	tanhTop32    = 10 // from here on tanh rounds to 1
	roundShift32 = 0x1.8p23
	signBit32    = 1 << 31
	oneBits32    = 0x3f800000
)

// tanh32 generates tanh|x| = a/(2−a) with a = 1 − exp(−2|x|), and exp(−2|x|) = 2^k·2^f with an
// integer k and |f| ≤ ½.
func tanh32(v single) {
	v.function("tanhF32", "(y *float32, n int)", "replaces n values by their tanh; n is a multiple of 32.")
	y := param("y")
	coeff := interpolate(func(f *big.Float) *big.Float { return mul(ln2, expm1Over(mul(ln2, f))) }, -.5, .5, 5)
	factor := float32(-2 * math.Log2E)
	rest, _ := dif(mul(number(-2), quo(number(1), ln2)), number(float64(factor))).Float64()
	v.keep(v.bits(^uint32(signBit32)), v.bits(signBit32), v.bits(oneBits32), v.constant(tanhTop32), v.constant(roundShift32), v.constant(factor), v.constant(float32(rest)), v.constant(2))
	for _, c := range coeff {
		v.keep(v.constant(float32(c)))
	}
	each := func(f func(i int) VecVirtual) (out [strip]VecVirtual) {
		for i := range out {
			out[i] = f(i)
		}
		return out
	}
	v.samples(param("n"), func(at GPVirtual) {
		x := each(func(i int) VecVirtual { return v.load(v.indexed(y, at, i)) })
		ax := each(func(i int) VecVirtual { return v.and(x[i], v.bits(^uint32(signBit32))) })
		// Where one operand is NaN, the instruction returns the second.
		ax = each(func(i int) VecVirtual { r := v.copy(v.constant(tanhTop32)); VMINPS(ax[i], r, r); return r })
		shifted := each(func(i int) VecVirtual { return v.fma(ax[i], v.constant(factor), v.copy(v.constant(roundShift32))) })
		f := each(func(i int) VecVirtual { return v.sub(shifted[i], v.constant(roundShift32)) })
		f = each(func(i int) VecVirtual { VFMSUB231PS(v.constant(factor), ax[i], f[i]); return f[i] })
		f = each(func(i int) VecVirtual { return v.fma(ax[i], v.constant(float32(rest)), f[i]) })
		p := each(func(int) VecVirtual { return v.copy(v.constant(float32(coeff[len(coeff)-1]))) })
		for k := len(coeff) - 2; k >= 0; k-- {
			for i := range p {
				VFMADD213PS(v.constant(float32(coeff[k])), f[i], p[i])
			}
		}
		s := each(func(i int) VecVirtual {
			r := v.reg()
			VPSLLD(Imm(23), shifted[i], r)
			VPADDD(v.bits(oneBits32), r, r)
			return r
		})
		p = each(func(i int) VecVirtual { return v.mul(p[i], f[i]) })
		a := each(func(i int) VecVirtual { r := v.copy(v.bits(oneBits32)); VSUBPS(s[i], r, r); return r })
		a = each(func(i int) VecVirtual { return v.fnma(s[i], p[i], a[i]) })
		b := each(func(i int) VecVirtual { r := v.copy(v.constant(2)); VSUBPS(a[i], r, r); return r })
		for i := range x {
			sign := v.and(x[i], v.bits(signBit32))
			v.store(v.or(v.div(a[i], b[i]), sign), v.indexed(y, at, i))
		}
	})
	ret()
}

// features emits a loop over the k features of one block at the pointers.
func features(k string, body func(), pointers ...GPVirtual) {
	left, loop := param(k), label("features")
	Label(loop)
	body()
	for _, p := range pointers {
		ADDQ(imm(rowBytes), p)
	}
	DECQ(left)
	JNZ(LabelRef(loop))
}

// compare32 generates the sums over the targets from which the error features come.
func compare32(v single) {
	v.function("compareF32", "(dst, t, y *float32, k int)", "writes Σ t², Σ y², Σ t·y and Σ (t−y)² over the k targets of each sample of one block.")
	dst := param("dst")
	for from := 0; from < v.vectors(); from += strip {
		t, y := param("t"), param("y")
		var acc [4][strip]VecVirtual
		for i := range acc {
			for u := range acc[i] {
				acc[i][u] = v.zero()
			}
		}
		features("k", func() {
			for u := range strip {
				tv, yv := v.load(v.at(t, 0, from+u)), v.load(v.at(y, 0, from+u))
				d := v.sub(tv, yv)
				v.fma(tv, tv, acc[0][u])
				v.fma(yv, yv, acc[1][u])
				v.fma(tv, yv, acc[2][u])
				v.fma(d, d, acc[3][u])
			}
		}, t, y)
		for i := range acc {
			for u, r := range acc[i] {
				v.store(r, v.at(dst, i, from+u))
			}
		}
	}
	ret()
}

// reconstructionGrad32 generates the gradient by the reconstructions of the loss and of the
// paper's error features.
func reconstructionGrad32(v single) {
	v.function("reconstructionGradF32", "(dst, c, t, y *float32, k int)",
		"writes dst = c[0]·(y−t) + c[1]·t + c[2]·y of the k targets of one block, with c by sample.")
	c := param("c")
	for from := 0; from < v.vectors(); from += strip {
		dst, t, y := param("dst"), param("t"), param("y")
		var by [3][strip]VecVirtual
		for i := range by {
			for u := range by[i] {
				by[i][u] = v.load(v.at(c, i, from+u))
			}
		}
		features("k", func() {
			for u := range strip {
				tv, yv := v.load(v.at(t, 0, from+u)), v.load(v.at(y, 0, from+u))
				r := v.mul(v.sub(yv, tv), by[0][u])
				v.fma(tv, by[1][u], r)
				v.fma(yv, by[2][u], r)
				v.store(r, v.at(dst, 0, from+u))
			}
		}, dst, t, y)
	}
	ret()
}

// residualGrad32 generates the gradient by the reconstructions of the loss and of the residual.
func residualGrad32(v single) {
	v.function("residualGradF32", "(dst, dz, t, y *float32, n int, a float32)", "writes dst = a·(y−t) − dz; n is a multiple of 32.")
	dst, dz, t, y := param("dst"), param("dz"), param("t"), param("y")
	a := v.broadcast(paramMem("a"))
	v.samples(param("n"), func(at GPVirtual) {
		for u := range strip {
			d := v.sub(v.load(v.indexed(y, at, u)), v.indexed(t, at, u))
			VFMSUB213PS(v.indexed(dz, at, u), a, d)
			v.store(d, v.indexed(dst, at, u))
		}
	})
	ret()
}

// difference32 generates the residual.
func difference32(v single) {
	v.function("differenceF32", "(dst, x, y *float32, n int)", "writes dst = x − y; n is a multiple of 32.")
	dst, x, y := param("dst"), param("x"), param("y")
	v.samples(param("n"), func(at GPVirtual) {
		for u := range strip {
			v.store(v.sub(v.load(v.indexed(x, at, u)), v.indexed(y, at, u)), v.indexed(dst, at, u))
		}
	})
	ret()
}

// centre32 generates the subtraction of the means.
func centre32(v single) {
	v.function("centreF32", "(x, mu *float32, k int)", "subtracts mu[i] from feature i of one block of k features.")
	x, mu := param("x"), param("mu")
	features("k", func() {
		m := v.broadcast(Mem{Base: mu})
		ADDQ(imm(4), mu)
		for u := range v.vectors() {
			v.store(v.sub(v.load(v.at(x, 0, u)), m), v.at(x, 0, u))
		}
	}, x)
	ret()
}

// transpose32 generates the kernel that gathers samples: eight features of eight samples at a time.
func transpose32(v single) {
	v.function("transposeF32", "(dst, src *float32, rows *int, features, stride int)",
		"writes src[rows[r]][f] to dst[f][r] of one block; stride is the size of a row of src in bytes, features a multiple of 8.")
	at := GP64()
	for from := 0; from < rowBytes/4; from += 8 {
		dst, rows, left := param("dst"), param("rows"), param("features")
		var src [8]GPVirtual
		for r := range src {
			src[r] = GP64()
			MOVQ(Mem{Base: rows, Disp: 8 * (from + r)}, src[r])
			IMULQ(paramMem("stride"), src[r])
			ADDQ(paramMem("src"), src[r])
		}
		XORQ(at, at)
		loop := label("features")
		Label(loop)
		var x [8]VecVirtual
		for r := range x {
			x[r] = YMM()
			VMOVUPS(Mem{Base: src[r], Index: at, Scale: 1}, x[r])
		}
		for f, r := range transpose8(x) {
			VMOVUPS(r, Mem{Base: dst, Disp: f*rowBytes + 4*from})
		}
		ADDQ(imm(8*rowBytes), dst)
		ADDQ(imm(32), at)
		SUBQ(imm(8), left)
		JNZ(LabelRef(loop))
	}
	ret()
}

// transpose8 emits the transposition of an 8×8 matrix of float32.
func transpose8(x [8]VecVirtual) (out [8]VecVirtual) {
	var pairs, quads [8]VecVirtual
	for i := range 4 {
		pairs[2*i], pairs[2*i+1] = YMM(), YMM()
		VUNPCKLPS(x[2*i+1], x[2*i], pairs[2*i])
		VUNPCKHPS(x[2*i+1], x[2*i], pairs[2*i+1])
	}
	for h := range 2 {
		for i := range 2 {
			a, b := pairs[4*h+i], pairs[4*h+i+2]
			quads[4*h+2*i], quads[4*h+2*i+1] = YMM(), YMM()
			VSHUFPS(Imm(0x44), b, a, quads[4*h+2*i])
			VSHUFPS(Imm(0xee), b, a, quads[4*h+2*i+1])
		}
	}
	for i := range 4 {
		out[i], out[i+4] = YMM(), YMM()
		VPERM2F128(Imm(0x20), quads[i+4], quads[i], out[i])
		VPERM2F128(Imm(0x31), quads[i+4], quads[i], out[i+4])
	}
	return out
}
