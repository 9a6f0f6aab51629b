package main

import (
	"math"
	"time"
)

// Sample is what happened on a host between two readings. A value that can't
// be told, because a counter started afresh or no time passed, is NaN.
type Sample struct {
	Time  time.Time // end of the interval
	CPU   float64   // busy share of all cores, percent
	Mem   float64   // memory in use at Time, percent
	Disk  float64   // time with I/O under way on the busiest disk, percent
	NetIn float64   // received, bits per second
}

// maxNetBytes bounds the bytes a second that a wrapped 32-bit counter may
// stand for (10 Gbit/s); a larger step is taken as a restart.
const maxNetBytes = 10e9 / 8

// between turns two readings into rates, by the time that really passed.
func between(prev, cur Counters) Sample {
	s := Sample{Time: cur.At, CPU: math.NaN(), Mem: cur.Mem, Disk: math.NaN(), NetIn: math.NaN()}
	busy, total := cur.CPUBusy-prev.CPUBusy, cur.CPUTotal-prev.CPUTotal
	if total > 0 && busy >= 0 {
		s.CPU = percent(busy / total)
	}
	elapsed := cur.At.Sub(prev.At).Seconds()
	if elapsed <= 0 {
		return s
	}
	s.Disk = busiest(prev.Disk, cur.Disk, elapsed)
	s.NetIn = received(prev.NetIn, cur.NetIn, elapsed)
	return s
}

func percent(share float64) float64 {
	return 100 * min(1, share)
}

// busiest returns the busy percentage of the disk with the highest one.
func busiest(prev, cur map[string]uint64, elapsed float64) float64 {
	best := math.NaN()
	for name, now := range cur {
		before, known := prev[name]
		ms, ok := step(before, now, 2000*elapsed)
		if !known || !ok {
			continue
		}
		if p := percent(ms / (1000 * elapsed)); math.IsNaN(best) || p > best {
			best = p
		}
	}
	return best
}

// received sums the interfaces; one that restarted makes the sum unknown.
func received(prev, cur map[string]uint64, elapsed float64) float64 {
	sum, n := 0.0, 0
	for name, now := range cur {
		before, known := prev[name]
		if !known {
			continue
		}
		bytes, ok := step(before, now, maxNetBytes*elapsed)
		if !ok {
			return math.NaN()
		}
		sum += bytes
		n++
	}
	if n == 0 {
		return math.NaN()
	}
	return sum * 8 / elapsed
}

// step is a counter's increase. A counter that went down has wrapped at 32
// bits if that explains it with a step up to limit; else it started afresh
// and the increase is unknown (ok is false).
func step(prev, cur uint64, limit float64) (delta float64, ok bool) {
	if cur >= prev {
		return float64(cur - prev), true
	}
	if prev > math.MaxUint32 {
		return 0, false
	}
	delta = float64(cur + (1 << 32) - prev)
	return delta, delta <= limit
}
