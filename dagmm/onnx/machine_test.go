package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// array is a value of a graph. Integers and booleans are held as floats.
type array struct {
	kind dataType
	dims []int
	data []float64
}

func product(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

func floats(kind dataType, data []float64, dims ...int) array { return array{kind, dims, data} }

// constant is the value of a tensor.
func constant(t tensor) array {
	width := map[dataType]int{typeFloat: 4, typeInt64: 8, typeBool: 1, typeDouble: 8}[t.kind]
	if len(t.raw) != width*product(t.dims) {
		panic(fmt.Sprintf("tensor %s %v has %d bytes", t.name, t.dims, len(t.raw)))
	}
	out := array{kind: t.kind, dims: t.dims}
	for b := t.raw; len(b) > 0; b = b[width:] {
		switch t.kind {
		case typeDouble:
			out.data = append(out.data, math.Float64frombits(binary.LittleEndian.Uint64(b)))
		case typeFloat:
			out.data = append(out.data, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
		case typeInt64:
			out.data = append(out.data, float64(int64(binary.LittleEndian.Uint64(b))))
		case typeBool:
			out.data = append(out.data, float64(b[0]))
		}
	}
	return out
}

// run computes a graph by the definition of its operators. It panics where the graph is not
// well-formed.
func (f *file) run(inputs map[string]array) map[string]array {
	values := map[string]array{}
	for _, p := range f.inputs {
		v, ok := inputs[p.name]
		if !ok || v.kind != p.kind || len(v.dims) != len(p.dims) {
			panic("input " + p.name)
		}
		values[p.name] = v
	}
	for _, t := range f.tensors {
		values[t.name] = constant(t)
	}
	for _, n := range f.nodes {
		var in []array
		for _, name := range n.inputs {
			v, ok := values[name]
			if !ok {
				panic(n.output + " reads " + name + ", which is not there yet")
			}
			in = append(in, v)
		}
		if _, ok := values[n.output]; ok {
			panic(n.output + " is made twice")
		}
		v := compute(n, in)
		if v.kind == typeFloat {
			for i, x := range v.data {
				v.data[i] = float64(float32(x))
			}
		}
		if len(v.data) != product(v.dims) {
			panic(fmt.Sprintf("%s: %d values of shape %v", n.output, len(v.data), v.dims))
		}
		values[n.output] = v
	}
	out := map[string]array{}
	for _, p := range f.outputs {
		v := values[p.name]
		if v.kind != p.kind || len(v.dims) != len(p.dims) {
			panic(fmt.Sprintf("output %s is of type %d and shape %v", p.name, v.kind, v.dims))
		}
		out[p.name] = v
	}
	return out
}

var elementwise = map[string]func(x []float64) float64{
	"Abs":  func(x []float64) float64 { return math.Abs(x[0]) },
	"Add":  func(x []float64) float64 { return x[0] + x[1] },
	"Div":  func(x []float64) float64 { return x[0] / x[1] },
	"Exp":  func(x []float64) float64 { return math.Exp(x[0]) },
	"Log":  func(x []float64) float64 { return math.Log(x[0]) },
	"Mul":  func(x []float64) float64 { return x[0] * x[1] },
	"Neg":  func(x []float64) float64 { return -x[0] },
	"Pow":  func(x []float64) float64 { return math.Pow(x[0], x[1]) },
	"Sqrt": func(x []float64) float64 { return math.Sqrt(x[0]) },
	"Sub":  func(x []float64) float64 { return x[0] - x[1] },
	"Tanh": func(x []float64) float64 { return math.Tanh(x[0]) },
	"Where": func(x []float64) float64 {
		if x[0] != 0 {
			return x[1]
		}
		return x[2]
	},
	"And":         func(x []float64) float64 { return x[0] * x[1] },
	"Not":         func(x []float64) float64 { return 1 - x[0] },
	"Greater":     func(x []float64) float64 { return truth(x[0] > x[1]) },
	"Less":        func(x []float64) float64 { return truth(x[0] < x[1]) },
	"LessOrEqual": func(x []float64) float64 { return truth(x[0] <= x[1]) },
	"IsNaN":       func(x []float64) float64 { return truth(x[0] != x[0]) },
}

func truth(v bool) float64 {
	if v {
		return 1
	}
	return 0
}

func compute(n node, in []array) array {
	if f, ok := elementwise[n.op]; ok {
		kinds := in
		if n.op == "Where" {
			kinds = in[1:]
		}
		for _, v := range kinds {
			if v.kind != kinds[0].kind {
				panic(n.output + ": types differ")
			}
		}
		out := broadcast(f, in)
		out.kind = kinds[0].kind
		if slices.Contains([]string{"Greater", "Less", "LessOrEqual", "IsNaN"}, n.op) {
			out.kind = typeBool
		}
		return out
	}
	attribute := func(name string) []int {
		for _, a := range n.attributes {
			if a.name == name {
				return a.values
			}
		}
		panic(n.output + " lacks " + name)
	}
	x := in[0]
	switch n.op {
	case "Identity":
		return x
	case "Cast":
		return array{dataType(attribute("to")[0]), x.dims, slices.Clone(x.data)}
	case "Concat":
		return concat(in, attribute("axis")[0])
	case "Gather":
		return gather(x, in[1], attribute("axis")[0])
	case "MatMul":
		return matMul(x, in[1])
	case "ReduceMax":
		return reduce(x, attribute("axes")[0], attribute("keepdims")[0] == 1, math.Inf(-1), math.Max)
	case "ReduceSum":
		return reduce(x, int(in[1].data[0]), attribute("keepdims")[0] == 1, 0, func(a, b float64) float64 { return a + b })
	case "Reshape":
		dims := []int{}
		for _, d := range in[1].data {
			dims = append(dims, int(d))
		}
		rest := -product(dims)
		dims[slices.Index(dims, -1)] = len(x.data) / rest
		return array{x.kind, dims, slices.Clone(x.data)}
	case "Squeeze":
		axis := int(in[1].data[0])
		if x.dims[axis] != 1 {
			panic(n.output + ": axis is not of length 1")
		}
		return array{x.kind, slices.Delete(slices.Clone(x.dims), axis, axis+1), slices.Clone(x.data)}
	case "Unsqueeze":
		return array{x.kind, slices.Insert(slices.Clone(x.dims), int(in[1].data[0]), 1), slices.Clone(x.data)}
	}
	panic("operator " + n.op)
}

// broadcast computes f element by element.
func broadcast(f func([]float64) float64, in []array) array {
	rank := 0
	for _, v := range in {
		rank = max(rank, len(v.dims))
	}
	out := array{dims: make([]int, rank)}
	for k := range out.dims {
		out.dims[k] = 1
		for _, v := range in {
			if i := k - rank + len(v.dims); i >= 0 && v.dims[i] != 1 {
				if out.dims[k] != 1 && out.dims[k] != v.dims[i] {
					panic(fmt.Sprintf("shapes %v and %v", out.dims, v.dims))
				}
				out.dims[k] = v.dims[i]
			}
		}
	}
	x := make([]float64, len(in))
	for at := range product(out.dims) {
		for a, v := range in {
			offset, stride, rest := 0, 1, at
			for k := rank - 1; k >= 0; k-- {
				if i := k - rank + len(v.dims); i >= 0 {
					if v.dims[i] != 1 {
						offset += rest % out.dims[k] * stride
					}
					stride *= v.dims[i]
				}
				rest /= out.dims[k]
			}
			x[a] = v.data[offset]
		}
		out.data = append(out.data, f(x))
	}
	return out
}

// around returns the number of elements before, along and behind an axis.
func around(dims []int, axis int) (outer, length, inner int) {
	return product(dims[:axis]), dims[axis], product(dims[axis+1:])
}

func concat(in []array, axis int) array {
	out := array{kind: in[0].kind, dims: slices.Clone(in[0].dims)}
	out.dims[axis] = 0
	for _, v := range in {
		out.dims[axis] += v.dims[axis]
	}
	outer, _, _ := around(out.dims, axis)
	for o := range outer {
		for _, v := range in {
			_, length, inner := around(v.dims, axis)
			out.data = append(out.data, v.data[o*length*inner:(o+1)*length*inner]...)
		}
	}
	return out
}

func gather(x, index array, axis int) array {
	outer, length, inner := around(x.dims, axis)
	out := array{kind: x.kind, dims: slices.Concat(x.dims[:axis], index.dims, x.dims[axis+1:])}
	for o := range outer {
		for _, i := range index.data {
			from := (o*length + int(i)) * inner
			out.data = append(out.data, x.data[from:from+inner]...)
		}
	}
	return out
}

func reduce(x array, axis int, keep bool, start float64, f func(a, b float64) float64) array {
	outer, length, inner := around(x.dims, axis)
	out := array{kind: x.kind, dims: slices.Clone(x.dims)}
	out.dims[axis] = 1
	if !keep {
		out.dims = slices.Delete(out.dims, axis, axis+1)
	}
	for o := range outer {
		for i := range inner {
			v := start
			for l := range length {
				v = f(v, x.data[(o*length+l)*inner+i])
			}
			out.data = append(out.data, v)
		}
	}
	return out
}

// matMul multiplies matrices, or two stacks of as many.
func matMul(a, b array) array {
	rank := len(a.dims)
	n, k, m := a.dims[rank-2], a.dims[rank-1], b.dims[len(b.dims)-1]
	stack := product(a.dims[:rank-2])
	if b.dims[len(b.dims)-2] != k || product(b.dims[:len(b.dims)-2]) != stack {
		panic(fmt.Sprintf("product of %v and %v", a.dims, b.dims))
	}
	out := array{a.kind, append(slices.Clone(a.dims[:rank-1]), m), make([]float64, stack*n*m)}
	for s := range stack {
		for i := range n {
			for l := range k {
				for j := range m {
					out.data[(s*n+i)*m+j] += a.data[(s*n+i)*k+l] * b.data[(s*k+l)*m+j]
				}
			}
		}
	}
	return out
}
