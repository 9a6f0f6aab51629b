package aegraph_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/gorgonia"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/autoencoder/aegraph"
	"github.com/metric-streams/anomaly/internal/graphop"
	"github.com/metric-streams/anomaly/internal/graphtest"
)

const n = 6

func network(t testing.TB, in, out int) *autoencoder.Network {
	net, err := autoencoder.New(in, []int{7, 5}, 2, out, rand.New(rand.NewPCG(1, 2)))
	require.NoError(t, err)
	for _, layers := range [][]autoencoder.Layer{net.Encoder, net.Decoder} {
		for _, l := range layers { // biases start at 0, where a mistake would not show
			copy(l.Theta[l.In*l.Out:], graphtest.Normals(uint64(l.Out), l.Out))
		}
	}
	return net
}

func matrix(t testing.TB, g *gorgonia.ExprGraph, name string, rows, cols int, seed uint64) *gorgonia.Node {
	m, err := graphop.Matrix(g, name, rows, cols, graphtest.Normals(seed, rows*cols))
	require.NoError(t, err)
	return m
}

func TestGraphIsTheNetwork(t *testing.T) {
	net := network(t, 4, 3)
	g := gorgonia.NewGraph()
	input := matrix(t, g, "input", 4, n, 3)
	nodes, err := aegraph.Build(net, input)
	require.NoError(t, err)
	require.Len(t, nodes.Parameters, 6)
	machine := gorgonia.NewTapeMachine(g)
	defer machine.Close()
	require.NoError(t, graphop.Run(machine))

	code, rec := make([]float64, 2*n), make([]float64, 3*n)
	net.Forward(code, rec, graphtest.Normals(3, 4*n), n, make([]float64, net.ScratchLen(n)))
	require.Equal(t, code, nodes.Code.Value().Data())
	require.Equal(t, rec, nodes.Reconstruction.Value().Data())

	net.Decoder[2].Theta[0]++ // the graph reads the memory of the network
	require.NoError(t, graphop.Run(machine))
	require.NotEqual(t, rec[:n], nodes.Reconstruction.Value().Data().([]float64)[:n])
}

func TestNetworkGradients(t *testing.T) {
	g := gorgonia.NewGraph()
	nodes, err := aegraph.Build(network(t, 4, 3), matrix(t, g, "input", 4, n, 3))
	require.NoError(t, err)
	cost, err := graphop.Add(graphtest.Weighted(t, nodes.Code, graphtest.Normals(4, 2*n)),
		graphtest.Weighted(t, nodes.Reconstruction, graphtest.Normals(5, 3*n)))
	require.NoError(t, err)
	graphtest.CheckGraph(t, cost, nodes.Parameters...)
}

func TestLatentAndLossGradients(t *testing.T) {
	for _, f := range []autoencoder.ErrorFeatures{autoencoder.Residual, autoencoder.RelativeCosine} {
		t.Run(string(f), func(t *testing.T) {
			g := gorgonia.NewGraph()
			code, target, rec := matrix(t, g, "code", 2, n, 1), matrix(t, g, "target", 3, n, 2), matrix(t, g, "reconstruction", 3, n, 3)
			z, err := aegraph.Latent(f, code, target, rec)
			require.NoError(t, err)
			rows, cols, err := graphop.Dims(z)
			require.NoError(t, err)
			require.Equal(t, []int{2 + f.Dim(3), n}, []int{rows, cols})
			loss, err := aegraph.ReconstructionLoss(target, rec)
			require.NoError(t, err)
			cost, err := graphop.Add(graphtest.Weighted(t, z, graphtest.Normals(4, rows*n)), loss)
			require.NoError(t, err)
			graphtest.CheckGraph(t, cost, code, rec)
		})
	}
}

func TestReconstructionLossByHand(t *testing.T) {
	g := gorgonia.NewGraph()
	target, err := graphop.Matrix(g, "target", 2, 2, []float64{1, 2, 3, 4})
	require.NoError(t, err)
	rec, err := graphop.Matrix(g, "reconstruction", 2, 2, []float64{1, 0, 0, 4})
	require.NoError(t, err)
	loss, err := aegraph.ReconstructionLoss(target, rec)
	require.NoError(t, err)
	machine := gorgonia.NewTapeMachine(g)
	defer machine.Close()
	require.NoError(t, graphop.Run(machine))
	require.Equal(t, (9.+4.)/2, loss.Value().Data(), "summed over targets, mean over samples")
}

func TestBuildRefuses(t *testing.T) {
	g := gorgonia.NewGraph()
	four, three := matrix(t, g, "four", 4, n, 1), matrix(t, g, "three", 3, n, 1)
	short := matrix(t, g, "short", 3, n-1, 1)

	_, err := aegraph.Build(network(t, 4, 4), three)
	require.ErrorIs(t, err, graphop.ErrShape)
	require.ErrorContains(t, err, "aegraph: encoder layer 0")
	broken := network(t, 4, 4)
	broken.Decoder[0].Theta[0] = math.NaN()
	_, err = aegraph.Build(broken, four)
	require.ErrorIs(t, err, autoencoder.ErrValue)

	for name, f := range map[string]func() (*gorgonia.Node, error){
		"loss widths":    func() (*gorgonia.Node, error) { return aegraph.ReconstructionLoss(four, three) },
		"loss samples":   func() (*gorgonia.Node, error) { return aegraph.ReconstructionLoss(three, short) },
		"latent widths":  func() (*gorgonia.Node, error) { return aegraph.Latent(autoencoder.Residual, three, four, three) },
		"latent samples": func() (*gorgonia.Node, error) { return aegraph.Latent(autoencoder.Residual, short, three, three) },
		"latent kind":    func() (*gorgonia.Node, error) { return aegraph.Latent("x", three, three, three) },
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f()
			require.ErrorContains(t, err, "aegraph: ")
		})
	}
}
