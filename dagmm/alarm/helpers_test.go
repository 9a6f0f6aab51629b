package alarm

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// feed gives the rows, a minute apart from sample from on, and returns all events.
func feed(t testing.TB, d *Detector, from int, rows [][]float64) []Event {
	t.Helper()
	var events []Event
	for i, x := range rows {
		r, err := d.Next(dagmmtest.Minute(from+i), x)
		require.NoError(t, err)
		events = append(events, r.Events...)
	}
	return events
}

func kinds(events []Event) []Kind {
	var out []Kind
	for _, e := range events {
		out = append(out, e.Kind)
	}
	return out
}

// chiSquare is what energies of Gaussian rows look like.
func chiSquare(rng *rand.Rand) float64 {
	var sum float64
	for range 4 {
		z := rng.NormFloat64()
		sum += z * z / 2
	}
	return sum
}

func draws(n int, seed uint64, draw func(*rand.Rand) float64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 1))
	out := make([]float64, n)
	for i := range out {
		out[i] = draw(rng)
	}
	return out
}
