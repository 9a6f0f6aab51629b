package simple

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

func TestThin(t *testing.T) {
	x := mat.NewDense(7, 1, []float64{0, 1, 2, 3, 4, 5, 6})
	for seed := range uint64(20) {
		got := Thin(x, 3, seed)
		n, _ := got.Dims()
		require.Equal(t, 3, n)
		for i := range n { // one of every three, the last group is the last row alone
			require.Equal(t, i, int(got.At(i, 0))/3, mat.Formatted(got))
		}
		require.True(t, mat.Equal(got, Thin(x, 3, seed)), "same seed, other rows")
	}
	require.Same(t, x, Thin(x, 7, 1))
	require.Same(t, x, Thin(x, 0, 1))
}

// TestThinSeesTheClock thins a minute's samples fivefold. A job that runs at seven minutes
// past each hour must keep its share of the rows.
func TestThinSeesTheClock(t *testing.T) {
	const rows, hour = 24000, 60
	seen := 0
	for _, r := range thinned(rows, rows/5, 1) {
		if r%hour == 7 {
			seen++
		}
	}
	want := rows / hour / 5.
	require.InDelta(t, want, seen, .4*want)
}
