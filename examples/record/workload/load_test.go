//go:build linux

package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRateFollowsCycle(t *testing.T) {
	mean := func(from time.Duration) float64 {
		l := newLoad(1, "", 100)
		sum := 0.0
		const n = 400 // 20 s
		for i := range n {
			sum += l.rate(from + time.Duration(i)*slot)
		}
		return sum / n
	}
	trough, peak := mean(cycle-10*time.Second), mean(cycle/2-10*time.Second)
	require.InDelta(t, 100*0.47, trough, 15)
	require.InDelta(t, 100*2.12, peak, 60)
}

func TestLoadIsReproducible(t *testing.T) {
	a, b := newLoad(7, "", 50), newLoad(7, "", 50)
	for i := range 1000 {
		at := time.Duration(i) * slot
		require.Equal(t, a.poisson(a.rate(at)), b.poisson(b.rate(at)))
		require.Equal(t, a.body(), b.body())
	}
}

func TestPoisson(t *testing.T) {
	l := newLoad(3, "", 1)
	sum, square := 0.0, 0.0
	const n, mean = 20_000, 3.5
	for range n {
		k := float64(l.poisson(mean))
		sum, square = sum+k, square+k*k
	}
	require.InDelta(t, mean, sum/n, 0.06)
	require.InDelta(t, mean, square/n-sum*sum/n/n, 0.2)
}

func TestBodyLengths(t *testing.T) {
	l := newLoad(5, "", 1)
	for range 2000 {
		n := len(l.body())
		require.GreaterOrEqual(t, n, 4<<10)
		require.LessOrEqual(t, n, 256<<10)
	}
}
