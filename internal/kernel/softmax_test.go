package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSoftmax(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		x, lse := []float64{1000, -1000, 3, 0, 5, 3}, make([]float64, 3)
		Softmax(x, lse, 2, 3) // three samples: (1000, 0), (-1000, 5), (3, 3)
		require.Equal(t, []float64{1, 0, .5, 0, 1, .5}, x)
		require.InDeltaSlice(t, []float64{1000, 5, 3 + math.Ln2}, lse, 1e-14)
		LogSumExp(lse, []float64{-inf, nan, 2, -inf, 1, -inf}, 2, 3)
		require.Equal(t, -inf, lse[0])
		require.True(t, math.IsNaN(lse[1]))
		require.Equal(t, 2., lse[2])

		rng := rand.New(rand.NewPCG(1, 4))
		for _, k := range []int{1, 2, 4, 9} {
			const n = 501
			logits := normals(rng, k*n)
			for i := range logits {
				logits[i] *= math.Exp(3 * rng.NormFloat64())
			}
			y, lse, same := append([]float64(nil), logits...), make([]float64, n), make([]float64, n)
			Softmax(y, lse, k, n)
			LogSumExp(same, logits, k, n)
			require.Equal(t, lse, same)
			for r := range n {
				top, sum := exponentials(logits, k, n, r)
				want := top + math.Log(sum)
				require.InDelta(t, want, lse[r], 2e-14*(1+math.Abs(want)))
				for j := range k {
					p := math.Exp(logits[j*n+r]-top) / sum
					require.InDelta(t, p, y[j*n+r], 5e-14*p+1e-300)
				}
			}
		}
	})
}
