package train

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/metric-streams/anomaly/internal/graphtest"
)

// pair is a parameter with its gradient.
type pair struct{ value, grad *tensor.Dense }

func (p pair) Value() gorgonia.Value         { return p.value }
func (p pair) Grad() (gorgonia.Value, error) { return p.grad, nil }

func newPair(value, grad []float64) pair {
	return pair{tensor.New(tensor.WithShape(1, len(value)), tensor.WithBacking(value)), tensor.New(tensor.WithShape(1, len(grad)), tensor.WithBacking(grad))}
}

// The reference is algorithm 1 of Kingma and Ba, line by line.
func TestAdamFollowsThePaper(t *testing.T) {
	value := graphtest.Normals(1, 3)
	want := append([]float64(nil), value...)
	grad := make([]float64, 3)
	m, v := make([]float64, 3), make([]float64, 3)
	a := &adam{learningRate: .01}
	model := []gorgonia.ValueGrad{newPair(value, grad)}
	for step := 1; step <= 50; step++ {
		copy(grad, graphtest.Normals(uint64(100+step), 3))
		require.NoError(t, a.Step(model))
		for i, g := range grad {
			m[i] = .9*m[i] + .1*g
			v[i] = .999*v[i] + .001*g*g
			mh, vh := m[i]/(1-math.Pow(.9, float64(step))), v[i]/(1-math.Pow(.999, float64(step)))
			want[i] -= .01 * mh / (math.Sqrt(vh) + 1e-8)
		}
	}
	require.InDeltaSlice(t, want, value, 1e-12)
	require.Equal(t, 50, a.state.steps)
}

func TestAdamClipsTheGlobalNorm(t *testing.T) {
	grads := func(f float64) []gorgonia.ValueGrad {
		return []gorgonia.ValueGrad{newPair(make([]float64, 1), []float64{3 * f}), newPair(make([]float64, 1), []float64{4 * f})}
	}
	short, long := &adam{learningRate: 1, clipNorm: 5}, &adam{learningRate: 1, clipNorm: 5}
	require.NoError(t, short.Step(grads(1)))
	require.NoError(t, long.Step(grads(100)))
	require.InDelta(t, .3, short.state.m[0][0], 1e-15)
	for i := range short.state.m {
		require.InDelta(t, short.state.m[i][0], long.state.m[i][0], 1e-15, "a norm of 500 is clipped to 5 over all parameters together")
	}
}

func TestAdamRefusesGradientsThatAreNotFinite(t *testing.T) {
	for name, g := range map[string]float64{"NaN": math.NaN(), "Inf": math.Inf(1), "square overflows": 1e200} {
		t.Run(name, func(t *testing.T) {
			value := []float64{1, 2}
			a := &adam{learningRate: 1}
			require.ErrorIs(t, a.Step([]gorgonia.ValueGrad{newPair(value, []float64{0, g})}), errNotFinite)
			require.Equal(t, []float64{1, 2}, value)
			require.Zero(t, a.state.steps)
		})
	}
}

func TestAdamStateCanBeRestored(t *testing.T) {
	value, grad := graphtest.Normals(1, 4), graphtest.Normals(2, 4)
	model := []gorgonia.ValueGrad{newPair(value, grad)}
	a := &adam{learningRate: .1}
	var empty, state adamState
	empty.set(a.state)
	require.NoError(t, a.Step(model))
	state.set(a.state)
	at := append([]float64(nil), value...)
	require.NoError(t, a.Step(model))
	once := append([]float64(nil), value...)

	copy(value, at)
	a.state = state
	require.NoError(t, a.Step(model))
	require.Equal(t, once, value)

	a.state = empty
	require.NoError(t, a.Step(model), "the state from before the first step")
	require.Equal(t, 1, a.state.steps)
}

func TestAdamRefusesParametersThatAreNotFloat64(t *testing.T) {
	single := pair{tensor.New(tensor.WithBacking([]float32{1})), tensor.New(tensor.WithBacking([]float32{1}))}
	require.ErrorContains(t, (&adam{learningRate: 1}).Step([]gorgonia.ValueGrad{single}), "parameter 0: float32")
}
