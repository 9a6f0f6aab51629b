package graphop_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"gorgonia.org/gorgonia"

	"github.com/metric-streams/anomaly/internal/graphop"
	"github.com/metric-streams/anomaly/internal/graphtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// node returns a rows×cols input of standard normal numbers.
func node(t testing.TB, g *gorgonia.ExprGraph, name string, rows, cols int, seed uint64) *gorgonia.Node {
	n, err := graphop.Matrix(g, name, rows, cols, graphtest.Normals(seed, rows*cols))
	require.NoError(t, err)
	return n
}

func run(t testing.TB, g *gorgonia.ExprGraph) error {
	machine := gorgonia.NewTapeMachine(g)
	defer func() { require.NoError(t, machine.Close()) }()
	return graphop.Run(machine)
}

func TestDenseGradients(t *testing.T) {
	// Without SIMD, the second layer goes through BLAS.
	for _, size := range []struct{ in, out, n int }{{3, 4, 7}, {33, 17, 3}, {1, 1, 1}} {
		for _, act := range []graphop.Activation{graphop.Linear, graphop.Tanh, graphop.Softmax} {
			if act == graphop.Softmax && size.out == 1 {
				continue // the result is always 1
			}
			t.Run(fmt.Sprintf("%dx%d/activation%d", size.in, size.out, act), func(t *testing.T) {
				g := gorgonia.NewGraph()
				x, theta := node(t, g, "x", size.in, size.n, 1), node(t, g, "theta", size.in+1, size.out, 2)
				y, err := graphop.Dense(x, theta, act, true)
				require.NoError(t, err)
				graphtest.CheckGraph(t, graphtest.Weighted(t, y, graphtest.Normals(3, size.out*size.n)), x, theta)
			})
		}
	}
}

func TestDenseWithoutInputGradient(t *testing.T) {
	g := gorgonia.NewGraph()
	x, theta := node(t, g, "x", 3, 5, 1), node(t, g, "theta", 4, 2, 2)
	y, err := graphop.Dense(x, theta, graphop.Tanh, false)
	require.NoError(t, err)
	cost := graphtest.Weighted(t, y, graphtest.Normals(3, 10))
	graphtest.CheckGraph(t, cost, theta)
}

func TestDropoutAndSumGradients(t *testing.T) {
	g := gorgonia.NewGraph()
	x := node(t, g, "x", 2, 4, 1)
	mask, err := graphop.Matrix(g, "mask", 2, 4, []float64{0, 2, 2, 0, 2, 0, 2, 2})
	require.NoError(t, err)
	y, err := graphop.Dropout(x, mask)
	require.NoError(t, err)
	// x enters the cost twice, so the gradients of both paths add up.
	cost, err := graphop.Add(graphtest.Weighted(t, y, graphtest.Normals(2, 8)), graphtest.Weighted(t, x, graphtest.Normals(3, 8)))
	require.NoError(t, err)
	graphtest.CheckGraph(t, cost, x)
}

func TestRowsTakesRows(t *testing.T) {
	g := gorgonia.NewGraph()
	x, err := graphop.Matrix(g, "x", 3, 2, []float64{1, 2, 3, 4, 5, 6})
	require.NoError(t, err)
	y, err := graphop.Rows(x, 1, 3)
	require.NoError(t, err)
	require.NoError(t, run(t, g))
	require.Equal(t, []float64{3, 4, 5, 6}, y.Value().Data())
}

func TestShapesThatDoNotMatch(t *testing.T) {
	g := gorgonia.NewGraph()
	x, theta := node(t, g, "x", 3, 4, 1), node(t, g, "theta", 3, 2, 1)
	scalar := graphtest.Weighted(t, x, make([]float64, 12))
	vector := gorgonia.NewVector(g, gorgonia.Float64, gorgonia.WithShape(3))
	for name, f := range map[string]func() (*gorgonia.Node, error){
		"dense":            func() (*gorgonia.Node, error) { return graphop.Dense(x, theta, graphop.Linear, true) },
		"dense of vector":  func() (*gorgonia.Node, error) { return graphop.Dense(vector, theta, graphop.Linear, true) },
		"dense by vector":  func() (*gorgonia.Node, error) { return graphop.Dense(x, vector, graphop.Linear, true) },
		"dropout mask":     func() (*gorgonia.Node, error) { return graphop.Dropout(x, theta) },
		"dropout of one":   func() (*gorgonia.Node, error) { return graphop.Dropout(scalar, theta) },
		"rows beyond":      func() (*gorgonia.Node, error) { return graphop.Rows(x, 1, 4) },
		"rows backwards":   func() (*gorgonia.Node, error) { return graphop.Rows(x, 2, 1) },
		"rows before":      func() (*gorgonia.Node, error) { return graphop.Rows(x, -1, 2) },
		"rows of a scalar": func() (*gorgonia.Node, error) { return graphop.Rows(scalar, 0, 1) },
		"sum of matrices":  func() (*gorgonia.Node, error) { return graphop.Add(x, scalar) },
		"no rows":          func() (*gorgonia.Node, error) { return graphop.Matrix(g, "m", 0, 2, nil) },
		"few values":       func() (*gorgonia.Node, error) { return graphop.Matrix(g, "m", 2, 2, make([]float64, 3)) },
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f()
			require.ErrorIs(t, err, graphop.ErrShape)
			require.ErrorContains(t, err, "graphop: ")
		})
	}
}

func TestKernelFailuresBecomeErrors(t *testing.T) {
	cause := errors.New("cause")
	for want, kernel := range map[string]graphop.Kernel{
		"index out of range": func(dst []float64, in [][]float64) error {
			dst[0] = in[0][len(in[0])]
			return nil
		},
		"cause": func([]float64, [][]float64) error { return cause },
	} {
		t.Run(want, func(t *testing.T) {
			g := gorgonia.NewGraph()
			_, err := graphop.Apply(graphop.Spec{Name: "faulty", Kernel: kernel}, node(t, g, "x", 2, 2, 1))
			require.NoError(t, err)
			err = run(t, g)
			require.ErrorContains(t, err, want)
			if want == "cause" {
				require.ErrorIs(t, err, cause)
			} else {
				require.ErrorContains(t, err, "graphop: faulty")
			}
		})
	}
}

func TestForeignValueIsAnError(t *testing.T) {
	g := gorgonia.NewGraph()
	x := gorgonia.NewMatrix(g, gorgonia.Float32, gorgonia.WithShape(1, 1), gorgonia.WithInit(gorgonia.Ones()))
	_, err := graphop.Apply(graphop.Spec{Name: "foreign", Kernel: func([]float64, [][]float64) error { return nil }}, x)
	if err == nil {
		err = run(t, g)
	}
	require.ErrorIs(t, err, graphop.ErrShape)
}

func TestEqualOperationsAreNotMerged(t *testing.T) {
	g := gorgonia.NewGraph()
	x := node(t, g, "x", 2, 2, 1)
	calls := 0
	spec := graphop.Spec{Name: "count", Rows: 1, Cols: 1, Kernel: func(dst []float64, _ [][]float64) error {
		calls++
		dst[0] = float64(calls)
		return nil
	}}
	a, err := graphop.Apply(spec, x)
	require.NoError(t, err)
	b, err := graphop.Apply(spec, x)
	require.NoError(t, err)
	require.NoError(t, run(t, g))
	require.Equal(t, 2, calls)
	require.NotEqual(t, a.Value().Data(), b.Value().Data())
}

func TestRowsHasNoGradient(t *testing.T) {
	g := gorgonia.NewGraph()
	x := node(t, g, "x", 2, 2, 1)
	y, err := graphop.Rows(x, 0, 1)
	require.NoError(t, err)
	_, err = gorgonia.Grad(graphtest.Weighted(t, y, []float64{1, 1}), x)
	require.Error(t, err)
}
