package dataset

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// timeCandidate is a column that could be the time, or two: a date and a clock.
type timeCandidate struct {
	cols   []int
	reader *timeReader
	named  bool // the name means a time
	full   bool // it has both a date and a clock
	note   string
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
	found := &timeCandidate{cols: []int{c}, named: named, full: true}
	s := p.stats[c]
	switch {
	case p.opt.TimeLayout != "":
		found.reader = newTimeReader(p.opt.TimeLayout, p.opt.location())
		found.reader.decimal = p.decimalOf(c).decimal
		if asked || p.readsAsTime(c, found.reader) && (found.reader.layout != "" || named) {
			return found, nil
		}
		return nil, nil
	case s.isEmpty():
		return nil, nil
	case s.texts > s.numbers:
		return p.writtenTime(found, s)
	case s.texts > 0 && !named && !asked:
		return nil, nil
	}
	return p.numericTime(found, unit, asked), nil
}

// readsAsTime reports whether reader can read at least half of the column's first 64 records.
func (p *plan) readsAsTime(c int, reader *timeReader) bool {
	probe := *reader
	probe.year = 2000
	good, all := 0, 0
	for _, r := range p.body[:min(len(p.body), 64)] {
		if c >= len(r.fields) || p.isMissing([]byte(r.fields[c])) {
			continue
		}
		all++
		if _, err := probe.parse([]byte(r.fields[c])); err == nil {
			good++
		}
	}
	return good > 0 && 2*good >= all
}

func (p *plan) writtenTime(found *timeCandidate, s columnStats) (*timeCandidate, error) {
	for i, layouts := range [][]string{timeLayouts, dateLayouts, clockLayouts} {
		layout, hits, twin := bestLayout(s.cells, layouts)
		if hits == 0 || 2*hits < len(s.cells) {
			continue
		}
		name := p.names[found.cols[0]]
		if twin != "" && !strings.HasPrefix(name, "(PDH-CSV") {
			return nil, &CSVError{Line: p.first, Column: name, Kind: ErrTime, Problem: fmt.Sprintf(
				"times such as %s can begin with the month or the day; give TimeLayout %q or %q, or Time %q to read without times",
				shown(s.cells[0]), layout, twin, None)}
		}
		found.full = i == 0
		found.reader = newTimeReader(layout, p.opt.location())
		return found, nil
	}
	return nil, nil
}

// numericTime returns a column of numbers as a candidate, or nil. A column whose name means a
// time is one if its values can be dates or rise as a clock does. In a file without a header,
// the first column of numbers is one if its values are dates that rise in steady steps.
func (p *plan) numericTime(found *timeCandidate, unit string, asked bool) *timeCandidate {
	c := found.cols[0]
	values := p.values(c)
	if len(values) == 0 {
		return nil
	}
	lo, hi := slices.Min(values), slices.Max(values)
	named := found.named || asked
	if named {
		for _, layout := range compactLayouts {
			if r := newTimeReader(layout, p.opt.location()); lo > 1.9e7 && p.readsAsTime(c, r) && p.allSpan(c, len(layout)) {
				found.reader = r
				return found
			}
		}
	}
	scale := epochByMagnitude(lo, hi)
	switch {
	case scale != "" && (named || len(p.header) == 0 && c == p.firstNumber() && steady(values)):
		if unit != "" && unit != scale {
			found.note = fmt.Sprintf("column %q is named as %s but holds %s by its magnitude", p.names[c], unit, scale)
		}
	case asked || found.named && !strings.Contains(p.names[c], "/") && (rises(values) || p.couldRise(values)):
		if scale = unit; scale == "" {
			scale = "s"
		}
		found.note = fmt.Sprintf("column %q does not count from 1970: its times are only relative, in %s", p.names[c], scale)
	default:
		return nil
	}
	found.reader = newTimeReader(scale, p.opt.location())
	found.reader.decimal = p.decimalOf(c).decimal
	return found
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

func (p *plan) firstNumber() int {
	return slices.IndexFunc(p.stats, func(s columnStats) bool { return s.isNumber() && !s.isEmpty() })
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

// steady reports whether values rise, at least half of the steps within 5 % of the median
// step.
func steady(values []float64) bool {
	if len(values) < 3 || !rises(values) {
		return false
	}
	steps := make([]float64, len(values)-1)
	for i := range steps {
		steps[i] = values[i+1] - values[i]
	}
	slices.Sort(steps)
	median, near := steps[len(steps)/2], 0
	for _, s := range steps {
		if math.Abs(s-median) <= 0.05*median {
			near++
		}
	}
	return median > 0 && 2*near >= len(steps)
}
