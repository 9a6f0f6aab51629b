package main

import (
	"cmp"
	"log/slog"
	"math"
	"net/url"
	"slices"
	"time"

	"github.com/metric-streams/anomaly/internal/counter"
)

// mostSeries bounds the running totals that are remembered of all hosts.
const mostSeries = 100_000

// joiner makes rows from points: one of each host at each interval.
type joiner struct {
	cfg      *config
	open     map[string]*openRow // by the host's name
	closed   map[string]time.Time
	counters map[counterKey]*total
}

// openRow is a row to which values may still come.
type openRow struct {
	at     time.Time
	heard  time.Time   // when a value came last, by this computer's clock
	values [][]float64 // of each metric, those of its series
}

// row is a row to which nothing comes any more.
type row struct {
	host   string
	at     time.Time
	values []float64
}

type counterKey struct {
	host, series string
	metric       int
}

type total struct {
	counter.Counter
	at time.Time
}

func newJoiner(cfg *config) *joiner {
	return &joiner{cfg: cfg, open: map[string]*openRow{}, closed: map[string]time.Time{}, counters: map[counterKey]*total{}}
}

// host returns the name of the host that a point is of; false where it lacks a tag.
func (j *joiner) host(p point) (string, bool) {
	name := url.Values{}
	for _, key := range j.cfg.By {
		value := p.tag(key)
		if value == "" {
			return "", false
		}
		name.Set(key, value)
	}
	return name.Encode(), true
}

// add takes a point, and returns the row that it ends: the one before its own.
func (j *joiner) add(p point, now time.Time) (ended []row) {
	name, ok := j.host(p)
	if !ok {
		return nil
	}
	at := p.time.UTC().Truncate(j.cfg.Interval)
	for k, m := range j.cfg.Metrics {
		if !p.is(m) {
			continue
		}
		v := j.value(p, name, k)
		if math.IsNaN(v) || !at.After(j.closed[name]) {
			continue
		}
		r := j.open[name]
		if r != nil && at.After(r.at) {
			ended = append(ended, j.end(name))
			r = nil
		}
		if r == nil {
			if len(j.open) >= j.cfg.Hosts {
				slog.Debug("too many hosts at once", "host", name)
				continue
			}
			r = &openRow{at: at, values: make([][]float64, len(j.cfg.Metrics))}
			j.open[name] = r
		}
		r.values[k] = append(r.values[k], v)
		r.heard = now
	}
	return ended
}

// value returns what a point says of a metric; NaN where it says nothing.
func (j *joiner) value(p point, host string, metric int) float64 {
	m := j.cfg.Metrics[metric]
	v := p.number(m.Field)
	if m.Rate {
		reading, ok := p.total(m.Field)
		if !ok {
			return math.NaN()
		}
		v = j.rate(counterKey{host, p.series(), metric}, reading, p.time)
	}
	if v = m.Offset + m.Scale*v; math.IsInf(v, 0) {
		return math.NaN()
	}
	return v
}

// rate returns the rate of a running total.
func (j *joiner) rate(key counterKey, reading counter.Total, at time.Time) float64 {
	c := j.counters[key]
	if c == nil {
		j.makeRoom()
		c = new(total)
		j.counters[key] = c
	}
	c.at = at
	v, _ := c.Next(reading, at)
	return v
}

// makeRoom forgets the tenth of the totals that came longest ago, where there are too many.
func (j *joiner) makeRoom() {
	if len(j.counters) < mostSeries {
		return
	}
	times := make([]time.Time, 0, len(j.counters))
	for _, c := range j.counters {
		times = append(times, c.at)
	}
	slices.SortFunc(times, time.Time.Compare)
	oldest := times[len(times)/10]
	for key, c := range j.counters {
		if !c.at.After(oldest) {
			delete(j.counters, key)
		}
	}
}

// due ends the rows to which nothing has come for half an interval; all of them at the end.
func (j *joiner) due(now time.Time, all bool) (ended []row) {
	for name, r := range j.open {
		if all || now.Sub(r.heard) >= j.cfg.Interval/2 {
			ended = append(ended, j.end(name))
		}
	}
	slices.SortFunc(ended, func(a, b row) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.host, b.host)) })
	return ended
}

// end closes a host's row.
func (j *joiner) end(name string) row {
	open := j.open[name]
	delete(j.open, name)
	if len(j.closed) > 2*j.cfg.Hosts {
		clear(j.closed) // the Monitor refuses what is late, too
	}
	j.closed[name] = open.at
	out := row{name, open.at, make([]float64, len(open.values))}
	for k, values := range open.values {
		out.values[k] = joined(values, j.cfg.Metrics[k].Join)
	}
	return out
}

// joined makes one value of those of several series; NaN where there is none.
func joined(values []float64, how string) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	if how == "max" {
		return slices.Max(values)
	}
	sum := 0.
	for _, v := range values {
		sum += v
	}
	if how == "mean" {
		sum /= float64(len(values))
	}
	return sum
}
