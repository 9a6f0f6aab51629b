package graphop

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"github.com/metric-streams/anomaly/internal/kernel"
)

// Activation is the function after the affine part of a dense layer.
type Activation int

// The activations of DAGMM's layers.
const (
	Linear Activation = iota
	Tanh
	Softmax
)

// Dense adds a layer act(θ·[x, 1]). x is in×n, theta (in+1)×out and the result out×n. Where
// x is data, inputGrad = false saves computing the gradient with respect to it.
func Dense(x, theta *gorgonia.Node, act Activation, inputGrad bool) (*gorgonia.Node, error) {
	in, n, err := Dims(x)
	if err != nil {
		return nil, err
	}
	rows, out, err := Dims(theta)
	if err != nil {
		return nil, err
	}
	if rows != in+1 {
		return nil, fmt.Errorf("graphop: dense layer of %d inputs with parameters for %d: %w", in, rows-1, ErrShape)
	}
	l := denseLayer{in: in, out: out, n: n, act: act, inputGrad: inputGrad}
	if act == Softmax {
		l.lse = make([]float64, n)
	}
	return Apply(Spec{Name: "dense", Rows: out, Cols: n, Differentiable: []bool{inputGrad, true},
		Kernel: l.forward, Gradient: l.gradient}, x, theta)
}

type denseLayer struct {
	in, out, n int
	act        Activation
	inputGrad  bool
	lse        []float64 // log-sum-exp, which the softmax kernel also computes
}

func (l denseLayer) forward(y []float64, in [][]float64) error {
	kernel.AffineTrain(y, in[0], in[1], l.in, l.out, l.n)
	switch l.act {
	case Tanh:
		kernel.Tanh(y, l.out, l.n)
	case Softmax:
		kernel.Softmax(y, l.lse, l.out, l.n)
	}
	return nil
}

func (l denseLayer) gradient(in gorgonia.Nodes, out, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	affine := grad
	var err error
	if l.act != Linear {
		affine, err = Apply(Spec{Name: "activation gradient", Rows: l.out, Cols: l.n, Kernel: l.activation, tanhGrad: l.act == Tanh}, out, grad)
		if err != nil {
			return nil, err
		}
	}
	nodes := make(gorgonia.Nodes, 2)
	if nodes[1], err = Apply(Spec{Name: "parameter gradient", Rows: l.in + 1, Cols: l.out, Kernel: l.byTheta}, in[0], affine); err != nil {
		return nil, err
	}
	if l.inputGrad {
		if nodes[0], err = Apply(Spec{Name: "input gradient", Rows: l.in, Cols: l.n, Kernel: l.byInput, layer: &l}, in[1], affine); err != nil {
			return nil, err
		}
	}
	return nodes, nil
}

// activation computes the gradient with respect to the affine part.
func (l denseLayer) activation(dst []float64, in [][]float64) error {
	if l.act == Softmax {
		kernel.SoftmaxGrad(dst, in[1], in[0], l.out, l.n)
	} else {
		kernel.TanhGrad(dst, in[1], in[0])
	}
	return nil
}

// byTheta computes the gradient with respect to theta.
func (l denseLayer) byTheta(dst []float64, in [][]float64) error {
	kernel.ThetaGrad(dst, in[0], in[1], l.in, l.out, l.n)
	return nil
}

// byInput computes the gradient with respect to x.
func (l denseLayer) byInput(dst []float64, in [][]float64) error {
	kernel.InputGrad(dst, in[0], in[1], l.in, l.out, l.n)
	return nil
}

// Dropout multiplies x by mask, element by element. The caller fills mask before every
// step: with 0 for a unit that is dropped and 1/keep for one that is kept.
func Dropout(x, mask *gorgonia.Node) (*gorgonia.Node, error) {
	rows, cols, err := Dims(x)
	if err != nil {
		return nil, err
	}
	if r, c, err := Dims(mask); err != nil || r != rows || c != cols {
		return nil, fmt.Errorf("graphop: dropout of %d×%d by a mask of shape %v: %w", rows, cols, mask.Shape(), ErrShape)
	}
	product := func(dst []float64, in [][]float64) error {
		kernel.Mul(dst, in[0], in[1])
		return nil
	}
	return Apply(Spec{Name: "dropout", Rows: rows, Cols: cols, Differentiable: []bool{true, false}, Kernel: product,
		Gradient: func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
			g, err := Apply(Spec{Name: "dropout gradient", Rows: rows, Cols: cols, Kernel: product}, grad, in[1])
			return gorgonia.Nodes{g, nil}, err
		}}, x, mask)
}

// Add returns the sum of two scalars.
func Add(a, b *gorgonia.Node) (*gorgonia.Node, error) {
	if !a.IsScalar() || !b.IsScalar() {
		return nil, fmt.Errorf("graphop: sum of shapes %v and %v, want scalars: %w", a.Shape(), b.Shape(), ErrShape)
	}
	return Apply(Spec{Name: "sum", Differentiable: []bool{true, true},
		Kernel: func(dst []float64, in [][]float64) error {
			dst[0] = in[0][0] + in[1][0]
			return nil
		},
		Gradient: func(_ gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
			return gorgonia.Nodes{grad, grad}, nil
		}}, a, b)
}

// Rows returns the rows [from, to) of a matrix. It is not differentiable.
func Rows(x *gorgonia.Node, from, to int) (*gorgonia.Node, error) {
	rows, n, err := Dims(x)
	if err != nil {
		return nil, err
	}
	if from < 0 || to > rows || from >= to {
		return nil, fmt.Errorf("graphop: rows %d to %d of %d: %w", from, to, rows, ErrShape)
	}
	return Apply(Spec{Name: "rows", Rows: to - from, Cols: n, view: true, offset: from * n, Kernel: func(dst []float64, in [][]float64) error {
		copy(dst, in[0][from*n:to*n])
		return nil
	}}, x)
}
