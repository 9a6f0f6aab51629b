package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTanh(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		xs := oddValues(rand.New(rand.NewPCG(1, 2)), 50000)
		for _, units := range []int{1, 2} {
			got := append([]float64(nil), xs...)
			Tanh(got, units, len(xs)/units)
			for i, x := range xs {
				require.LessOrEqual(t, math.Abs(got[i]-math.Tanh(x)), 5e-13*math.Abs(math.Tanh(x)), "tanh(%g) is %g", x, got[i])
				require.InDelta(t, math.Tanh(x), got[i], 1e-14)
				require.Equal(t, math.Signbit(x), math.Signbit(got[i]), "tanh(%g)", x)
			}
		}
		got := []float64{nan, inf, -inf, 1}
		Tanh(got, 1, 4)
		require.True(t, math.IsNaN(got[0]))
		require.Equal(t, []float64{1, -1}, got[1:3])
		require.InDelta(t, math.Tanh(1), got[3], 1e-13)
	})
}
