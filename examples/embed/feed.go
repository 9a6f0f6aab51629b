package main

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dataset"
)

// live stands for the agent on a host: rows of the recording, now and then with ten times the network traffic.
func live(table *dataset.Table, rng *rand.Rand) []float64 {
	rows, _ := table.X.Dims()
	x := mat.Row(nil, rng.IntN(rows), table.X)
	if rng.IntN(200) == 0 {
		x[len(x)-1] *= 10
	}
	return x
}
