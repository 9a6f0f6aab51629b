package graphop

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/gorgonia"
)

// twoPaths returns a graph that uses the output of a layer twice, so that gradients add up.
func twoPaths(t *testing.T) (*gorgonia.ExprGraph, *gorgonia.Node, gorgonia.Nodes, []float64) {
	rng := rand.New(rand.NewPCG(1, 2))
	data := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = rng.NormFloat64()
		}
		return v
	}
	g := gorgonia.NewGraph()
	const n = 9
	input := data(3 * n)
	x, err := Matrix(g, "x", 3, n, input)
	require.NoError(t, err)
	a, err := Matrix(g, "a", 4, 5, data(20))
	require.NoError(t, err)
	b, err := Matrix(g, "b", 6, 5, data(30))
	require.NoError(t, err)
	h, err := Dense(x, a, Tanh, false)
	require.NoError(t, err)
	y, err := Dense(h, b, Softmax, true)
	require.NoError(t, err)
	p, err := Dropout(y, h)
	require.NoError(t, err)
	q, err := Dense(h, b, Tanh, true)
	require.NoError(t, err)
	cost, err := Add(total(t, p), total(t, q))
	require.NoError(t, err)
	_, err = gorgonia.Grad(cost, a, b)
	require.NoError(t, err)
	return g, cost, gorgonia.Nodes{a, b}, input
}

// total returns the sum of squares of x.
func total(t *testing.T, x *gorgonia.Node) *gorgonia.Node {
	rows, cols, err := Dims(x)
	require.NoError(t, err)
	s, err := Apply(Spec{Name: "total", Differentiable: []bool{true},
		Kernel: func(dst []float64, in [][]float64) error {
			dst[0] = 0
			for _, v := range in[0] {
				dst[0] += v * v
			}
			return nil
		},
		Gradient: func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
			g, err := Apply(Spec{Name: "total gradient", Rows: rows, Cols: cols, Kernel: func(dst []float64, in [][]float64) error {
				for i, v := range in[0] {
					dst[i] = 2 * v * in[1][0]
				}
				return nil
			}}, in[0], grad)
			return gorgonia.Nodes{g}, err
		}}, x)
	require.NoError(t, err)
	return s
}

// chain returns a graph of three layers and a view of the first. The machine fuses the gradients
// between the layers.
func chain(t *testing.T) (*gorgonia.ExprGraph, *gorgonia.Node, gorgonia.Nodes, []float64) {
	rng := rand.New(rand.NewPCG(3, 4))
	g := gorgonia.NewGraph()
	const n = 21
	matrix := func(name string, rows, cols int) (*gorgonia.Node, []float64) {
		v := make([]float64, rows*cols)
		for i := range v {
			v[i] = rng.NormFloat64()
		}
		m, err := Matrix(g, name, rows, cols, v)
		require.NoError(t, err)
		return m, v
	}
	x, input := matrix("x", 3, n)
	out, parameters := x, gorgonia.Nodes{}
	for i, size := range [][2]int{{4, 20}, {21, 7}, {8, 2}} {
		theta, _ := matrix(string(rune('a'+i)), size[0], size[1])
		parameters = append(parameters, theta)
		act := Tanh
		if i == 2 {
			act = Linear
		}
		y, err := Dense(out, theta, act, i > 0)
		require.NoError(t, err)
		out = y
	}
	view, err := Rows(out, 1, 2)
	require.NoError(t, err)
	cost, err := Add(total(t, out), total(t, view))
	require.NoError(t, err)
	_, err = gorgonia.Backpropagate(gorgonia.Nodes{cost}, gorgonia.Nodes{g.AddNode(gorgonia.NewConstant(1.0))}, parameters)
	require.NoError(t, err)
	return g, cost, parameters, input
}

func TestMachineGivesTheTapeMachinesBits(t *testing.T) {
	for name, build := range map[string]func(*testing.T) (*gorgonia.ExprGraph, *gorgonia.Node, gorgonia.Nodes, []float64){"two paths": twoPaths, "chain": chain} {
		t.Run(name, func(t *testing.T) {
			g, cost, parameters, input := build(t)
			g2, cost2, parameters2, input2 := build(t)
			tape := gorgonia.NewTapeMachine(g2)
			m, err := NewMachine(g)
			require.NoError(t, err)
			for run := range 3 {
				input[run], input2[run] = float64(run), float64(run)
				require.NoError(t, m.RunAll())
				m.Reset()
				require.NoError(t, tape.RunAll())
				tape.Reset()
				require.Equal(t, cost2.Value().Data(), cost.Value().Data())
				for i := range parameters {
					want, err := parameters2[i].Grad()
					require.NoError(t, err)
					got, err := parameters[i].Grad()
					require.NoError(t, err)
					require.Equal(t, want.Data(), got.Data())
				}
			}
			require.NoError(t, m.Close())
			require.NoError(t, tape.Close())
		})
	}
}

func TestMachineFusesGradientsAndCopiesNoRows(t *testing.T) {
	g, _, _, _ := chain(t)
	m, err := NewMachine(g)
	require.NoError(t, err)
	fused := 0
	for i := range m.steps {
		require.NotEqual(t, "rows", m.steps[i].name())
		require.NotEqual(t, "activation gradient", m.steps[i].name())
		if m.steps[i].name() == "input and activation gradient" {
			fused++
		}
	}
	require.Equal(t, 2, fused)
}

func TestMachineReportsTheOperationThatFails(t *testing.T) {
	g := gorgonia.NewGraph()
	x, err := Matrix(g, "x", 1, 2, []float64{1, 2})
	require.NoError(t, err)
	_, err = Apply(Spec{Name: "broken", Rows: 1, Cols: 2, Kernel: func([]float64, [][]float64) error { panic("no") }}, x)
	require.NoError(t, err)
	m, err := NewMachine(g)
	require.NoError(t, err)
	require.ErrorContains(t, m.RunAll(), "graphop: broken: no")

	gorgonia.NewMatrix(g, gorgonia.Float64, gorgonia.WithName("empty"), gorgonia.WithShape(1, 2))
	_, err = NewMachine(g)
	require.ErrorIs(t, err, ErrShape)
}
