// Package graphtest helps to test gorgonia graphs: it reduces a matrix to one number, and
// compares gradients with finite differences.
package graphtest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/gorgonia"

	"github.com/metric-streams/anomaly/internal/graphop"
	"github.com/metric-streams/anomaly/internal/kernel"
)

// Normals returns n standard normal numbers.
func Normals(seed uint64, n int) []float64 {
	rng := rand.New(rand.NewPCG(seed, 1))
	v := make([]float64, n)
	for i := range v {
		v[i] = rng.NormFloat64()
	}
	return v
}

// Weighted adds the scalar Σ w·x to the graph of the matrix x.
func Weighted(t testing.TB, x *gorgonia.Node, w []float64) *gorgonia.Node {
	rows, cols, err := graphop.Dims(x)
	require.NoError(t, err)
	require.Len(t, w, rows*cols)
	n, err := graphop.Apply(graphop.Spec{Name: "weighted sum", Differentiable: []bool{true},
		Kernel: func(dst []float64, in [][]float64) error {
			dst[0] = kernel.Dot(in[0], w)
			return nil
		},
		Gradient: func(_ gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
			g, err := graphop.Apply(graphop.Spec{Name: "weighted sum gradient", Rows: rows, Cols: cols,
				Kernel: func(dst []float64, in [][]float64) error {
					for i, v := range w {
						dst[i] = v * in[0][0]
					}
					return nil
				}}, grad)
			return gorgonia.Nodes{g}, err
		}}, x)
	require.NoError(t, err)
	return n
}

// CheckGraph compares the symbolic gradients of cost with respect to the nodes with finite
// differences of the graph itself. The values of the nodes are matrices.
func CheckGraph(t testing.TB, cost *gorgonia.Node, by ...*gorgonia.Node) {
	_, err := gorgonia.Grad(cost, by...)
	require.NoError(t, err)
	machine := gorgonia.NewTapeMachine(cost.Graph())
	defer func() { require.NoError(t, machine.Close()) }()
	run := func() float64 {
		require.NoError(t, graphop.Run(machine))
		return cost.Value().Data().(float64)
	}
	run()
	var values, grads [][]float64
	for _, n := range by {
		g, err := n.Grad()
		require.NoError(t, err)
		values = append(values, n.Value().Data().([]float64))
		grads = append(grads, append([]float64(nil), g.Data().([]float64)...))
	}
	for i := range values {
		Check(t, by[i].Name(), run, values[i], grads[i])
	}
}

// Check compares grad with finite differences of cost for every element of value. The
// differences are of fourth order, over ±h and ±2h. The tolerance is 1e-6 of the
// difference plus 1e-9 of the largest gradient, because rounding limits the precision of
// differences.
func Check(t testing.TB, name string, cost func() float64, value, grad []float64) {
	const h = 2e-4
	require.Len(t, grad, len(value), name)
	var scale float64
	for _, g := range grad {
		scale = max(scale, math.Abs(g))
	}
	require.Positive(t, scale, "%s has no gradient", name)
	for i, v := range value {
		at := func(d float64) float64 {
			value[i] = v + d
			return cost()
		}
		want := (8*(at(h)-at(-h)) - (at(2*h) - at(-2*h))) / (12 * h)
		value[i] = v
		require.InDelta(t, want, grad[i], 1e-6*math.Abs(want)+1e-9*scale, "%s, element %d", name, i)
	}
}
