package ingest

import (
	"math"
	"time"
)

// counter is a running total at its last sample.
type counter struct {
	seen  bool
	value float64
	at    time.Time
	top   float64 // largest rate so far
}

const wrap32 = 1 << 32

// rate returns the counter's increase per second since its last value.
func (in *Input) rate(c *counter, t time.Time, v float64) float64 {
	if v != v {
		return math.NaN() // the next rate is the mean over the gap
	}
	last := *c
	c.seen, c.value, c.at = true, v, t
	if !last.seen {
		return math.NaN()
	}
	seconds := t.Sub(last.at).Seconds()
	rate := (v - last.value) / seconds
	if rate < 0 {
		// A wrap starts near the limit and looks like the steps before it.
		rate = (v - last.value + wrap32) / seconds
		likely := rate <= 10*last.top || last.top == 0 && v-last.value+wrap32 < wrap32/4
		if last.value < wrap32/2 || last.value >= wrap32 || !likely {
			in.stats.Resets++
			return math.NaN()
		}
		in.stats.Wraps++
	}
	c.top = max(c.top, rate)
	return rate
}
