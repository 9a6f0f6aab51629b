package main

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dataset"
)

func TestIsSeries(t *testing.T) {
	const n = 500
	rng := rand.New(rand.NewPCG(1, 1))
	walk, noise := mat.NewDense(n, 2, nil), mat.NewDense(n, 2, nil)
	var times []time.Time
	for i := range n {
		times = append(times, time.Unix(int64(60*i), 0))
		for j := range 2 {
			noise.Set(i, j, rng.NormFloat64())
			walk.Set(i, j, 10*math.Sin(float64(i)/40)+rng.NormFloat64())
		}
	}
	walk.Set(100, 0, 1e6)
	walk.Set(200, 1, math.NaN())
	require.True(t, isSeries(&dataset.Table{X: walk, Times: times}))
	require.True(t, isSeries(&dataset.Table{X: walk}))
	require.False(t, isSeries(&dataset.Table{X: noise, Times: times}), "independent rows")
	backwards := append([]time.Time{}, times...)
	for i := range backwards {
		backwards[i] = times[n-1-i]
	}
	require.False(t, isSeries(&dataset.Table{X: walk, Times: backwards}))
	require.False(t, isSeries(&dataset.Table{X: mat.NewDense(3, 1, nil)}), "constant")
}
