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

// Algorithm 1 of Kingma and Ba, written as it stands there.
func TestAdamIsThePapers(t *testing.T) {
	value := graphtest.Normals(1, 3)
	want := append([]float64(nil), value...)
	grad := make([]float64, 3)
	m, v := make([]float64, 3), make([]float64, 3)
	a := &Adam{LearningRate: .01}
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
	require.Equal(t, 50, a.State.Steps)
}

func TestAdamClipsTheGlobalNorm(t *testing.T) {
	grads := func(f float64) []gorgonia.ValueGrad {
		return []gorgonia.ValueGrad{newPair(make([]float64, 1), []float64{3 * f}), newPair(make([]float64, 1), []float64{4 * f})}
	}
	short, long := &Adam{LearningRate: 1, ClipNorm: 5}, &Adam{LearningRate: 1, ClipNorm: 5}
	require.NoError(t, short.Step(grads(1)))
	require.NoError(t, long.Step(grads(100)))
	require.InDelta(t, .3, short.State.M[0][0], 1e-15)
	for i := range short.State.M {
		require.InDelta(t, short.State.M[i][0], long.State.M[i][0], 1e-15, "norm 500 is clipped to 5, all in one")
	}
}

func TestAdamRefusesWhatIsNotFinite(t *testing.T) {
	for _, g := range []float64{math.NaN(), math.Inf(1), 1e200} {
		value := []float64{1, 2}
		a := &Adam{LearningRate: 1}
		require.ErrorIs(t, a.Step([]gorgonia.ValueGrad{newPair(value, []float64{0, g})}), errNotFinite)
		require.Equal(t, []float64{1, 2}, value)
		require.Zero(t, a.State.Steps)
	}
}

func TestAdamStateCanBePutBack(t *testing.T) {
	value, grad := graphtest.Normals(1, 4), graphtest.Normals(2, 4)
	model := []gorgonia.ValueGrad{newPair(value, grad)}
	a := &Adam{LearningRate: .1}
	empty := a.State.Clone()
	require.NoError(t, a.Step(model))
	state, at := a.State.Clone(), append([]float64(nil), value...)
	require.NoError(t, a.Step(model))
	once := append([]float64(nil), value...)

	copy(value, at)
	a.State = state
	require.NoError(t, a.Step(model))
	require.Equal(t, once, value)

	a.State = empty
	require.NoError(t, a.Step(model), "back to before the first step")
	require.Equal(t, 1, a.State.Steps)
}
