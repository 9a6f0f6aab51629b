package dagmm

import (
	"math"
	"slices"
	"sort"
	"time"
)

// levels maps energies to the scale on which thresholds move:
//
//	u = log(1 + max(E − low, 0)/spread),
//
// low the least calibration energy and spread the distance from its median to its 99th
// percentile. It is defined for negative energies, about linear among ordinary rows and
// logarithmic beyond, so that one step means the same far out and on every host.
type levels struct{ Low, Spread float64 }

func newLevels(c Calibration) levels {
	l := levels{Low: c.Energies[0]}
	l.Spread = c.quantile(.99) - c.quantile(.5)
	if !(l.Spread > 1e-9*math.Abs(l.Low)) {
		l.Spread = max(1, math.Abs(l.Low))
	}
	return l
}

// quantile returns the least kept energy that is in the upper 1−q of all.
func (c Calibration) quantile(q float64) float64 {
	i := sort.Search(len(c.Energies)-1, func(i int) bool {
		rank := c.N - i
		if c.Rank != nil {
			rank = c.Rank[i]
		}
		return float64(rank) <= (1-q)*float64(c.N)
	})
	return c.Energies[i]
}

func (l levels) level(energy float64) float64 {
	return math.Log1p(max(energy-l.Low, 0) / l.Spread)
}

func (l levels) energy(level float64) float64 {
	return l.Low + l.Spread*math.Expm1(level)
}

const (
	raise     = .2  // of the threshold by an alarm
	absorb    = .02 // share of the excess by which each flagged sample of a long alarm raises the threshold
	swing     = 9.  // levels that the threshold may rise above its start
	absorbing = time.Hour
)

// controller holds the threshold at which a budget of alarms a day is spent. An alarm
// raises it, every scored sample lowers it by what the budget allows; after an hour
// within one alarm it follows the level, so that a host that has changed for good falls
// silent.
type controller struct {
	Start     float64 // level at which the training stream spends the budget
	Threshold float64 // level
}

func (c *controller) opened() { c.Threshold += raise }

func (c *controller) persists(level float64) {
	c.Threshold += absorb * min(max(level-c.Threshold, 0), 1)
}

// sample lets one scored sample pass; perSample is the budget's alarms per sample, ordinary
// the level below which the threshold falls only where the budget began there.
func (c *controller) sample(perSample, ordinary float64, capped bool) {
	low := min(ordinary, c.Start)
	if capped {
		low = c.Start
	}
	c.Threshold = min(max(c.Threshold-raise*perSample, low), c.Start+swing)
}

// startLevel is the lowest threshold at which the ordered levels of the training stream
// have at most allowed alarms, coming down from the highest level until that many are
// first exceeded. Levels that are NaN take no part; alarms with at most gap samples
// between them are one.
func startLevel(stream []float64, allowed float64, gap int) float64 {
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
	// The count rises while the threshold falls, until alarms merge: a galloping search
	// from above finds the first place where it is too high.
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

// alarmsAbove counts the runs of levels above the threshold, at most gap apart.
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
