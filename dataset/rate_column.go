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
	series        []*rateColumn // of a column that holds several series
}

// of returns the counter of a series, or of the column where there is none.
func (r *rateColumn) of(series int) *rateColumn {
	if series < 0 {
		return r
	}
	for len(r.series) <= series {
		r.series = append(r.series, &rateColumn{})
	}
	return r.series[series]
}

// turns counts the wraps and resets of the column.
func (r *rateColumn) turns() (wraps, resets int) {
	wraps, resets = r.wraps, r.resets
	for _, s := range r.series {
		wraps, resets = wraps+s.wraps, resets+s.resets
	}
	return wraps, resets
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
