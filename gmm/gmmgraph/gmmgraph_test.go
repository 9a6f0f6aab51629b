package gmmgraph_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/gorgonia"

	"github.com/metric-streams/anomaly/gmm"
	"github.com/metric-streams/anomaly/gmm/gmmgraph"
	"github.com/metric-streams/anomaly/internal/graphop"
	"github.com/metric-streams/anomaly/internal/graphtest"
)

const d, hidden, n = 3, 6, 30

func estimation(t testing.TB, k int) *gmm.Estimation {
	e, err := gmm.NewEstimation(d, hidden, k, rand.New(rand.NewPCG(1, 2)))
	require.NoError(t, err)
	copy(e.Theta1[d*hidden:], graphtest.Normals(7, hidden)) // biases start at 0
	copy(e.Theta2[hidden*k:], graphtest.Normals(8, k))
	return e
}

func matrix(t testing.TB, g *gorgonia.ExprGraph, name string, rows, cols int, data []float64) *gorgonia.Node {
	m, err := graphop.Matrix(g, name, rows, cols, data)
	require.NoError(t, err)
	return m
}

// points returns two groups, so that the components differ.
func points() []float64 {
	z := graphtest.Normals(2, d*n)
	for i := range z {
		z[i] += 1.5 * float64(i%2)
	}
	return z
}

func TestMembershipsAreTheNetworks(t *testing.T) {
	e := estimation(t, 3)
	g := gorgonia.NewGraph()
	nodes, err := gmmgraph.Build(e, matrix(t, g, "z", d, n, points()), nil)
	require.NoError(t, err)
	machine := gorgonia.NewTapeMachine(g)
	defer machine.Close()
	require.NoError(t, graphop.Run(machine))
	want, err := e.Memberships(gmm.Points{Dim: d, N: n, Z: points()})
	require.NoError(t, err)
	require.Equal(t, want, nodes.Gamma.Value().Data())
}

// The gradient with respect to z has two paths: through the memberships and directly.
func TestObjectiveGradients(t *testing.T) {
	for _, cov := range []gmm.Covariance{gmm.Full, gmm.Diagonal} {
		for _, k := range []int{1, 2, 4} {
			for _, dropout := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/K%d/dropout=%t", cov, k, dropout), func(t *testing.T) {
					g := gorgonia.NewGraph()
					z := matrix(t, g, "z", d, n, points())
					var mask *gorgonia.Node
					if dropout {
						m := graphtest.Normals(9, hidden*n)
						for i, v := range m {
							m[i] = 0
							if v > 0 {
								m[i] = 2
							}
						}
						mask = matrix(t, g, "mask", hidden, n, m)
					}
					est, err := gmmgraph.Build(estimation(t, k), z, mask)
					require.NoError(t, err)
					cost, terms, err := gmmgraph.Objective(&gmm.Objective{Dim: d, Components: k, Covariance: cov, Ridge: 1e-3}, z, est.Gamma, .3, .005)
					require.NoError(t, err)
					by := gorgonia.Nodes{z}
					if k > 1 { // one membership is constantly 1
						by = append(by, est.Parameters...)
					}
					graphtest.CheckGraph(t, cost, by...)
					require.NotZero(t, terms.Energy)
					require.Positive(t, terms.Penalty)
				})
			}
		}
	}
}

func TestObjectiveWithoutMemberships(t *testing.T) {
	for _, cov := range []gmm.Covariance{gmm.Full, gmm.Diagonal} {
		g := gorgonia.NewGraph()
		z := matrix(t, g, "z", d, n, points())
		cost, terms, err := gmmgraph.Objective(&gmm.Objective{Dim: d, Components: 1, Covariance: cov, Ridge: 1e-3}, z, nil, .3, .005)
		require.NoError(t, err)
		graphtest.CheckGraph(t, cost, z)
		require.NotZero(t, terms.Energy)
		require.Positive(t, terms.Penalty)
		_, _, err = gmmgraph.Objective(&gmm.Objective{Dim: d, Components: 2, Covariance: cov}, z, nil, .3, 0)
		require.ErrorIs(t, err, graphop.ErrShape)
	}
}

func TestSingularMixtureIsAnError(t *testing.T) {
	g := gorgonia.NewGraph()
	z, gamma := matrix(t, g, "z", 2, 3, []float64{1, 1, 1, 2, 2, 2}), matrix(t, g, "gamma", 1, 3, []float64{1, 1, 1})
	_, _, err := gmmgraph.Objective(&gmm.Objective{Dim: 2, Components: 1}, z, gamma, .1, 0)
	require.NoError(t, err)
	machine := gorgonia.NewTapeMachine(g)
	defer machine.Close()
	require.ErrorIs(t, graphop.Run(machine), gmm.ErrNotPositiveDefinite)
}

func TestShapesThatDoNotMatch(t *testing.T) {
	g := gorgonia.NewGraph()
	z, gamma := matrix(t, g, "z", d, n, points()), matrix(t, g, "gamma", 2, n, make([]float64, 2*n))
	wide, short := matrix(t, g, "wide", d+1, n, make([]float64, (d+1)*n)), matrix(t, g, "short", 2, n-1, make([]float64, 2*(n-1)))

	_, err := gmmgraph.Build(estimation(t, 2), wide, nil)
	require.ErrorIs(t, err, graphop.ErrShape)
	require.ErrorContains(t, err, "gmmgraph: hidden layer")
	_, err = gmmgraph.Build(estimation(t, 2), z, gamma)
	require.ErrorContains(t, err, "gmmgraph: dropout")
	o := &gmm.Objective{Dim: d, Components: 2}
	for name, nodes := range map[string][2]*gorgonia.Node{"wide z": {wide, gamma}, "few memberships": {z, short}, "many components": {z, z}} {
		t.Run(name, func(t *testing.T) {
			_, _, err := gmmgraph.Objective(o, nodes[0], nodes[1], 1, 0)
			require.ErrorIs(t, err, graphop.ErrShape)
		})
	}
}
