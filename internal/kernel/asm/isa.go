package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
	"github.com/mmcloughlin/avo/x86"
)

// isa is an instruction set to generate kernels for.
type isa struct {
	name  string
	lanes int
}

var (
	avx2   = isa{"AVX2", 4}
	avx512 = isa{"AVX512", 8}
)

func (v isa) wide() bool { return v.lanes == 8 }

// width of a vector in bytes.
func (v isa) width() int { return 8 * v.lanes }

func (v isa) reg() VecVirtual {
	if v.wide() {
		return ZMM()
	}
	return YMM()
}

// function starts the kernel called name and the set's name, with the given Go signature.
func (v isa) function(name, signature, doc string) {
	pinned = map[string]VecVirtual{}
	TEXT(name+v.name, NOSPLIT, "func"+signature)
	Doc(name + v.name + " " + doc)
	Pragma("noescape")
}

// ret ends a kernel. Without VZEROUPPER, SSE code that follows would run several times
// slower.
func ret() {
	VZEROUPPER()
	RET()
}

func param(name string) GPVirtual { return Load(Param(name), GP64()).(GPVirtual) }

func paramMem(name string) Mem {
	b, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

var labels int

func label(name string) string {
	labels++
	return fmt.Sprintf("%s%d", name, labels)
}

// constants are the float64 and integer constants by name. Each is stored four times for AVX2;
// AVX-512 broadcasts the first.
var constants = map[string]Mem{}

func f64(x float64) Mem { return u64(math.Float64bits(x)) }

func u64(bits uint64) Mem {
	name := fmt.Sprintf("c%016x", bits)
	m, ok := constants[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		for i := range 4 {
			DATA(8*i, U64(bits))
		}
		constants[name] = m
	}
	return m
}

// mask selects lanes of a vector. A nil mask selects all of them.
type mask struct {
	r Register
	// single selects the first lane alone. It is read and written as a scalar, because the
	// processor forwards a scalar store to the loads of the next kernel, but not a masked one.
	single bool
}

func (v isa) single() *mask {
	if !v.wide() {
		return &mask{single: true}
	}
	t, k := GP32(), K()
	MOVL(imm(1), t)
	KMOVW(t, k)
	return &mask{r: k, single: true}
}

// tail returns a mask of the first n lanes, 0 < n < lanes. It destroys n.
func (v isa) tail(n GPVirtual) *mask {
	t := GP64()
	if v.wide() {
		LEAQ(wideMasks(), t)
		k := K()
		KMOVW(Mem{Base: t, Index: n, Scale: 2}, k)
		return &mask{r: k}
	}
	LEAQ(narrowMasks(), t)
	NEGQ(n)
	y := YMM()
	VMOVDQU(Mem{Base: t, Index: n, Scale: 8, Disp: 32}, y)
	return &mask{r: y}
}

var wideTable, narrowTable *Mem

func wideMasks() Mem {
	if wideTable == nil {
		m := GLOBL("wideMasks", RODATA|NOPTR)
		for i := range 8 {
			DATA(2*i, U16(1<<i-1))
		}
		wideTable = &m
	}
	return *wideTable
}

func narrowMasks() Mem {
	if narrowTable == nil {
		m := GLOBL("narrowMasks", RODATA|NOPTR)
		for i := range 8 {
			var bits uint64
			if i < 4 {
				bits = math.MaxUint64
			}
			DATA(8*i, U64(bits))
		}
		narrowTable = &m
	}
	return *narrowTable
}

// load reads a vector. Lanes outside the mask are 0.
func (v isa) load(m Mem, k *mask) VecVirtual {
	r := v.reg()
	switch {
	case k == nil:
		VMOVUPD(m, r)
	case k.single && v.wide():
		VBROADCASTSD_Z(m, k.r, r)
	case k.single:
		VMOVSD(m, r.AsX())
	case v.wide():
		VMOVUPD_Z(m, k.r, r)
	default:
		VMASKMOVPD(m, k.r, r)
	}
	return r
}

func (v isa) store(r VecVirtual, m Mem, k *mask) {
	switch {
	case k == nil:
		VMOVUPD(r, m)
	case k.single:
		VMOVSD(r.AsX(), m)
	case v.wide():
		VMOVUPD(r, k.r, m)
	default:
		VMASKMOVPD(r, k.r, m)
	}
}

func (v isa) broadcast(m Mem) VecVirtual {
	r := v.reg()
	VBROADCASTSD(m, r)
	return r
}

// broadcastParam reads a float64 parameter into all lanes.
func (v isa) broadcastParam(name string) VecVirtual { return v.broadcast(paramMem(name)) }

func (v isa) zero() VecVirtual {
	r := v.reg()
	if v.wide() {
		i, err := x86.VPXORQ(r, r, r)
		if err != nil {
			panic(err)
		}
		i.CancellingInputs = true // avo takes it for a read, and the register for one in use before
		Instruction(i)
	} else {
		VPXOR(r, r, r)
	}
	return r
}

func (v isa) copy(x Op) VecVirtual {
	r := v.reg()
	x = place(x)
	switch {
	case !IsM(x):
		VMOVAPD(x, r)
	case v.shared(x):
		VBROADCASTSD(x, r)
	default:
		VMOVUPD(x, r)
	}
	return r
}

// shared reports whether x is a constant that AVX-512 instructions broadcast.
func (v isa) shared(x Op) bool {
	m, ok := x.(Mem)
	return v.wide() && ok && constants[m.Symbol.Name] != (Mem{})
}

// pinned holds the constants that stay in registers throughout the kernel.
var pinned map[string]VecVirtual

// pin reads constants into registers. AVX2 has too few registers and reads them from memory.
func (v isa) pin(constants ...Mem) {
	for _, m := range constants {
		if v.wide() {
			pinned[m.Symbol.Name] = v.broadcast(m)
		}
	}
}

// place returns the register of a pinned constant, and any other operand as it is.
func place(x Op) Op {
	if m, ok := x.(Mem); ok && pinned[m.Symbol.Name] != nil {
		return pinned[m.Symbol.Name]
	}
	return x
}

// apply emits an instruction with the operands a and b and the result r: plain, or with where b
// is broadcast from memory.
func (v isa) apply(plain, with func(...Op), b Op, a Register, r VecVirtual) VecVirtual {
	b = place(b)
	if v.shared(b) {
		with(b, a, r)
	} else {
		plain(b, a, r)
	}
	return r
}

// The arithmetic below takes operands in mathematical order. The last one may be in memory.

func (v isa) add(a Register, b Op) VecVirtual { return v.apply(VADDPD, VADDPD_BCST, b, a, v.reg()) }
func (v isa) sub(a Register, b Op) VecVirtual { return v.apply(VSUBPD, VSUBPD_BCST, b, a, v.reg()) }
func (v isa) mul(a Register, b Op) VecVirtual { return v.apply(VMULPD, VMULPD_BCST, b, a, v.reg()) }
func (v isa) div(a Register, b Op) VecVirtual { return v.apply(VDIVPD, VDIVPD_BCST, b, a, v.reg()) }
func (v isa) sqrt(a Register) VecVirtual      { r := v.reg(); VSQRTPD(a, r); return r }

// constant returns a register with x in all lanes, which must not be written.
func (v isa) constant(x float64) Register {
	if r, ok := place(f64(x)).(Register); ok {
		return r
	}
	return v.copy(f64(x))
}

// atMost returns min(a, b), NaN where b is NaN.
func (v isa) atMost(a Register, b Register) VecVirtual { r := v.reg(); VMINPD(b, a, r); return r }

// atLeast returns max(a, b), NaN where b is NaN.
func (v isa) atLeast(a Register, b Register) VecVirtual { r := v.reg(); VMAXPD(b, a, r); return r }

// fma returns a·b + c in c's register.
func (v isa) fma(a Register, b Op, c VecVirtual) VecVirtual {
	return v.apply(VFMADD231PD, VFMADD231PD_BCST, b, a, c)
}

// fnma returns c − a·b in c's register.
func (v isa) fnma(a Register, b Op, c VecVirtual) VecVirtual {
	return v.apply(VFNMADD231PD, VFNMADD231PD_BCST, b, a, c)
}

// fms returns a·b − c in c's register.
func (v isa) fms(a Register, b Op, c VecVirtual) VecVirtual {
	return v.apply(VFMSUB231PD, VFMSUB231PD_BCST, b, a, c)
}

// horner evaluates c[0] + x·(c[1] + …).
func (v isa) horner(x Register, c []float64) VecVirtual {
	r := v.copy(f64(c[len(c)-1]))
	for i := len(c) - 2; i >= 0; i-- {
		v.apply(VFMADD213PD, VFMADD213PD_BCST, f64(c[i]), x, r)
	}
	return r
}

func (v isa) and(a Register, b Op) VecVirtual {
	if v.wide() {
		return v.apply(VPANDQ, VPANDQ_BCST, b, a, v.reg())
	}
	r := v.reg()
	VPAND(b, a, r)
	return r
}

func (v isa) or(a Register, b Op) VecVirtual {
	if v.wide() {
		return v.apply(VPORQ, VPORQ_BCST, b, a, v.reg())
	}
	r := v.reg()
	VPOR(b, a, r)
	return r
}

// addInt and subInt compute a ± b on 64-bit integers.
func (v isa) addInt(a Register, b Op) VecVirtual { return v.apply(VPADDQ, VPADDQ_BCST, b, a, v.reg()) }
func (v isa) subInt(a Register, b Op) VecVirtual { return v.apply(VPSUBQ, VPSUBQ_BCST, b, a, v.reg()) }

// Comparison predicates.
const (
	eq  = 0x00 // equal, ordered
	lt  = 0x11 // less, ordered
	nlt = 0x15 // not less, or unordered
)

// choice is the result of a comparison, lane by lane.
type choice struct{ r Register }

func (v isa) compare(a Register, b Op, predicate uint8) choice {
	if v.wide() {
		k := K()
		b = place(b)
		if v.shared(b) {
			VCMPPD_BCST(U8(predicate), b, a, k)
		} else {
			VCMPPD(U8(predicate), b, a, k)
		}
		return choice{k}
	}
	r := v.reg()
	VCMPPD(U8(predicate), b, a, r)
	return choice{r}
}

// set replaces r by x where c holds.
func (v isa) set(r VecVirtual, c choice, x Op) {
	if v.wide() {
		if v.shared(x) {
			VBROADCASTSD(x, c.r, r)
		} else {
			VMOVAPD(x, c.r, r)
		}
		return
	}
	VBLENDVPD(c.r, x, r, r)
}

// unlessAny jumps to target where c holds in no lane.
func (v isa) unlessAny(c choice, target string) {
	t := GP32()
	if v.wide() {
		KMOVW(c.r, t)
	} else {
		VMOVMSKPD(c.r, t)
	}
	TESTL(t, t)
	JZ(LabelRef(target))
}

// block is one step of a loop over samples: vectors of them at the byte offset in at.
type block struct {
	at      GPVirtual
	vectors int
	mask    *mask
}

// mem addresses vector u of the step.
func (v isa) mem(b block, base Register, u int) Mem {
	return Mem{Base: base, Index: b.at, Scale: 1, Disp: u * v.width()}
}

// each emits a loop over n elements: first steps of unroll vectors, then steps of one
// vector, then one masked step. It destroys n.
func (v isa) each(n GPVirtual, unroll int, body func(b block)) {
	at := GP64()
	XORQ(at, at)
	sizes := []int{unroll}
	if unroll > 1 {
		sizes = append(sizes, 1)
	}
	for _, u := range sizes {
		loop, done := label("loop"), label("done")
		Label(loop)
		CMPQ(n, imm(u*v.lanes))
		JL(LabelRef(done))
		body(block{at, u, nil})
		ADDQ(imm(u*v.width()), at)
		SUBQ(imm(u*v.lanes), n)
		JMP(LabelRef(loop))
		Label(done)
	}
	end := label("end")
	TESTQ(n, n)
	JZ(LabelRef(end))
	several := label("several")
	CMPQ(n, imm(1))
	JNE(LabelRef(several))
	body(block{at, 1, v.single()})
	JMP(LabelRef(end))
	Label(several)
	body(block{at, 1, v.tail(n)})
	Label(end)
}

// imm is an immediate operand of 32 bits, which all arithmetic instructions take.
func imm(n int) Constant { return U32(n) }
