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

// next takes the cell of a total, its value, and its time in nanoseconds since 1970. It
// returns the increase per second since the last total, or NaN where there is none.
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
