package graphop

import (
	"fmt"
	"slices"
	"strings"

	"gorgonia.org/gorgonia"

	"github.com/metric-streams/anomaly/internal/kernel"
)

// Machine is a gorgonia.VM that runs the operations of a graph in order on the caller's
// goroutine. gorgonia's tape machine gives the same values, but it locks a thread, starts a
// goroutine and allocates in every run. That takes longer than the arithmetic of a small
// batch. The inputs of the graph are the memory that they have when NewMachine is called:
// the caller overwrites that of a matrix in place, and a scalar stays as it is. A gradient that
// nothing but the gradient of a tanh goes on from is computed together with that: the value of its
// node stays what it was. A Machine belongs to one goroutine.
type Machine struct {
	steps   []step
	current *step // that runs
}

// step computes one node.
type step struct {
	node   *gorgonia.Node
	own    *op  // nil for an operation of gorgonia itself
	direct bool // own's inputs are bound to memory that stays in place
	inputs gorgonia.Nodes
	values []gorgonia.Value
	out    gorgonia.Value
}

// NewMachine prepares a graph. The graph must be complete, including gradients.
func NewMachine(g *gorgonia.ExprGraph) (*Machine, error) {
	nodes, err := gorgonia.Sort(g)
	if err != nil {
		return nil, fmt.Errorf("graphop: machine: %w", err)
	}
	b := &builder{m: &Machine{}, makers: map[*gorgonia.Node]*op{}, foreign: map[*gorgonia.Node]bool{}, uses: map[*gorgonia.Node]int{}}
	all := make([]gorgonia.Nodes, len(nodes))
	for i, n := range nodes {
		if all[i], err = inputsOf(g, n); err != nil {
			return nil, err
		}
		for _, in := range all[i] {
			b.uses[in]++
		}
	}
	for i := len(nodes) - 1; i >= 0; i-- {
		if err := b.add(nodes[i], all[i]); err != nil {
			return nil, err
		}
	}
	return b.m, nil
}

// builder makes the steps of a Machine.
type builder struct {
	m       *Machine
	makers  map[*gorgonia.Node]*op
	foreign map[*gorgonia.Node]bool // computed by gorgonia
	uses    map[*gorgonia.Node]int  // number of operands that a node is
}

// add adds the step that computes n from its inputs.
func (b *builder) add(n *gorgonia.Node, inputs gorgonia.Nodes) error {
	if n.Op() == nil || len(inputs) == 0 {
		if n.Value() == nil {
			return fmt.Errorf("graphop: machine: input %s has no value: %w", n.Name(), ErrShape)
		}
		return nil
	}
	s := step{node: n, inputs: inputs, values: make([]gorgonia.Value, len(inputs))}
	if s.own, _ = n.Op().(*op); s.own == nil {
		s.own = sumOf(n, inputs)
	}
	if s.own == nil {
		b.foreign[n] = true
		b.m.steps = append(b.m.steps, s)
		return nil
	}
	if s.direct = !slices.ContainsFunc(inputs, func(in *gorgonia.Node) bool { return b.foreign[in] }); s.direct {
		if err := s.own.bind(inputs, b.makers); err != nil {
			return err
		}
	}
	idle := s.direct && s.own.view
	if idle {
		s.own = s.own.alias()
	} else if producer := b.fusible(&s); producer != nil {
		b.drop(producer)
		s.own = s.own.after(producer)
	}
	if err := gorgonia.UnsafeLet(n, s.own.value()); err != nil {
		return fmt.Errorf("graphop: machine: %s: %w", s.own.Name, err)
	}
	b.makers[n] = s.own
	if !idle {
		b.m.steps = append(b.m.steps, s)
	}
	return nil
}

// bind makes o read the memory of its inputs, which are inputs of the graph or results of
// makers.
func (o *op) bind(inputs gorgonia.Nodes, makers map[*gorgonia.Node]*op) (err error) {
	for i, in := range inputs {
		if maker := makers[in]; maker != nil {
			o.in[i] = maker.dst
		} else if o.in[i], err = o.data(i, in.Value()); err != nil {
			return err
		}
	}
	return nil
}

// sumOf returns an operation of this package that does what n does, where n is gorgonia's sum
// of two matrices; nil otherwise. Differentiation makes such sums where a value is used
// twice. gorgonia's own sum allocates in every run.
func sumOf(n *gorgonia.Node, inputs gorgonia.Nodes) *op {
	binary, ok := n.Op().(gorgonia.BinaryOp)
	if !ok || !binary.IsBinary() || len(inputs) != 2 || !strings.HasPrefix(n.Op().String(), "+ ") {
		return nil
	}
	a, b := inputs[0].Shape(), inputs[1].Shape()
	if len(a) != 2 || !a.Eq(b) || inputs[0].Dtype() != gorgonia.Float64 || inputs[1].Dtype() != gorgonia.Float64 {
		return nil
	}
	return newOp(Spec{Name: "gradient sum", Rows: a[0], Cols: a[1], Kernel: func(dst []float64, in [][]float64) error {
		copy(dst, in[0])
		kernel.Axpy(dst, in[1], 1)
		return nil
	}}, inputs)
}

// inputsOf returns the operands of n in their order.
func inputsOf(g *gorgonia.ExprGraph, n *gorgonia.Node) (inputs gorgonia.Nodes, err error) {
	for it := g.From(n.ID()); it != nil && it.Next(); {
		in, ok := it.Node().(*gorgonia.Node)
		if !ok {
			return nil, fmt.Errorf("graphop: machine: operand of %s is a %T: %w", n.Name(), it.Node(), ErrShape)
		}
		inputs = append(inputs, in)
	}
	return inputs, nil
}

// RunAll computes every node. A panic in a kernel becomes an error.
func (m *Machine) RunAll() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("graphop: %s: %v", m.current.name(), p)
		}
	}()
	for i := range m.steps {
		s := &m.steps[i]
		m.current = s
		if s.direct {
			err = s.own.run()
		} else {
			err = s.run()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *step) name() string {
	if s.own != nil {
		return s.own.Name
	}
	return s.node.Name()
}

// run computes a node from the values that its inputs have now.
func (s *step) run() error {
	for i, in := range s.inputs {
		s.values[i] = in.Value()
	}
	if s.own != nil {
		_, err := s.own.Do(s.values...)
		return err
	}
	var out gorgonia.Value
	var err error
	if p, ok := s.node.Op().(gorgonia.UsePreallocDoer); ok && s.out != nil {
		out, err = p.UsePreallocDo(s.out, s.values...)
	} else {
		out, err = s.node.Op().Do(s.values...)
	}
	if err != nil {
		return fmt.Errorf("graphop: %s: %w", s.name(), err)
	}
	if out != s.out {
		s.out = out
		return gorgonia.UnsafeLet(s.node, out)
	}
	return nil
}

// Reset does nothing. A Machine can always run again.
func (m *Machine) Reset() {}

// Close does nothing. A Machine holds nothing but memory.
func (m *Machine) Close() error { return nil }
