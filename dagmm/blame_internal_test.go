package dagmm

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestDescendByHand(t *testing.T) {
	for _, c := range []struct{ from, want []float64 }{
		{[]float64{.5, .3, .2}, []float64{.5, .3, .2}},
		{[]float64{.2, .5, .3}, []float64{.35, .35, .3}},
		{[]float64{.1, .2, .7}, []float64{1. / 3, 1. / 3, 1. / 3}},
		{[]float64{.4, .1, .3, .2}, []float64{.4, .2, .2, .2}},
	} {
		descend(c.from)
		require.InDeltaSlice(t, c.want, c.from, 1e-15)
	}
}

func TestDescendKeepsTheSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shares := rapid.SliceOfN(rapid.Float64Range(0, 1), 1, 30).Draw(t, "shares")
		var before, after float64
		for _, s := range shares {
			before += s
		}
		descend(shares)
		for i, s := range shares {
			after += s
			if i > 0 {
				require.LessOrEqual(t, s, shares[i-1])
			}
		}
		require.InDelta(t, before, after, 1e-12)
	})
}

// Three views rank three metrics: c is first in two of them and second in one.
func TestBlameOrderByHand(t *testing.T) {
	b := &Blame{Rows: 1, Alone: []float64{1, 5, 9}, Shared: []float64{0, 2, 6}, Moved: []float64{0, .7, .5}}
	columns, shares := b.order([]int{0, 1, 2})
	require.Equal(t, []int{2, 1, 0}, columns)
	require.InDeltaSlice(t, []float64{.75, .25, 0}, shares, 1e-15)
	b.Shared = []float64{-1, -2, -3}
	_, shares = b.order([]int{0, 1, 2})
	require.InDeltaSlice(t, []float64{1. / 3, 1. / 3, 1. / 3}, shares, 1e-15, "no move brings energy")
}

func TestForeignBlames(t *testing.T) {
	for name, b := range map[string]Blame{
		"width":      {Rows: 1, Alone: make([]float64, 3), Shared: make([]float64, 2), Moved: make([]float64, 2)},
		"rows":       {Rows: -1, Alone: make([]float64, 2), Shared: make([]float64, 2), Moved: make([]float64, 2)},
		"no rows":    {Alone: make([]float64, 2)},
		"nothing":    {Rows: 2},
		"not finite": {Rows: 1, Alone: []float64{1, math.NaN()}, Shared: make([]float64, 2), Moved: make([]float64, 2)},
	} {
		require.ErrorIs(t, b.Check(2), ErrState, name)
	}
	require.NoError(t, (&Blame{}).Check(2))
}
