package alarm

import (
	"math"
	"slices"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
)

// heights maps energies to the scale on which thresholds move, on which an energy has the
// height
//
//	u = log(1 + max(E − low, 0)/spread).
//
// low is the least calibration energy and spread the distance from the median to the 99th
// percentile. A height is defined for negative energies. It is about linear among ordinary
// rows and logarithmic beyond, so that one step means the same far out and on every host.
type heights struct{ low, spread float64 }

func newHeights(c dagmm.Calibration) heights {
	h := heights{low: c.Energies[0]}
	h.spread = c.Quantile(.99) - c.Quantile(.5)
	if !(h.spread > 1e-9*math.Abs(h.low)) {
		h.spread = max(1, math.Abs(h.low))
	}
	return h
}

func (h heights) of(energy float64) float64 {
	return math.Log1p(max(energy-h.low, 0) / h.spread)
}

func (h heights) energy(height float64) float64 {
	return h.low + h.spread*math.Expm1(height)
}

const (
	raise     = .2        // by which an alarm raises the threshold
	absorb    = .02       // share of the excess by which each flagged sample of a long alarm raises it
	swing     = 9.        // by which the threshold may rise above its start
	absorbing = time.Hour // after which an alarm is long
)

// controller holds the height of the threshold at which a budget of alarms a day is spent.
// An alarm raises the threshold, and every scored sample lowers it by what the budget
// allows. After an hour within one alarm the threshold follows the samples, so that a host
// that has changed for good falls silent.
type controller struct {
	start     float64 // at which the training stream spends the budget
	threshold float64
}

func (c *controller) opened() { c.threshold += raise }

func (c *controller) persists(height float64) {
	c.threshold += absorb * min(max(height-c.threshold, 0), 1)
}

// sample lowers the threshold for one scored sample. perSample is the budget's alarms per
// sample. The threshold falls below the height ordinary only where it started there.
func (c *controller) sample(perSample, ordinary float64, capped bool) {
	low := min(ordinary, c.start)
	if capped {
		low = c.start
	}
	c.threshold = min(max(c.threshold-raise*perSample, low), c.start+swing)
}

// startHeight returns the lowest threshold at which the heights of the training stream, in
// order, make at most allowed alarms. It comes down from the greatest height until there
// are more for the first time. NaN takes no part, and alarms with at most gap samples
// between them are one.
func startHeight(stream []float64, allowed float64, gap int) float64 {
	distinct := make([]float64, 0, len(stream))
	for _, u := range stream {
		if u == u {
			distinct = append(distinct, u)
		}
	}
	slices.Sort(distinct)
	distinct = slices.Compact(distinct)
	if len(distinct) == 0 {
		return 0
	}
	// The count rises while the threshold falls, until alarms merge. A galloping search from
	// above finds the first place where it is too high.
	step, above := 1, len(distinct)-1
	var below int
	for k := above - step; ; k = above - step {
		if k < 0 {
			k = 0
		}
		if alarmsAbove(stream, distinct[k], gap) > allowed {
			below = k
			break
		}
		above = k
		if k == 0 {
			return distinct[0]
		}
		step *= 2
	}
	for above-below > 1 {
		k := (above + below) / 2
		if alarmsAbove(stream, distinct[k], gap) > allowed {
			below = k
		} else {
			above = k
		}
	}
	return distinct[above]
}

// alarmsAbove counts the runs of heights above the threshold. Runs with at most gap samples
// between them are one.
func alarmsAbove(stream []float64, threshold float64, gap int) float64 {
	last, n := math.MinInt/2, 0
	for i, u := range stream {
		if !(u > threshold) {
			continue
		}
		if i-last > gap+1 {
			n++
		}
		last = i
	}
	return float64(n)
}
