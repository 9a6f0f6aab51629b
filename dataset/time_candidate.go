package dataset

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// timeCandidate is a column that could be the time, or two: a date and a clock.
type timeCandidate struct {
	cols   []int
	reader *timeReader
	named  bool // the name means a time
	full   bool // it has both a date and a clock
	// relative numbers count from the beginning, as far as is known.
	relative bool
	note     string
	// twin is the layout with day and month exchanged, if that reads the times as well.
	twin, example string
}

// score ranks candidates. A name that means a time counts more than a time with both date and
// clock.
func (t *timeCandidate) score() (n int) {
	if t.named {
		n += 2
	}
	if t.full {
		n++
	}
	return n
}

// timeIn returns column c as a candidate, or nil if it cannot be the time. A column that the
// user asked for needs no telling name.
func (p *plan) timeIn(c int, asked bool) (*timeCandidate, error) {
	unit, named := isTimeName(p.names[c])
	named = named || isTimeWord(p.short[c])
	found := &timeCandidate{cols: []int{c}, named: named, full: true}
	s := p.stats[c]
	switch {
	case p.opt.TimeLayout != "":
		found.reader = newTimeReader(p.opt.TimeLayout, p.zoneOf(c))
		found.reader.decimal = p.decimalOf(c).decimal
		if p.readsAsTime(found.reader, c) && (found.reader.layout != "" || named || asked) {
			return found, nil
		}
		return nil, nil
	case s.isEmpty():
		return nil, nil
	case s.texts > s.numbers:
		return p.writtenTime(found, s), nil
	case s.texts > 0 && !named && !asked:
		return nil, nil
	}
	return p.numericTime(found, unit, asked)
}

// zoneOf returns the place of the times in a column without an offset. Windows Performance
// Monitor writes in the header by how many minutes they are behind UTC.
func (p *plan) zoneOf(c int) *time.Location {
	if m := biasName.FindStringSubmatch(p.names[c]); m != nil && p.opt.Location == nil {
		if minutes, err := strconv.Atoi(m[2]); err == nil && minutes > -1440 && minutes < 1440 {
			return time.FixedZone(m[1], -60*minutes)
		}
	}
	return p.opt.location()
}

// colonEpoch is a time as rrdtool fetch writes it.
var colonEpoch = regexp.MustCompile(`^\d{9,10}:$`)

var biasName = regexp.MustCompile(`^\(PDH-CSV [\d.]+\) \((.*)\)\((-?\d+)\)$`)

// joined returns the candidate of a date column and a clock column.
func (p *plan) joined(date, clock *timeCandidate) *timeCandidate {
	both := *date
	both.cols = []int{date.cols[0], clock.cols[0]}
	both.full, both.named = true, date.named || clock.named
	layout := " " + clock.reader.layout
	both.reader = newTimeReader(date.reader.layout+layout, p.opt.location())
	if date.twin != "" {
		both.twin = date.twin + layout
		both.example = date.example + " " + clock.example
	}
	return &both
}

// readsAsTime reports whether reader can read at least half of the first 64 records' times, in
// one column or two.
func (p *plan) readsAsTime(reader *timeReader, cols ...int) bool {
	probe := *reader
	probe.year, probe.midnight = 2000, ""
	good, all := 0, 0
	for _, r := range p.body[:min(len(p.body), 64)] {
		cell, ok := reader.cellOf(r, cols)
		if !ok || p.isMissing([]byte(cell)) {
			continue
		}
		all++
		if _, err := probe.parse([]byte(cell)); err == nil {
			good++
		}
	}
	return good > 0 && 2*good >= all
}

// cellOf returns the record's time: the text in one column, or in several with a blank between.
func (p *timeReader) cellOf(r record, cols []int) (string, bool) {
	var joined []byte
	for i, c := range cols {
		if c >= len(r.fields) {
			return "", false
		}
		if i == 0 {
			joined = append(joined, r.fields[c]...)
		} else {
			joined = p.appendPart(joined, []byte(r.fields[c]))
		}
	}
	return string(joined), true
}

// appendPart appends a further part of a time, after a blank.
func (p *timeReader) appendPart(dst, part []byte) []byte {
	dst = append(dst, ' ')
	for range p.clockDigits - len(part) {
		dst = append(dst, '0')
	}
	return append(dst, part...)
}

// writtenTime returns a column of texts as a candidate, or nil.
func (p *plan) writtenTime(found *timeCandidate, s columnStats) *timeCandidate {
	if name := p.names[found.cols[0]]; isElapsed(name, s.cells) {
		found.reader, found.full = newTimeReader(elapsed, p.opt.location()), false
		found.note = fmt.Sprintf("column %q counts from the beginning: its times are only relative", name)
		return found
	}
	if !slices.ContainsFunc(s.cells, func(s string) bool { return !colonEpoch.MatchString(s) }) {
		found.reader = newTimeReader("s", p.opt.location())
		return found
	}
	if !slices.ContainsFunc(s.cells, func(s string) bool { return !isEpochText(s) }) {
		found.reader = newTimeReader("ms", p.opt.location())
		return found
	}
	if like := slices.ContainsFunc(s.cells, startsLikeTime); !like {
		return nil
	}
	for i, forms := range allForms {
		layout, hits, twin := bestLayout(s.cells, forms)
		if hits == 0 || 2*hits < len(s.cells) {
			continue
		}
		name := p.names[found.cols[0]]
		if !strings.HasPrefix(name, "(PDH-CSV") {
			found.twin = twin
		}
		found.example = s.cells[0]
		found.full = i == 0
		found.reader = newTimeReader(layout, p.zoneOf(found.cols[0]))
		if other := yearFirst(layout); other != "" && readsAll(s.cells, other) {
			found.note = fmt.Sprintf("times such as %s were taken to end with the year: if they begin with it, give TimeLayout %q", shown(found.example), other)
		}
		return found
	}
	if found.named && isNoHour(s.cells) {
		found.reader, found.full = newTimeReader(noHourLayout, p.opt.location()), false
		return found
	}
	return nil
}

// yearFirst returns the layout of times with slashes and a year of two digits, with the year first in
// place of last, or "".
func yearFirst(layout string) string {
	if rest, ok := strings.CutPrefix(layout, "2/1/06"); ok {
		return "06/1/2" + rest
	}
	return ""
}

func readsAll(cells []string, layout string) bool {
	return !slices.ContainsFunc(cells, func(s string) bool { _, err := time.Parse(layout, s); return err != nil })
}

// isNoHour reports whether texts are minutes and seconds with a fraction.
func isNoHour(cells []string) bool {
	return !slices.ContainsFunc(cells, func(s string) bool {
		_, err := time.Parse(noHourLayout, s)
		return err != nil || !strings.Contains(s, ".")
	})
}

// ambiguous returns the error of times whose numbers can stand for a day, a month or a year.
func (p *plan) ambiguous(t *timeCandidate) error {
	order := "the month or the day"
	if strings.HasPrefix(t.twin, "06") {
		order = "the day or the year"
	}
	return &CSVError{Line: p.first, Column: p.names[t.cols[0]], Kind: ErrTime, Problem: fmt.Sprintf(
		"times such as %s can begin with %s; give TimeLayout %q or %q, or Time %q to read without times",
		shown(t.example), order, t.reader.layout, t.twin, None)}
}

// numericTime returns a column of numbers as a candidate, or nil. A column whose name means a
// time is one if its values can be dates or rise as a clock does. In a file without a header,
// the first column of numbers is one if its values are dates that rise in steady steps.
func (p *plan) numericTime(found *timeCandidate, unit string, asked bool) (*timeCandidate, error) {
	c := found.cols[0]
	values := p.values(c)
	if len(values) == 0 {
		return nil, nil
	}
	lo, hi := slices.Min(values), slices.Max(values)
	named := found.named || asked
	if named {
		for _, layout := range compactLayouts {
			if r := newTimeReader(layout, p.opt.location()); lo > 1.9e7 && p.readsAsTime(r, c) && p.allSpan(c, len(layout)) {
				found.reader, found.full = r, !r.noClock
				found.example = p.body[0].fields[c]
				return found, nil
			}
		}
	}
	scale := epochByMagnitude(lo, hi)
	if scale == "" && found.named {
		if err := p.unevenTime(c, lo, hi); err != nil {
			return nil, err
		}
	}
	switch {
	case scale != "" && named && p.isRounded(c):
		return nil, &CSVError{Line: p.first, Column: p.names[c], Kind: ErrTime, Problem: fmt.Sprintf(
			"times such as %s were rounded when a spreadsheet saved the file: they are lost; export it anew, or give Time %q and the metrics in Columns to read without times",
			shown(p.body[0].fields[c]), None)}
	case named && p.isDays(c, values, lo, hi):
		found.reader = newTimeReader(dayNumbers, p.opt.location())
		found.reader.decimal = p.decimalOf(c).decimal
		found.reader.grain = dayGrain(p.decimals(c))
		return found, nil
	case scale != "" && (named || steadyEpoch(values, scale)):
		if unit != "" && unit != scale {
			found.note = fmt.Sprintf("column %q is named as %s but holds %s by its magnitude", p.names[c], unit, scale)
		}
	case asked || found.named && !strings.Contains(p.names[c], "/") && (rises(values) || p.couldRise(values)):
		if scale = unit; scale == "" {
			scale = "s"
		}
		found.relative = true
		found.note = fmt.Sprintf("column %q does not count from 1970: its times are only relative, in %s", p.names[c], scale)
	default:
		return nil, nil
	}
	found.reader = newTimeReader(scale, p.opt.location())
	found.reader.decimal = p.decimalOf(c).decimal
	return found, nil
}

// allSpan reports whether all cells of the column's sample have n characters and begin with a
// year from 1990 to 2100.
func (p *plan) allSpan(c, n int) bool {
	for _, r := range p.body {
		if c < len(r.fields) && (len(r.fields[c]) != n || r.fields[c] < "1990" || r.fields[c] > "2100") {
			return false
		}
	}
	return true
}

// values returns the numbers in the column's sample.
func (p *plan) values(c int) []float64 {
	format := p.decimalOf(c)
	var out []float64
	for _, r := range p.body {
		if c < len(r.fields) {
			if v, kind := format.parse([]byte(r.fields[c])); kind == cellNumber {
				out = append(out, v)
			}
		}
	}
	return out
}

// rises reports whether values never fall and do rise.
func rises(values []float64) bool {
	return slices.IsSorted(values) && values[0] < values[len(values)-1]
}

// couldRise reports whether too few values are known to tell whether they rise: a single one,
// or, in live text, values that have not fallen yet.
func (p *plan) couldRise(values []float64) bool {
	return len(values) == 1 || p.opt.Live && slices.IsSorted(values)
}

// steadyEpoch reports whether values are times since 1970, in this unit, whatever the column's
// name: they lie between 1995 and 2065, and at least half of the steps forward are within 5 % of
// the median step. They may repeat and go back where series take turns.
func steadyEpoch(values []float64, unit string) bool {
	seconds := 1.0
	for _, e := range epochUnits {
		if e.name == unit {
			seconds = e.unit.Seconds()
		}
	}
	var steps []float64
	for i, v := range values {
		if v *= seconds; v < 8e8 || v > 3e9 {
			return false
		}
		if i > 0 && values[i] > values[i-1] {
			steps = append(steps, values[i]-values[i-1])
		}
	}
	if len(steps) < 2 {
		return false
	}
	slices.Sort(steps)
	median, near := steps[len(steps)/2], 0
	for _, s := range steps {
		if math.Abs(s-median) <= 0.05*median {
			near++
		}
	}
	return 2*near >= len(steps)
}
