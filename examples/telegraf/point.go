package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/influxdata/line-protocol/v2/lineprotocol"

	"github.com/metric-streams/anomaly/internal/counter"
)

// point is one line of line protocol, as far as it is needed.
type point struct {
	measurement string
	tags        []tag // in their order
	fields      map[string]lineprotocol.Value
	time        time.Time
}

type tag struct{ key, value string }

// read reads a point. It returns false for a comment or an empty line.
func read(line []byte, now time.Time) (p point, found bool, err error) {
	d := lineprotocol.NewDecoderWithBytes(line)
	if !d.Next() {
		return p, false, nil
	}
	name, err := d.Measurement()
	if err != nil {
		return p, false, err
	}
	p = point{measurement: string(name), fields: map[string]lineprotocol.Value{}}
	for {
		key, value, err := d.NextTag()
		if err != nil {
			return p, false, err
		}
		if key == nil {
			break
		}
		p.tags = append(p.tags, tag{string(key), string(value)})
	}
	for {
		key, value, err := d.NextField()
		if err != nil {
			return p, false, err
		}
		if key == nil {
			break
		}
		p.fields[string(key)] = value
	}
	p.time, err = d.Time(lineprotocol.Nanosecond, now)
	return p, err == nil, err
}

// tag returns the value of a tag; "" where there is none.
func (p point) tag(key string) string {
	if k := slices.IndexFunc(p.tags, func(t tag) bool { return t.key == key }); k >= 0 {
		return p.tags[k].value
	}
	return ""
}

// series names what the point is a reading of.
func (p point) series() string {
	var b strings.Builder
	for _, t := range p.tags {
		fmt.Fprintf(&b, "%q=%q,", t.key, t.value)
	}
	return b.String()
}

// is reports whether the point is of a metric.
func (p point) is(m metricConfig) bool {
	if p.measurement != m.Measurement {
		return false
	}
	for key, value := range m.Tags {
		if p.tag(key) != value {
			return false
		}
	}
	return true
}

// number returns a field's value; NaN where it is no number, or not there.
func (p point) number(field string) float64 {
	switch v := p.fields[field]; v.Kind() {
	case lineprotocol.Float:
		return v.FloatV()
	case lineprotocol.Int:
		return float64(v.IntV())
	case lineprotocol.Uint:
		return float64(v.UintV())
	}
	return math.NaN()
}

// total returns a field's value as a running total, which is exact where it is a whole number;
// false where it is none.
func (p point) total(field string) (counter.Total, bool) {
	v := p.fields[field]
	switch {
	case v.Kind() == lineprotocol.Uint:
		return counter.Whole(v.UintV()), true
	case v.Kind() == lineprotocol.Int && v.IntV() >= 0:
		return counter.Whole(uint64(v.IntV())), true
	case v.Kind() == lineprotocol.Float:
		return counter.Approximate(v.FloatV()), true
	}
	return counter.Total{}, false
}
