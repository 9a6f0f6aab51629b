// Package graphop makes gorgonia operations of the kernels in package kernel. Each
// operation runs one kernel, over buffers that are allocated once with the graph.
//
// Matrices are features × batch: each column is a sample. A graph is for one batch size and
// belongs to one goroutine.
package graphop

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"sync/atomic"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// ErrShape reports nodes whose dimensions do not match.
var ErrShape = errors.New("shape mismatch")

// Kernel computes dst from the data of the inputs. A scalar is a slice of one element.
type Kernel func(dst []float64, in [][]float64) error

// Gradient returns the gradient with respect to each input, given the gradient grad with
// respect to the output out. It is nil where Spec.Differentiable is false.
type Gradient func(in gorgonia.Nodes, out, grad *gorgonia.Node) (gorgonia.Nodes, error)

// Spec describes one operation.
type Spec struct {
	Name           string
	Rows, Cols     int // of the result; 0, 0 means a scalar
	Kernel         Kernel
	Gradient       Gradient // nil if not differentiable
	Differentiable []bool   // per input

	// What a Machine makes use of:
	view     bool // the result is a part of the first input's data, from offset on
	offset   int
	tanhGrad bool        // the gradient by the argument of a tanh, from its value and the gradient by that
	layer    *denseLayer // of an input gradient, from theta and the gradient by the affine part
}

// serial numbers the operations. The numbers keep gorgonia from merging two operations of
// one kind as a common subexpression.
var serial atomic.Uint64

// op is a gorgonia.Op that runs a kernel.
type op struct {
	Spec
	id     uint64
	arity  int
	typ    hm.Type
	matrix *tensor.Dense
	scalar *gorgonia.F64
	dst    []float64
	in     [][]float64
	seen   []gorgonia.Value // the values whose data is in in
	single []float64        // memory of scalar inputs
}

// Apply adds the operation to the graph of the inputs and returns its result.
func Apply(s Spec, inputs ...*gorgonia.Node) (*gorgonia.Node, error) {
	n, err := gorgonia.ApplyOp(newOp(s, inputs), inputs...)
	if err != nil {
		return nil, fmt.Errorf("graphop: %s: %w", s.Name, err)
	}
	return n, nil
}

func newOp(s Spec, inputs gorgonia.Nodes) *op {
	o := &op{Spec: s, id: serial.Add(1), arity: len(inputs), in: make([][]float64, len(inputs)), seen: make([]gorgonia.Value, len(inputs)), single: make([]float64, len(inputs))}
	types := make([]hm.Type, 0, len(inputs)+1)
	for _, n := range inputs {
		types = append(types, n.Type())
	}
	if s.Rows == 0 {
		o.scalar, o.dst = new(gorgonia.F64), make([]float64, 1)
		types = append(types, gorgonia.Float64)
	} else {
		o.dst = make([]float64, s.Rows*s.Cols)
		o.matrix = tensor.New(tensor.WithShape(s.Rows, s.Cols), tensor.WithBacking(o.dst))
		types = append(types, gorgonia.TensorType{Dims: 2, Of: gorgonia.Float64})
	}
	o.typ = hm.NewFnType(types...)
	return o
}

func (o *op) Arity() int           { return o.arity }
func (o *op) Type() hm.Type        { return o.typ }
func (o *op) ReturnsPtr() bool     { return false }
func (o *op) CallsExtern() bool    { return false }
func (o *op) OverwritesInput() int { return -1 }
func (o *op) String() string       { return fmt.Sprintf("%s#%d", o.Name, o.id) }

func (o *op) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	if o.Rows == 0 {
		return tensor.ScalarShape(), nil
	}
	return tensor.Shape{o.Rows, o.Cols}, nil
}

func (o *op) WriteHash(h hash.Hash) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], o.id)
	_, _ = h.Write([]byte(o.Name))
	_, _ = h.Write(b[:])
}

func (o *op) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

// Do runs the kernel. It turns a panic into an error, because the panic could be on a
// goroutine of a tape machine and would end the process.
func (o *op) Do(values ...gorgonia.Value) (_ gorgonia.Value, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("graphop: %s: %v", o.Name, p)
		}
	}()
	for i, v := range values {
		if t, ok := v.(*tensor.Dense); ok && o.seen[i] == v && len(o.in[i]) == t.DataSize() {
			continue // asking for the data again would allocate
		}
		if o.in[i], err = o.data(i, v); err != nil {
			return nil, err
		}
		o.seen[i] = v
	}
	return o.value(), o.run()
}

// run runs the kernel on the inputs in o.in.
func (o *op) run() error {
	if err := o.Kernel(o.dst, o.in); err != nil {
		return err
	}
	if o.scalar != nil {
		*o.scalar = gorgonia.F64(o.dst[0])
	}
	return nil
}

// value returns the value of the node. It is the same memory in all runs.
func (o *op) value() gorgonia.Value {
	if o.matrix != nil {
		return o.matrix
	}
	return o.scalar
}

func (o *op) data(i int, v gorgonia.Value) ([]float64, error) {
	switch v := v.(type) {
	case *tensor.Dense:
		if f, ok := v.Data().([]float64); ok {
			return f, nil
		}
	case *gorgonia.F64:
		o.single[i] = float64(*v)
		return o.single[i : i+1], nil
	}
	return nil, fmt.Errorf("graphop: %s: input %d is a %T: %w", o.Name, i, v, ErrShape)
}

func (o *op) DiffWRT(inputs int) []bool {
	if o.Differentiable == nil {
		return make([]bool, inputs)
	}
	return o.Differentiable
}

func (o *op) SymDiff(inputs gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	if o.Gradient == nil {
		return nil, fmt.Errorf("graphop: %s is not differentiable", o.Name)
	}
	return o.Gradient(inputs, output, grad)
}

// Run executes the machine's graph once. It unwraps the error of a tape machine, which
// would hide its cause from errors.Is.
func Run(machine gorgonia.VM) error {
	err := machine.RunAll()
	machine.Reset()
	if err == nil {
		return nil
	}
	var hiding interface{ Err() error }
	if errors.As(err, &hiding) {
		return hiding.Err()
	}
	return err
}

// Dims returns the rows and columns of a matrix node.
func Dims(n *gorgonia.Node) (rows, cols int, err error) {
	if s := n.Shape(); len(s) == 2 {
		return s[0], s[1], nil
	}
	return 0, 0, fmt.Errorf("graphop: node %s has shape %v, want a matrix: %w", n.Name(), n.Shape(), ErrShape)
}

// Matrix adds an input node (rows×cols) with the given name. Its value is data itself, not a
// copy.
func Matrix(g *gorgonia.ExprGraph, name string, rows, cols int, data []float64) (*gorgonia.Node, error) {
	if rows <= 0 || cols <= 0 || len(data) != rows*cols {
		return nil, fmt.Errorf("graphop: %s: %d values for %d×%d: %w", name, len(data), rows, cols, ErrShape)
	}
	t := tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(data))
	return gorgonia.NewMatrix(g, gorgonia.Float64, gorgonia.WithName(name), gorgonia.WithShape(rows, cols), gorgonia.WithValue(t)), nil
}
