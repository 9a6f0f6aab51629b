package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/metric-streams/anomaly/dataset"
)

// isSeries tells whether the rows look like consecutive samples of one host, not closer than shortest: times, if there are any, go
// forward, and a row is closer to the one before than to any other. Exports of that kind gain the most from context: on excerpts of
// 1000 rows of public server recordings, one sample in 1 to 5 minutes, the preset series had the higher average precision in 22 of 29.
func isSeries(t *dataset.Table) bool {
	if t.Interval() > 0 && t.Interval() < shortest {
		return false
	}
	return goForward(t) && succession(t) < .7
}

// shortest is the sampling interval below which context is not taken unasked: a level over 20 samples then spans less than a few
// minutes, and on the embedded recording, at one second, the rows after a fault are flagged in place of faults.
const shortest = 15 * time.Second

// goForward allows for a few repeated or late samples.
func goForward(t *dataset.Table) bool {
	back := 0
	for i := 1; i < len(t.Times); i++ {
		if !t.Times[i].After(t.Times[i-1]) {
			back++
		}
	}
	return back*100 <= len(t.Times)
}

// succession is the median distance of a row from the one before over that from a row drawn at random, for the median metric: about 1
// where the order of the rows means nothing, towards 0 where they follow each other. Medians keep single outliers out of it.
func succession(t *dataset.Table) float64 {
	rows, width := t.X.Dims()
	rng := rand.New(rand.NewPCG(1, 1))
	var ratios []float64
	for j := range width {
		var near, far []float64
		for i := 1; i < rows; i++ {
			v, before, other := t.X.At(i, j), t.X.At(i-1, j), t.X.At(rng.IntN(rows), j)
			if !math.IsNaN(v + before + other) {
				near, far = append(near, math.Abs(v-before)), append(far, math.Abs(v-other))
			}
		}
		if d := median(far); d > 0 {
			ratios = append(ratios, median(near)/d)
		}
	}
	return median(ratios)
}

// median sorts x; it is NaN of nothing, which compares as false.
func median(x []float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	slices.Sort(x)
	return x[len(x)/2]
}
