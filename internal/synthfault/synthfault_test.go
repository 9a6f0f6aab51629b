package synthfault

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShift(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	up := 0
	for range 1000 {
		s := Shift(rng)
		require.GreaterOrEqual(t, math.Abs(s), 2.)
		require.Less(t, math.Abs(s), 6.)
		if s > 0 {
			up++
		}
	}
	require.InDelta(t, 500, up, 60)
}
