package train

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestThresholdOfFewRows(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		energies := make([]float64, rapid.IntRange(16, 99).Draw(rt, "rows"))
		for i := range energies {
			energies[i] = rng.ExpFloat64() - 3
		}
		highest := slices.Max(energies)
		got, extrapolated := threshold(energies, .99)
		require.True(rt, extrapolated)
		require.LessOrEqual(rt, got, highest)
		above := 0
		for _, e := range energies {
			if e > got {
				above++
			}
		}
		require.LessOrEqual(rt, above, 1)

		energies[rng.IntN(len(energies))] = 50
		got, _ = threshold(energies, .99)
		require.Less(rt, got, 50., "an absurd row lies above it")
	})
}

// From 1/(1−q) rows on it is the quantile, and with hardly any rows, too.
func TestThresholdOfManyRows(t *testing.T) {
	for _, n := range []int{3, 15, 100, 101, 1000} {
		energies := make([]float64, n)
		for i := range energies {
			energies[i] = float64(i * i)
		}
		got, extrapolated := threshold(energies, .99)
		require.Equal(t, Quantile(energies, .99), got, n)
		require.False(t, extrapolated, n)
	}
}
