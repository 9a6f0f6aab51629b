package main

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// A threshold that needs no labels spends the allowed alarms, and flickering is one alarm.
func TestBlindThreshold(t *testing.T) {
	energies := []float64{1, 9, 1, 8, 1, 1, 1, 1, 7, math.NaN(), 1, 1, 1, 6}
	for _, c := range []struct {
		gap     int
		allowed float64
		want    float64
	}{{0, 1, 8}, {1, 1, 7}, {0, 3, 6}, {1, 2, 6}, {20, 1, 1}, {0, .5, 9}} {
		got, err := blindThreshold(energies, c.gap, c.allowed)
		require.NoError(t, err)
		require.InDelta(t, c.want, got, 0, "%+v", c)
	}
}

func TestMeanOfTrainings(t *testing.T) {
	w := mean([]watched{
		{name: "a", models: 3, alarms: 1, episodes: .5, recall: .5, oracle: .6, blind: .4, worst: .5},
		{name: "a", models: 5, alarms: 2, episodes: 1.5, recall: .7, oracle: .8, blind: .6, worst: 1.5},
	})
	require.InDeltaSlice(t, []float64{1.5, 1, .6, .7, .5, 1.5}, []float64{w.alarms, w.episodes, w.recall, w.oracle, w.blind, w.worst}, 1e-12)
	var out bytes.Buffer
	require.NoError(t, printWatched(&out, "set", []watched{w}))
	require.Contains(t, out.String(), "| a       | 4      | 1.50       | 1.00               | 0.600        | 0.700         | 0.500        |")
	require.Contains(t, out.String(), "1 of 1 machines at one false episode a day or fewer (100 %), worst 1.00, in a single training 1.50; event recall 0.600 (fixed thresholds on the same energies: oracle 0.700, blind 0.500)")
}
