package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/examples/flagcsv/sample"
)

// bracketed finds a unit at the end of a name: CPU usage [%], temp (°C). A unit is short and
// no number.
var bracketed = regexp.MustCompile(`[\[(]([^\[\]()0-9 ]{1,8})[\])]$`)

// units returns the units of columns, as far as they are known: those of the cells, those of
// the embedded recording, and those that names have in brackets. A counter is read as its
// increase per second, and what a factor makes of a unit is unknown.
func units(opt *options, columns, cells []string, r *dagmm.Reading) []string {
	out := make([]string, len(columns))
	for k, name := range columns {
		if k < len(cells) && cells[k] != "" {
			out[k] = cells[k]
			continue
		}
		if m := bracketed.FindStringSubmatch(name); m != nil {
			out[k] = m[1]
		}
		if len(opt.in) == 0 {
			out[k] = sample.Units[name]
		}
		if _, value, found := cutLast(name, "/"); found && len(r.Series) > 0 {
			name = value // web1/net of the column net
		}
		if out[k] != "" && slices.Contains(r.Counters, name) {
			out[k] += "/s"
		}
		if _, scaled := r.Scale[name]; scaled {
			out[k] = ""
		}
	}
	return out
}

// cutLast is strings.Cut at the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
