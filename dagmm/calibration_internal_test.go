package dagmm

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// A calibration without what follows from its number says the same as a whole one.
func TestCompactCalibration(t *testing.T) {
	for _, n := range []int{1, 500, 2000, 2001, 7001, 100000} {
		rng := rand.New(rand.NewPCG(uint64(n), 1))
		energies := make([]float64, n)
		for i := range energies {
			energies[i] = rng.NormFloat64()
		}
		whole := NewCalibration(energies)
		small := whole.compact()
		require.Nil(t, small.Rank, n)
		require.NoError(t, small.check())
		require.Equal(t, whole, small.whole(), n)
		require.Equal(t, small, small.compact())
		for range 300 {
			e := energies[rng.IntN(n)]
			if rng.IntN(2) == 0 {
				e = 2 * rng.NormFloat64()
			}
			require.Equal(t, whole.pValue(e), small.pValue(e), n)
			q := rng.Float64()
			require.Equal(t, whole.Quantile(q), small.Quantile(q), n)
		}
		for i := range whole.Energies {
			require.Equal(t, whole.Weight(i), small.Weight(i), "%d of %d", i, n)
		}
	}
}

// Ranks that no library has written, but that a file may hold, are kept.
func TestCompactCalibrationKeepsOtherRanks(t *testing.T) {
	c := NewCalibration(make([]float64, 5000))
	c.Rank = slices.Clone(c.Rank)
	c.Rank[500]++
	require.NoError(t, c.check())
	small := c.compact()
	require.Equal(t, c.Rank, small.Rank)
	require.Equal(t, c, small.whole())
}
