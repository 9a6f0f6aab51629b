package train

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShuffleIsThatOfTheStandardLibrary(t *testing.T) {
	source, other := rand.NewPCG(1, 2), rand.NewPCG(1, 2)
	rng := rand.New(other)
	for n := range 2000 {
		order, want := make([]int, n), make([]int, n)
		for i := range order {
			order[i], want[i] = i, i
		}
		shuffle(order, source)
		rng.Shuffle(n, func(i, j int) { want[i], want[j] = want[j], want[i] })
		require.Equal(t, want, order)
	}
}
