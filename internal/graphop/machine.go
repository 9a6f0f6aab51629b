package graphop

import (
	"fmt"

	"gorgonia.org/gorgonia"
)

// Machine is a gorgonia.VM that runs the operations of a graph in order on the caller's
// goroutine. gorgonia's tape machine gives the same values, but it locks a thread, starts a
// goroutine and allocates in every run. That takes longer than the arithmetic of a small
// batch. A Machine belongs to one goroutine.
type Machine struct{ steps []step }

// step computes one node.
type step struct {
	node   *gorgonia.Node
	own    *op // nil for an operation of gorgonia itself, such as the sum of two gradients
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
	m := &Machine{}
	for i := len(nodes) - 1; i >= 0; i-- {
		n := nodes[i]
		inputs, err := inputsOf(g, n)
		if err != nil {
			return nil, err
		}
		if n.Op() == nil || len(inputs) == 0 {
			if n.Value() == nil {
				return nil, fmt.Errorf("graphop: machine: input %s has no value: %w", n.Name(), ErrShape)
			}
			continue
		}
		s := step{node: n, inputs: inputs, values: make([]gorgonia.Value, len(inputs))}
		if s.own, _ = n.Op().(*op); s.own != nil {
			if err := gorgonia.UnsafeLet(n, s.own.value()); err != nil {
				return nil, fmt.Errorf("graphop: machine: %s: %w", s.own.Name, err)
			}
		}
		m.steps = append(m.steps, s)
	}
	return m, nil
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

// RunAll computes every node.
func (m *Machine) RunAll() error {
	for i := range m.steps {
		if err := m.steps[i].run(); err != nil {
			return err
		}
	}
	return nil
}

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
		return fmt.Errorf("graphop: %s: %w", s.node.Name(), err)
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
