package dataset

import (
	"math"
	"time"

	"github.com/metric-streams/anomaly/internal/counter"
)

// rateColumn turns a column of running totals into rates.
type rateColumn struct {
	counter       counter.Counter
	wraps, resets int
}

// next returns the increase per second since the last total, or NaN if there is none. It
// takes a total as its cell and its value v, at a time in nanoseconds since 1970.
func (r *rateColumn) next(cell []byte, v float64, at int64) float64 {
	total := counter.Fractional(v)
	if n, ok := parseWhole(cell); ok && !math.IsNaN(v) {
		total = counter.Whole(n)
	}
	rate, outcome := r.counter.Next(total, time.Unix(0, at))
	switch outcome {
	case counter.Wrapped:
		r.wraps++
	case counter.Reset:
		r.resets++
	}
	return rate
}
