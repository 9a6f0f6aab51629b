package autoencoder

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// Networks of different depth and width, as a model with different members has them.
func TestRunnerGivesTheBitsOfForward(t *testing.T) {
	shapes := []struct {
		in     int
		hidden []int
		latent int
		out    int
	}{{5, []int{12, 7}, 2, 3}, {8, []int{4}, 1, 8}, {3, nil, 2, 3}}
	var passes []Pass
	for i, s := range shapes {
		net, err := New(s.in, s.hidden, s.latent, s.out, rng(uint64(i)))
		require.NoError(t, err)
		passes = append(passes, Pass{Network: net, Input: make([]float64, s.in), Code: make([]float64, s.latent), Reconstruction: make([]float64, s.out)})
	}
	r := NewRunner(passes)
	for sample := range 10 {
		for i, p := range passes {
			copy(p.Input, normals(rng(uint64(100*sample+i)), len(p.Input)))
		}
		r.Run()
		for _, p := range passes {
			code, rec := make([]float64, len(p.Code)), make([]float64, len(p.Reconstruction))
			p.Network.Forward(code, rec, p.Input, 1, make([]float64, p.Network.ScratchLen(1)))
			require.Equal(t, code, p.Code)
			require.Equal(t, rec, p.Reconstruction)
		}
	}
	require.Zero(t, testing.AllocsPerRun(100, r.Run))
}

// A Runner that is lent to other networks of the shapes gives their bits, and those of the first
// ones when it comes back.
func TestRunnerUsesOtherNetworks(t *testing.T) {
	shapes := [][]int{{12, 7}, {4}, nil}
	var passes []Pass
	var networks [2][]*Network
	for i, hidden := range shapes {
		for k := range networks {
			net, err := New(5, hidden, 2, 3, rng(uint64(10*k+i)))
			require.NoError(t, err)
			networks[k] = append(networks[k], net)
		}
		p := Pass{Network: networks[0][i], Input: normals(rng(uint64(i)), 5), Code: make([]float64, 2), Reconstruction: make([]float64, 3)}
		passes = append(passes, p)
	}
	r := NewRunner(passes)
	for _, k := range []int{1, 0, 1} {
		weights := NewWeights(networks[k])
		require.Zero(t, testing.AllocsPerRun(10, func() { r.Use(weights) }))
		r.Run()
		for i, p := range passes {
			code, rec := make([]float64, 2), make([]float64, 3)
			net := networks[k][i]
			net.Forward(code, rec, p.Input, 1, make([]float64, net.ScratchLen(1)))
			require.Equal(t, code, p.Code)
			require.Equal(t, rec, p.Reconstruction)
		}
	}
}

func TestRunnerReadsTheNetworksOwnWeights(t *testing.T) {
	net, err := New(2, []int{3}, 1, 2, rng(1))
	require.NoError(t, err)
	p := Pass{Network: net, Input: []float64{.3, -.4}, Code: make([]float64, 1), Reconstruction: make([]float64, 2)}
	r := NewRunner([]Pass{p})
	r.Run()
	before := p.Reconstruction[0]
	net.Decoder[1].Theta[len(net.Decoder[1].Theta)-2]++ // the bias of the first output
	r.Run()
	require.InDelta(t, before+1, p.Reconstruction[0], 1e-12)
}

func TestRunnerWritesResiduals(t *testing.T) {
	net, err := New(3, []int{5}, 2, 3, rng(1))
	require.NoError(t, err)
	input, scale := []float64{.3, -.4, 90}, []float64{1, .5, 2}
	code, want := make([]float64, 2), make([]float64, 3)
	net.Forward(code, want, input, 1, make([]float64, net.ScratchLen(1)))
	for i := range want {
		want[i] = 3 * math.Asinh((input[i]-want[i])*scale[i]/3)
	}
	for _, room := range []int{3, PassLen(3)} {
		p := Pass{Network: net, Input: input, Code: make([]float64, 2), Reconstruction: make([]float64, 3, room),
			Residuals: &Residuals{Target: input, Scale: scale, Clip: 3}}
		NewRunner([]Pass{p}).Run()
		require.Equal(t, code, p.Code)
		require.InDeltaSlice(t, want, p.Reconstruction, 1e-13)
	}
}

func TestRunnerWithoutPassesDoesNothing(t *testing.T) {
	require.NotPanics(t, NewRunner(nil).Run)
}
