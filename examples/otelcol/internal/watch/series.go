package watch

import (
	"math"
	"time"
)

// numberKind says what the numbers of a series are.
type numberKind int

const (
	level numberKind = iota // a value
	total                   // a running total
	delta                   // what was added since the point before
)

// point is one number of a data point.
type point struct {
	stream   *stream
	source   int    // in rowBuilder.sources
	key      string // tells the series of a source apart
	selected bool   // passes the filters
	kind     numberKind
	at       int64 // ns since 1970
	start    int64 // 0 where it is unknown
	value    float64
}

// series is what is known of the data points with the same attributes since the last row.
type series struct {
	selected bool
	kind     numberKind
	last     int64   // time of the last point
	n        int     // points
	sum      float64 // of levels
	total    float64
	base     int64 // time since which grown counts; 0 where nothing is known to compare with
	grown    float64
	reset    bool // the total began anew: nobody knows how much it has grown
	idle     int  // rows without a point
}

func (s *series) add(p *point) {
	if s.kind != p.kind { // the sender has changed
		*s = series{kind: p.kind, last: s.last}
	}
	s.selected = p.selected
	switch p.kind {
	case level:
		s.sum += p.value
	case total:
		switch {
		case s.base == 0:
			s.base = p.at
		case p.value < s.total || s.last < p.start && p.start <= p.at:
			s.reset = true
		default:
			s.grown += p.value - s.total
		}
		s.total = p.value
	case delta:
		switch {
		case s.base != 0:
			s.grown += p.value
		case p.start > 0 && p.start < p.at:
			s.base, s.grown = p.start, p.value
		default:
			s.base = p.at
		}
	}
	s.last = p.at
	s.n++
}

// value returns the mean of levels, or the increase per second; NaN where there is none.
func (s *series) value() float64 {
	switch {
	case s.n == 0 || s.reset:
		return math.NaN()
	case s.kind == level:
		return s.sum / float64(s.n)
	case s.base == 0 || s.last <= s.base:
		return math.NaN()
	}
	return s.grown / time.Duration(s.last-s.base).Seconds()
}

// next begins the next row.
func (s *series) next() {
	s.idle++
	if s.n > 0 {
		s.idle = 0
		if s.kind != level {
			s.base = s.last
		}
	}
	s.n, s.sum, s.grown, s.reset = 0, 0, 0, false
}

// aggregate makes one number of the series of a source; NaN where there is none.
func aggregate(rule string, all []*series) float64 {
	sum, of, most, least, n := 0., 0., math.Inf(-1), math.Inf(1), 0
	for _, s := range all {
		if s.reset && (s.selected || rule == "share") {
			return math.NaN()
		}
		v := s.value()
		if math.IsNaN(v) {
			continue
		}
		of += v
		if s.selected {
			sum, most, least, n = sum+v, max(most, v), min(least, v), n+1
		}
	}
	out := sum
	switch {
	case n == 0:
		return math.NaN()
	case rule == "mean":
		out = sum / float64(n)
	case rule == "max":
		out = most
	case rule == "min":
		out = least
	case rule == "share":
		out = sum / of
	}
	if math.IsInf(out, 0) {
		return math.NaN()
	}
	return out
}
