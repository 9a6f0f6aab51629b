package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBend(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		xs := oddValues(rand.New(rand.NewPCG(1, 3)), 50000)
		got := append([]float64(nil), xs...)
		Bend(got, 1, 1)
		for i, x := range xs {
			require.LessOrEqual(t, math.Abs(got[i]-math.Asinh(x)), 4e-14*math.Abs(math.Asinh(x)), "asinh(%g)", x)
		}
		got = []float64{inf, -inf, nan, 3}
		Bend(got, .1, 10)
		require.Equal(t, []float64{inf, -inf}, got[:2])
		require.True(t, math.IsNaN(got[2]))
		require.InDelta(t, 10*math.Asinh(.3), got[3], 1e-13)
	})
}

func TestLog1p(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		xs := oddValues(rand.New(rand.NewPCG(1, 5)), 20000)
		for _, unit := range []float64{1, 2.5} {
			got := append([]float64(nil), xs...)
			Log1p(got, unit)
			for i, x := range xs {
				want := math.Copysign(math.Log1p(math.Abs(x)/unit), x)
				require.LessOrEqual(t, math.Abs(got[i]-want), 1e-15*math.Abs(want), "%g", x)
			}
		}
		got := []float64{nan, math.Copysign(0, -1)}
		Log1p(got, 1)
		require.True(t, math.IsNaN(got[0]))
		require.True(t, got[1] == 0 && math.Signbit(got[1]))
	})
}
