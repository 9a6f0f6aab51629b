package alarm

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/metric-streams/anomaly/dagmm"
)

func TestLevelsAreMonotoneAndInvert(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shift := rapid.Float64Range(-1e3, 1e3).Draw(t, "shift")
		energies := draws(500, rapid.Uint64().Draw(t, "seed"), chiSquare)
		for i := range energies {
			energies[i] += shift
		}
		l := newHeights(dagmm.NewCalibration(energies))
		last := -1.
		for e := l.low; e < l.low+1e6; e += .1 + (e-l.low)/4 {
			u := l.of(e)
			require.Greater(t, u, last)
			require.InEpsilon(t, e-l.low+1, l.energy(u)-l.low+1, 1e-9)
			last = u
		}
		require.Zero(t, l.of(l.low-5))
	})
}

// The start is the lowest threshold before the count of alarms is first exceeded.
func TestStartLevel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2))
		stream := make([]float64, rapid.IntRange(50, 2000).Draw(t, "n"))
		for i := range stream {
			stream[i] = math.Round(100*rng.ExpFloat64()) / 100
			if rng.IntN(20) == 0 {
				stream[i] = math.NaN()
			}
		}
		allowed, gap := float64(rapid.IntRange(1, 20).Draw(t, "allowed")), rapid.IntRange(0, 15).Draw(t, "gap")
		start := startHeight(stream, allowed, gap)
		require.LessOrEqual(t, alarmsAbove(stream, start, gap), allowed)
	})
	require.Zero(t, startHeight(nil, 1, 10))
	require.Zero(t, startHeight([]float64{math.NaN()}, 1, 10))
	require.Equal(t, 4., startHeight([]float64{0, 9, 0, 0, 4, 0, 5, 0, 0}, 2, 0))
}

// Whatever the levels do, alarms stay within the budget in the long run.
func TestControllerKeepsTheBudget(t *testing.T) {
	for name, level := range map[string]func(i int, rng *rand.Rand) float64{
		"noise":  func(_ int, rng *rand.Rand) float64 { return rng.ExpFloat64() },
		"heavy":  func(_ int, rng *rand.Rand) float64 { return math.Log1p(math.Pow(rng.Float64(), -1)) },
		"drift":  func(i int, rng *rand.Rand) float64 { return float64(i)/20000 + rng.ExpFloat64()/2 },
		"spikes": func(i int, _ *rand.Rand) float64 { return float64(5 * (1 - min(1, i%40))) },
	} {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			c := controller{start: 1, threshold: 1}
			const perDay, days = 1440, 60
			last, open, alarms := -1<<30, 0, 0
			for i := range perDay * days {
				u := level(i, rng)
				if u > c.level() {
					if i-last > 10 {
						alarms++
						open = i
						c.opened(1)
					} else if i-open > 60 {
						c.persists(u)
					}
					last = i
				}
				c.pass(moment{height: u, interval: time.Minute, perSample: 1. / perDay, open: i-last <= 10})
			}
			// The first days pay for a start that was too low.
			require.LessOrEqual(t, float64(alarms), 1.1*days+swing/raise, name)
		})
	}
}
