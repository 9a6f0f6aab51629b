package main

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestHistogramKnowsQuantiles(t *testing.T) {
	var h, other histogram
	require.Zero(t, h.quantile(.5))
	rng := rand.New(rand.NewPCG(1, 1))
	var all []float64
	for i := range 10000 {
		d := time.Duration(1000 * (1 + rng.ExpFloat64()))
		all = append(all, float64(d))
		if i%2 == 0 {
			h.add(d)
		} else {
			other.add(d)
		}
	}
	h.merge(other)
	require.Equal(t, uint64(10000), h.count())
	slices.Sort(all)
	for _, q := range []float64{.5, .9, .99} {
		require.InEpsilon(t, all[int(q*10000)], float64(h.quantile(q)), .07)
	}
	// The least and the greatest have their place too.
	for _, d := range []time.Duration{0, 1, 2, time.Hour} {
		var h histogram
		h.add(d)
		require.Equal(t, uint64(1), h.count())
		require.LessOrEqual(t, min(d, time.Minute), h.quantile(1))
	}
}
