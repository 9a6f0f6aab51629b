package dataset

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A time may stand in several columns: a date and a clock, a date and the hour, a date and a clock
// without colons, or year, month, day and so on. Its parts are read with a blank between them.

// timeParts are names of columns of numbers that hold a part of a time, with their layout.
var timeParts = []struct {
	layout string
	words  []string
	most   float64
}{
	{"2006", []string{"year", "jahr", "année", "año", "yyyy"}, 2200},
	{"1", []string{"month", "monat", "mois", "mes", "mm"}, 12},
	{"2", []string{"day", "tag", "jour", "día", "dd"}, 31},
	{"15", []string{"hour", "hours", "hr", "stunde", "heure", "hora", "hh"}, 23},
	{"4", []string{"minute", "minutes", "min", "minuto"}, 59},
	{"5", []string{"second", "seconds", "sec", "sekunde", "seconde", "segundo"}, 59},
}

// partColumn returns the column of numbers that holds part k of timeParts, or -1. A day's number
// is a part of a time where its name is nothing but that.
func (p *plan) partColumn(k int) int {
	part := timeParts[k]
	for c, name := range p.names {
		s := p.stats[c]
		if p.wanted[c] || s.numbers == 0 || s.texts > 0 {
			continue
		}
		words := nameWords(name)
		if len(words) != 1 || !hasWord(name, part.words) {
			continue
		}
		if p.wholeUpTo(c, part.most) {
			return c
		}
	}
	return -1
}

func (p *plan) wholeUpTo(c int, most float64) bool {
	for _, r := range p.body {
		if len(r.fields) != p.width {
			continue
		}
		if n, ok := parseWhole([]byte(r.fields[c])); !ok || float64(n) > most {
			return false
		}
	}
	return true
}

// timeApart returns the candidate whose parts stand in several columns, or whose clock has no colons,
// or nil: it is looked for where the best single column is no full time.
func (p *plan) timeApart(best *timeCandidate, dates, clocks []*timeCandidate) *timeCandidate {
	relative := best != nil && best.relative
	switch {
	case best != nil && best.full && !relative:
		return nil
	case len(dates) > 0 && len(clocks) > 0 && !relative:
		return p.joined(dates[0], clocks[0])
	case p.opt.TimeLayout != "":
		return nil
	case len(dates) > 0:
		return p.withHour(dates[0])
	case best != nil && !relative:
		return nil
	}
	if parts := p.joinedParts(); parts != nil {
		return parts
	}
	return p.clockWithoutColons()
}

// joinedParts returns the candidate of columns for year, month, day and so on, as far as there are
// such, or nil.
func (p *plan) joinedParts() *timeCandidate {
	var layouts []string
	var cols []int
	for k := range timeParts {
		c := p.partColumn(k)
		if c < 0 {
			break
		}
		layouts, cols = append(layouts, timeParts[k].layout), append(cols, c)
	}
	if len(cols) < 3 {
		return nil
	}
	found := &timeCandidate{cols: cols, reader: newTimeReader(strings.Join(layouts, " "), p.opt.location()), full: len(cols) > 3, named: true}
	if !p.readsAsTime(found.reader, cols...) {
		return nil
	}
	return found
}

// withHour returns the candidate of a date and a column of numbers that holds the hour, or the clock
// without colons, or nil.
func (p *plan) withHour(date *timeCandidate) *timeCandidate {
	hour := 3 // of timeParts
	c, layout, digits := p.partColumn(hour), " "+timeParts[hour].layout, 0
	if c >= 0 && !p.repeats(date.cols[0]) {
		return nil // a row a day: these are hours of something else
	}
	if c < 0 {
		c, digits = p.compactClock(4)
		layout = map[int]string{4: " 1504", 6: " 150405"}[digits]
	}
	if c < 0 || p.wanted[c] {
		return nil
	}
	found := *date
	found.cols = []int{date.cols[0], c}
	found.reader = newTimeReader(date.reader.layout+layout, p.opt.location())
	found.reader.clockDigits = digits
	if date.twin != "" {
		found.twin, found.example = date.twin+layout, date.example
	}
	found.full = true
	if !p.readsAsTime(found.reader, found.cols...) {
		return nil
	}
	return &found
}

// repeats reports whether a text of a column comes again in the sample.
func (p *plan) repeats(c int) bool {
	seen := map[string]bool{}
	for _, r := range p.body {
		if len(r.fields) == p.width {
			if seen[r.fields[c]] {
				return true
			}
			seen[r.fields[c]] = true
		}
	}
	return false
}

// compactClock returns a column that is named as a time and whose numbers are hours, minutes and
// perhaps seconds without colons, 950 or 95000, and how many digits they have in full. The first
// has at least so many digits.
func (p *plan) compactClock(fewest int) (c, digits int) {
	for c, name := range p.names {
		s := p.stats[c]
		if _, named := isTimeName(name); p.wanted[c] || s.numbers == 0 || s.texts > 0 || !named && !isTimeWord(name) {
			continue
		}
		if strings.ContainsAny(name, "([") { // Time (ms)
			continue
		}
		longest := 0
		for _, r := range p.body {
			if len(r.fields) == p.width {
				longest = max(longest, len(r.fields[c]))
			}
		}
		if digits = longest + longest%2; digits != 4 && digits != 6 || longest < fewest-1 {
			continue
		}
		layout := "150405"[:digits]
		if !p.all(c, func(cell string) bool {
			if !isDigits([]byte(cell)) || len(cell) > digits {
				return false
			}
			_, err := time.Parse(layout, strings.Repeat("0", digits-len(cell))+cell)
			return err == nil
		}) {
			continue
		}
		return c, digits
	}
	return -1, 0
}

// all reports whether all cells of a column's sample are as told.
func (p *plan) all(c int, is func(string) bool) bool {
	for _, r := range p.body {
		if len(r.fields) == p.width && !is(r.fields[c]) {
			return false
		}
	}
	return true
}

// clockWithoutColons returns the candidate of a clock such as 0950 without a date, or nil. A clock
// shows by the zero that it begins with, or by its last minute: 1000 follows 0959.
func (p *plan) clockWithoutColons() *timeCandidate {
	c, digits := p.compactClock(4)
	if c < 0 || !p.all(c, func(cell string) bool { return len(cell) == digits }) {
		return nil
	}
	if p.all(c, func(cell string) bool { return cell[0] != '0' }) {
		return nil
	}
	return &timeCandidate{cols: []int{c}, reader: newTimeReader("150405"[:digits], p.opt.location()), named: true}
}

// unevenTime returns the error of a column that is named as a time since 1970, and whose numbers
// are of two units.
func (p *plan) unevenTime(c int, lo, hi float64) error {
	if words := nameWords(p.names[c]); len(words) == 0 || epochByMagnitude(lo, lo) == "" || epochByMagnitude(hi, hi) == "" {
		return nil
	}
	return &CSVError{Line: p.first, Column: p.names[c], Kind: ErrTime, Problem: fmt.Sprintf(
		"times count from 1970 in %s and in %s; give Time %q to read without times",
		epochByMagnitude(lo, lo), epochByMagnitude(hi, hi), None)}
}

// zoneCell is the offset or the name of a zone, in a column of its own.
var zoneCell = regexp.MustCompile(`^([+-]\d\d:?\d\d|Z|[A-Z]{3,4})$`)

// withZone returns the candidate together with a column that holds the zone of its times, or the
// candidate as it is.
func (p *plan) withZone(t *timeCandidate) *timeCandidate {
	if t == nil || !t.full || t.reader.layout == "" || strings.Contains(t.reader.layout, "07") || t.reader.zoned || p.opt.TimeLayout != "" {
		return t
	}
	for c, name := range p.names {
		zone := hasWord(name, []string{"tz", "timezone", "zone", "utcoffset", "offset"})
		if !zone || p.wanted[c] || slices.Contains(t.cols, c) || !p.all(c, zoneCell.MatchString) {
			continue
		}
		cols := append(slices.Clone(t.cols), c)
		for _, layout := range []string{" Z07:00", " -07:00", " -0700", " MST"} {
			reader := newTimeReader(t.reader.layout+layout, p.opt.location())
			if p.readsAllTimes(reader, cols) {
				both := *t
				both.cols, both.reader = cols, reader
				return &both
			}
		}
	}
	return t
}

// readsAllTimes reports whether a reader reads all times of the sample that are there.
func (p *plan) readsAllTimes(reader *timeReader, cols []int) bool {
	for _, r := range p.body {
		if cell, ok := reader.cellOf(r, cols); ok && len(r.fields) == p.width {
			if _, err := reader.parse([]byte(cell)); err != nil {
				return false
			}
		}
	}
	return true
}
