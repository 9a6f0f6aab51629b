package dataset

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

// A duration may have several parts, as in 1h30m, 2d 3h and 1m32.5s. It is read in seconds.
//
// The m of a single part is ambiguous: 5m are five minutes in a column of ages, and .005 cores in
// one of processors. The column's other cells decide, and its name.

// durationParts are the units of parts, from the longest, in nanoseconds.
var durationParts = []struct {
	name string
	unit float64
}{{"w", 7 * 86400e9}, {"d", 86400e9}, {"h", 3600e9}, {"min", 60e9}, {"ms", 1e6}, {"m", 60e9}, {"us", 1e3}, {"µs", 1e3}, {"ns", 1}, {"s", 1e9}}

// parseDuration returns a duration of at least two parts in nanoseconds.
func parseDuration(b []byte) (ns int64, ok bool) {
	if len(b) < 4 || len(b) > 32 || b[0] < '0' || b[0] > '9' {
		return 0, false
	}
	total, before, parts := 0., math.Inf(1), 0
	for b = trimBlanks(b); len(b) > 0; b = trimBlanks(b) {
		n := 0
		for n < len(b) && (b[n] >= '0' && b[n] <= '9' || b[n] == '.') {
			n++
		}
		v, kind := parseFloat(b[:n])
		unit, name := durationPart(b[n:])
		if kind != cellNumber || unit == 0 || unit >= before {
			return 0, false // the largest comes first, and each once
		}
		total, before, parts, b = total+v*unit, unit, parts+1, b[n+len(name):]
	}
	return int64(math.Round(total)), parts > 1 && total < math.MaxInt64
}

func durationPart(b []byte) (unit float64, name string) {
	for _, p := range durationParts {
		if strings.HasPrefix(string(b[:min(len(b), 4)]), p.name) {
			return p.unit, p.name
		}
	}
	return 0, ""
}

// isMinutes reports whether a cell is a number and an m.
func isMinutes(b []byte) bool {
	return len(b) > 1 && b[len(b)-1] == 'm' && isDigits(b[:len(b)-1])
}

var (
	lastingWords = []string{"age", "uptime", "duration", "elapsed", "time", "since", "latency", "delay", "ttl", "interval", "period", "runtime", "wait", "lag", "timeout"}
	coreWords    = []string{"cpu", "core", "cores", "processor", "processors", "vcpu", "millicores"}
	memoryWords  = []string{"mem", "memory", "res", "rss", "virt", "vsz", "shr", "size", "used", "free", "cache", "buff", "swap", "heap"} // top writes 321m of megabytes
	otherLasting = regexp.MustCompile(`^[\d.]+ ?(w|d|h|hours?|days?|min|mins|s|sec|ms)$`)
)

// mIsMinutes reports whether the m behind numbers of a column means minutes. It is an error where
// nothing tells.
func (p *plan) mIsMinutes(c int) (bool, error) {
	example, large := "", false
	for _, r := range p.body {
		if len(r.fields) != p.width {
			continue
		}
		cell := []byte(r.fields[c])
		if _, parts := parseDuration(cell); parts || otherLasting.Match(cell) {
			return true, nil
		}
		if isMinutes(cell) {
			example = r.fields[c]
			large = large || len(cell) > 3 // 100m
		}
	}
	has := func(words []string) bool {
		return slices.ContainsFunc(nameWords(p.names[c]), func(w string) bool { return slices.Contains(words, w) })
	}
	switch {
	case example == "" || has(coreWords):
		return false, nil
	case has(lastingWords):
		return true, nil
	case large && !has(memoryWords):
		return false, nil
	}
	return false, &CSVError{Line: p.first, Column: p.names[c], Kind: ErrNotNumber, Problem: fmt.Sprintf(
		"%s can be minutes, thousandths or megabytes; %s", shown(example), p.otherMetrics("export it in another unit"))}
}
