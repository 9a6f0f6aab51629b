package main

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"

	"github.com/metric-streams/anomaly/examples/anomalyd/align"
	"github.com/metric-streams/anomaly/examples/anomalyd/series"
)

// selector says which series that somebody sends belong to which metric and stream.
type selector struct {
	by         []byLabel
	candidates map[string][]candidate // by the name of the series
}

// byLabel is a label that names streams.
type byLabel struct {
	name   string // that it has there
	folded string // as Prometheus would write it; "" where the name must be the same
}

// candidate is a metric that series of a name may be part of.
type candidate struct {
	own     *series.Selector
	column  int
	divisor bool
	counter *bool // whether it is one; nil where the name tells
}

func newSelector(c *config, source string) (*selector, error) {
	s := &selector{candidates: map[string][]candidate{}}
	for _, label := range c.By {
		name := c.Sources.receivers()[source].Labels[label]
		switch {
		case name != "":
			s.by = append(s.by, byLabel{name: name})
		case source == otlpSource:
			s.by = append(s.by, byLabel{label, label})
		default:
			s.by = append(s.by, byLabel{name: label})
		}
	}
	for j := range c.Metrics {
		m := c.Metrics[j].selection(source)
		own, divisor, err := m.selectors()
		if err != nil {
			return nil, fmt.Errorf("metrics: %s: %s: %w", c.Metrics[j].Name, source, err)
		}
		s.candidates[own.Name] = append(s.candidates[own.Name], candidate{own, j, false, m.Counter})
		if divisor != nil {
			s.candidates[divisor.Name] = append(s.candidates[divisor.Name], candidate{divisor, j, true, m.Counter})
		}
	}
	return s, nil
}

// labels returns the values of the labels that name a stream; nil where all are missing.
func (s *selector) labels(l series.Labels) []string {
	out, some := make([]string, len(s.by)), false
	for i, b := range s.by {
		out[i] = string(b.of(l))
		some = some || out[i] != ""
	}
	if !some {
		return nil
	}
	return out
}

func (b byLabel) of(l series.Labels) []byte {
	if v := l.Get(b.name); v != nil || b.folded == "" {
		return v
	}
	for i := range l {
		if string(fold(l[i].Name)) == b.folded {
			return l[i].Value
		}
	}
	return nil
}

// fold writes the name of an attribute as Prometheus does: host.name becomes host_name.
func fold(name []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '_'
	}, name)
}

// identity tells the series of a stream and metric apart, by their other labels.
func identity(l series.Labels) string {
	slices.SortFunc(l, func(a, b series.Label) int { return bytes.Compare(a.Name, b.Name) })
	hash := fnv.New64a()
	for _, one := range l {
		for _, text := range [][]byte{one.Name, one.Value} {
			_, _ = hash.Write(text) // it never fails
			_, _ = hash.Write([]byte{0xff})
		}
	}
	return strconv.FormatUint(hash.Sum64(), 36)
}

// match calls each with a sample's beginning for every metric that a series is part of. counter
// says whether the source knows it to be one.
func (s *selector) match(name string, l series.Labels, counter bool, each func(align.Sample)) {
	var found align.Sample
	for _, c := range s.candidates[name] {
		if !c.own.Matches(l) {
			continue
		}
		if found.Series == "" {
			found.Stream, found.Series = s.labels(l), identity(l)
		}
		found.Column, found.Divisor, found.Kind = c.column, c.divisor, align.Gauge
		if c.counter == nil && counter || c.counter != nil && *c.counter {
			found.Kind = align.Counter
		}
		each(found)
	}
}
