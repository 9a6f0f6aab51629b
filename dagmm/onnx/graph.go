package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// graph collects operators and constants. Values go by their names. The first error stays in
// err, and what is added afterwards counts for nothing.
type graph struct {
	precise         bool // double precision
	nodes           []node
	tensors         []tensor
	inputs, outputs []port
	made            map[string]string // constants and views, by content: each is made once
	err             error
}

func newGraph(opt Options) *graph { return &graph{precise: !opt.Float32, made: map[string]string{}} }

// float is the type of the graph's numbers.
func (g *graph) float() dataType {
	if g.precise {
		return typeDouble
	}
	return typeFloat
}

// largest is the largest number of the graph's precision.
func (g *graph) largest() float64 {
	if g.precise {
		return math.MaxFloat64
	}
	return math.MaxFloat32
}

func (g *graph) input(name string, kind dataType, doc string, dims ...int) string {
	g.inputs = append(g.inputs, port{name, doc, kind, dims})
	return name
}

// output makes the value an output of the graph.
func (g *graph) output(value, name string, kind dataType, doc string, dims ...int) {
	g.nodes = append(g.nodes, node{op: "Identity", inputs: []string{value}, output: name})
	g.outputs = append(g.outputs, port{name, doc, kind, dims})
}

// op adds an operator without attributes.
func (g *graph) op(op string, inputs ...string) string { return g.with(op, nil, inputs...) }

// with adds an operator.
func (g *graph) with(op string, attributes []attribute, inputs ...string) string {
	name := fmt.Sprintf("%s_%d", op, len(g.nodes))
	g.nodes = append(g.nodes, node{op, inputs, name, attributes})
	return name
}

func number(name string, v int) attribute { return attribute{name: name, values: []int{v}} }

// numbers adds a constant of floats. A finite number that is too large for single precision is
// an error, which names the constant what.
func (g *graph) numbers(what string, values []float64, dims ...int) string {
	var raw []byte
	for i, v := range values {
		if g.precise {
			raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
			continue
		}
		single := float32(v)
		if math.IsInf(float64(single), 0) && !math.IsInf(v, 0) {
			g.fail("%s: number %d is %g, which is too large for single precision", what, i, v)
		}
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(single))
	}
	return g.constant(g.float(), raw, dims)
}

// factors adds a constant of numbers above 0 that are multiplied or divided by. One that is too
// small for single precision is an error too.
func (g *graph) factors(what string, values []float64, dims ...int) string {
	g.checkFactors(what, values)
	return g.numbers(what, values, dims...)
}

func (g *graph) checkFactors(what string, values []float64) {
	const smallest = 0x1p-126 // below it digits are lost
	for i, v := range values {
		if !g.precise && v < smallest {
			g.fail("%s: number %d is %g, which is too small for single precision", what, i, v)
		}
	}
}

// scalar adds a number.
func (g *graph) scalar(what string, v float64) string { return g.numbers(what, []float64{v}) }

// factor adds a number as factors does.
func (g *graph) factor(what string, v float64) string { return g.factors(what, []float64{v}) }

// indices adds a constant of integers.
func (g *graph) indices(values []int, dims ...int) string {
	var raw []byte
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	return g.constant(typeInt64, raw, dims)
}

// flags adds a constant of booleans.
func (g *graph) flags(values []bool, dims ...int) string {
	raw := make([]byte, len(values))
	for i, v := range values {
		if v {
			raw[i] = 1
		}
	}
	return g.constant(typeBool, raw, dims)
}

func (g *graph) constant(kind dataType, raw []byte, dims []int) string {
	const small = 64 // bytes: what is larger comes once anyway
	key := ""
	if len(raw) <= small {
		key = fmt.Sprint(kind, dims) + string(raw)
		if name, ok := g.made[key]; ok {
			return name
		}
	}
	name := fmt.Sprintf("c_%d", len(g.tensors))
	g.tensors = append(g.tensors, tensor{name, kind, slices.Clone(dims), raw})
	if key != "" {
		g.made[key] = name
	}
	return name
}

func (g *graph) fail(format string, args ...any) {
	if g.err == nil {
		g.err = fmt.Errorf(format+": %w", append(args, ErrModel)...)
	}
}

// where takes yes where the condition holds, and no elsewhere. Unlike the minimum and the
// maximum, which runtimes see differently, it hands on what is not a number.
func (g *graph) where(condition, yes, no string) string { return g.op("Where", condition, yes, no) }

// between holds x between −limit and limit.
func (g *graph) between(x, limit, negative string) string {
	x = g.where(g.op("Greater", x, limit), limit, x)
	return g.where(g.op("Less", x, negative), negative, x)
}

// sum adds up along an axis, which goes.
func (g *graph) sum(x string, axis int) string {
	return g.with("ReduceSum", []attribute{number("keepdims", 0)}, x, g.indices([]int{axis}, 1))
}

// unsqueeze inserts an axis of length 1.
func (g *graph) unsqueeze(x string, axis int) string {
	return g.op("Unsqueeze", x, g.indices([]int{axis}, 1))
}

func (g *graph) concat(axis int, parts ...string) string {
	if len(parts) == 1 {
		return parts[0]
	}
	return g.with("Concat", []attribute{number("axis", axis)}, parts...)
}

func (g *graph) gather(x string, axis int, at string) string {
	return g.with("Gather", []attribute{number("axis", axis)}, x, at)
}

func (g *graph) cast(x string, to dataType) string {
	return g.with("Cast", []attribute{number("to", int(to))}, x)
}

// log1p is log(1 + u) for u ≥ 0, also where u is small: the second term is what the sum 1 + u
// has lost. ONNX has no such operator.
func (g *graph) log1p(u string) string {
	one := g.scalar("1", 1)
	w := g.op("Add", one, u)
	lost := g.op("Sub", u, g.op("Sub", w, one))
	return g.op("Add", g.op("Log", w), g.op("Div", lost, w))
}

// asinh is sign(x)·log(|x| + √(x² + 1)), also where x is small or x² overflows. ONNX has the
// operator Asinh, but not every runtime has it in double precision.
func (g *graph) asinh(x string) string {
	one, zero := g.scalar("1", 1), g.scalar("0", 0)
	from := 0x1p12 // on, 2|x| stands for the sum, but for rounding
	if g.precise {
		from = 0x1p28
	}
	a := g.op("Abs", x)
	square := g.op("Mul", a, a)
	root := g.op("Sqrt", g.op("Add", square, one))
	near := g.log1p(g.op("Add", a, g.op("Div", square, g.op("Add", root, one))))
	y := g.where(g.op("Greater", a, g.scalar("far", from)), g.op("Add", g.op("Log", a), g.scalar("ln 2", math.Ln2)), near)
	return g.where(g.op("Less", x, zero), g.op("Neg", y), y)
}
