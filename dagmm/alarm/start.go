package alarm

import (
	"math"
	"slices"
)

// fewestAlarms are how many alarms of the training stream say at which threshold they come.
const fewestAlarms = 3.

// start returns the height at which the training stream of these energies spends the budget.
// A stream that is too short for a few alarms cannot show that: the threshold then comes from
// the tail of the calibration and is high rather than low. It comes down by the budget.
func (d *Detector) start(energies []float64) float64 {
	c := d.m.Calibration()
	stream := d.training(energies)
	n := float64(len(stream) - count(stream, math.IsNaN))
	if n == 0 {
		return max(d.heights.upper(c, d.perSample()), d.budget.floor)
	}
	allowed := d.perSample() * n
	gap := max(0, int(max(d.cfg.Gap, d.cfg.Merge)/d.cfg.Interval)-1)

	// At p the stream makes a few alarms. Fewer come where p is lower by as much.
	few := max(allowed, fewestAlarms)
	height := startHeight(stream, few, min(gap, int(n/(4*few))))
	above := count(stream, func(u float64) bool { return u > height })
	tail := d.heights.upper(c, (float64(above)+.5)/n*allowed/few)

	shown := min(1, allowed/fewestAlarms)
	direct := startHeight(stream, max(1, allowed), gap)
	return max((1-shown)*tail+shown*direct, d.budget.floor)
}

// training returns the heights of the training stream; NaN where a row does not count.
func (d *Detector) training(energies []float64) []float64 {
	stream := make([]float64, len(energies))
	var recent recentEnergies
	recent.follow(d.m.Calibration(), d.cfg.Interval)
	for i, e := range energies {
		stream[i] = e // NaN stays
		if e == e {
			stream[i] = d.heights.of(e - recent.shift())
		}
		recent.observe(e)
	}
	return stream
}

func count(stream []float64, is func(float64) bool) (n int) {
	for _, u := range stream {
		if is(u) {
			n++
		}
	}
	return n
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
