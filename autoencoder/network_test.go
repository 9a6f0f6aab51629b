package autoencoder

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func rng(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

func normals(r *rand.Rand, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = r.NormFloat64()
	}
	return v
}

func TestForwardByHand(t *testing.T) {
	net := &Network{
		Encoder: []Layer{{In: 2, Out: 2, Theta: []float64{1, -1, .5, 2, .1, .2}}, {In: 2, Out: 1, Linear: true, Theta: []float64{2, -1, .3}}},
		Decoder: []Layer{{In: 1, Out: 2, Linear: true, Theta: []float64{1, -2, .5, 0}}},
	}
	require.NoError(t, net.Check())
	code, rec := make([]float64, 1), make([]float64, 2)
	net.Forward(code, rec, []float64{.4, -.6}, 1, make([]float64, net.ScratchLen(1)))
	want := 2*math.Tanh(.4-.3+.1) - math.Tanh(-.4-1.2+.2) + .3
	require.InDelta(t, want, code[0], 1e-14)
	require.InDeltaSlice(t, []float64{want + .5, -2 * want}, rec, 1e-14)
}

func TestBlockHasTheBitsOfSingleSamples(t *testing.T) {
	net, err := New(5, []int{12, 7}, 2, 3, rng(1))
	require.NoError(t, err)
	const n = 33
	x := normals(rng(2), 5*n)
	code, rec := make([]float64, 2*n), make([]float64, 3*n)
	net.Forward(code, rec, x, n, make([]float64, net.ScratchLen(n)))
	one, c1, r1, scratch := make([]float64, 5), make([]float64, 2), make([]float64, 3), make([]float64, net.ScratchLen(1))
	for r := range n {
		for i := range one {
			one[i] = x[i*n+r]
		}
		net.Forward(c1, r1, one, 1, scratch)
		require.Equal(t, []float64{code[r], code[n+r]}, c1)
		require.Equal(t, []float64{rec[r], rec[n+r], rec[2*n+r]}, r1)
	}
}

func TestCheckNamesTheLayer(t *testing.T) {
	good, err := New(4, []int{16, 8}, 1, 4, rng(4))
	require.NoError(t, err)
	require.NoError(t, good.Check())
	text, err := json.Marshal(good)
	require.NoError(t, err)
	var back Network
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, good, &back)

	broken := good.Clone()
	broken.Decoder[1].Theta[3] = math.NaN()
	require.ErrorContains(t, broken.Check(), "layer 4, parameter 3 is NaN")
	require.NoError(t, good.Check(), "a clone shares no memory")
	broken = good.Clone()
	broken.Encoder[1].In = 5
	require.ErrorContains(t, broken.Check(), "layer 1 is 5×8 after a width of 16")
	broken = good.Clone()
	broken.Encoder[0].Theta = nil
	require.ErrorIs(t, broken.Check(), ErrShape)
	require.ErrorIs(t, (&Network{}).Check(), ErrShape)
	_, err = New(0, nil, 1, 0, rng(1))
	require.ErrorIs(t, err, ErrShape)
}
