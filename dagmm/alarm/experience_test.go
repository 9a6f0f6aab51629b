package alarm

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// An alarm close above the threshold counts for all its steps, one far above for less than a
// step, and the price falls between them.
func TestPriceOfAnAlarm(t *testing.T) {
	for _, steps := range []float64{1, 4, mostSteps} {
		require.Equal(t, steps, price(steps, 0))
		require.Equal(t, steps, price(steps, -1))
		require.InDelta(t, clearPrice, price(steps, 20*clearly), 1e-6)
		for excess := .0; excess < 5; excess += .1 {
			require.Less(t, price(steps, excess+.1), price(steps, excess))
		}
	}
}
