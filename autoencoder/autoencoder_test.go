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

func TestFeaturesByHand(t *testing.T) {
	target, rec := []float64{3, 4}, []float64{4, 3}
	z := make([]float64, 2)
	RelativeCosine.Apply(z, target, rec, 2, 1)
	require.InDeltaSlice(t, []float64{math.Sqrt2 / 5, 24. / 25}, z, 1e-15)
	Residual.Apply(z, target, rec, 2, 1)
	require.Equal(t, []float64{-1, 1}, z)
	RelativeCosine.Apply(z, []float64{0, 0}, []float64{0, 0}, 2, 1)
	require.Equal(t, []float64{0, 0}, z, "an all-zero row divides nothing by zero")
	sq := make([]float64, 1)
	SquaredErrors(sq, target, rec, 2, 1)
	require.Equal(t, []float64{2}, sq)
	require.Error(t, Features("x").Check())
}

func TestFeatureGradients(t *testing.T) {
	const width, n, h = 4, 6, 1e-6
	for _, f := range []Features{Residual, RelativeCosine} {
		r := rng(3)
		target, rec, grad := normals(r, width*n), normals(r, width*n), normals(r, f.Dim(width)*n)
		for i := range width { // one sample below the floor of the norm
			rec[i*n] = 1e-9 * float64(i+1)
		}
		z := make([]float64, len(grad))
		loss := func() (s float64) {
			f.Apply(z, target, rec, width, n)
			for i, g := range grad {
				s += g * z[i]
			}
			return s
		}
		got := make([]float64, len(rec))
		f.Gradient(got, grad, target, rec, width, n)
		for i := range rec {
			step := h
			if i%n == 0 {
				step = 1e-10
			}
			old := rec[i]
			rec[i] = old + step
			up := loss()
			rec[i] = old - step
			down := loss()
			rec[i] = old
			want := (up - down) / (2 * step)
			require.InDelta(t, want, got[i], 1e-5*(1+math.Abs(want)), "%s element %d", f, i)
		}
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
	require.NoError(t, good.Check(), "a clone shares nothing")
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
