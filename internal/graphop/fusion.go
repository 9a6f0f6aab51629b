package graphop

import (
	"slices"

	"gorgonia.org/tensor"

	"github.com/metric-streams/anomaly/internal/kernel"
)

// alias returns o with the memory of its input in place of a copy.
func (o *op) alias() *op {
	a := *o
	a.dst = o.in[0][o.offset:][:len(o.dst)]
	a.matrix = tensor.New(tensor.WithShape(o.Rows, o.Cols), tensor.WithBacking(a.dst))
	return &a
}

// fusible returns the operation that computes the gradient by the tanh that s goes on from, if
// s is the gradient of a tanh and nothing else reads the other.
func (b *builder) fusible(s *step) *op {
	if !s.direct || !s.own.tanhGrad {
		return nil
	}
	producer := b.makers[s.inputs[1]]
	if producer == nil || producer.layer == nil || b.uses[s.inputs[1]] != 1 {
		return nil
	}
	if !slices.ContainsFunc(b.m.steps, func(t step) bool { return t.own == producer && t.direct }) {
		return nil
	}
	return producer
}

// drop removes the step of an operation.
func (b *builder) drop(o *op) {
	b.m.steps = slices.DeleteFunc(b.m.steps, func(t step) bool { return t.own == o })
}

// after returns the gradient of a tanh that also computes the gradient by the tanh, in place of
// producer. Its values are never stored, which saves a pass over them.
func (o *op) after(producer *op) *op {
	f, l := *o, producer.layer
	f.Name = "input and activation gradient"
	f.in = [][]float64{producer.in[0], producer.in[1], o.in[0]}
	f.Kernel = func(dst []float64, in [][]float64) error {
		kernel.InputGradTanh(dst, in[0], in[1], in[2], l.in, l.out, l.n)
		return nil
	}
	return &f
}
