package dataset

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Some columns of numbers measure nothing: they count the rows, name what a row is about, or are
// another clock. A column is one of these by its name and by what the sample holds, never by one of
// them alone, and is read where Columns names it.

var (
	rowWords   = []string{"row", "rows", "index", "idx", "no", "nr", "num", "number", "line", "record", "sample", "seq", "sequence", "zeile", "lfd", "rownum", "unnamed"}
	idWords    = []string{"index", "idx", "id", "itemid", "hostid", "uuid", "pid", "uid"}
	clockWords = []string{"time", "timecode", "timestamp", "elapsed", "date", "datum", "zeit", "datetime", "rdtsc", "tsc", "epoch", "runtime"}
)

// spareCounts leaves out columns that count the rows, and numbers that name something: an index
// that is the same in all rows.
func (p *plan) spareCounts() {
	for c := range p.names {
		if !p.couldSpare(c) {
			continue
		}
		switch n, step := p.steps(c); {
		case n < 3 || step == manySteps:
		case step == 1 && p.namesRows(c):
			p.spare[c] = "the row's number"
			p.comments = append(p.comments, fmt.Sprintf("column %q counts the rows and was taken for no metric: name it in Columns if it is one", p.names[c]))
		case step == 0 && hasWord(p.names[c], idWords):
			p.spare[c], p.named[c] = "the number of something, and not of how much", true
		}
	}
}

func (p *plan) couldSpare(c int) bool {
	s := p.stats[c]
	return p.free(c) && p.spare[c] == "" && s.numbers > 0 && 10*s.texts <= s.numbers && s.quantities == 0
}

// namesRows reports whether a column's name says that it counts the rows. The name may be a sign, or
// empty beside columns that have names.
func (p *plan) namesRows(c int) bool {
	if len(p.header) == 0 {
		return false
	}
	short := strings.TrimSpace(p.short[c])
	return short == "" || short == "#" || short == "№" || hasWord(short, rowWords)
}

func hasWord(name string, words []string) bool {
	return slices.ContainsFunc(nameWords(name), func(w string) bool { return slices.Contains(words, w) })
}

// manySteps is the step of a column whose whole numbers do not rise by the same from row to row.
const manySteps = math.MinInt64

// steps returns the number of the sample's rows and by how much the whole numbers of a column rise
// from one to the next. Those that rise begin at 0 or 1.
func (p *plan) steps(c int) (n int, step int64) {
	var last int64
	for _, r := range p.body {
		if len(r.fields) != p.width {
			continue
		}
		v, ok := parseWhole([]byte(r.fields[c]))
		if !ok || v > math.MaxInt64 {
			if slices.Equal(r.fields, p.heading) || isTotalWord(r.fields[c]) {
				continue
			}
			return n, manySteps
		}
		at := int64(v)
		switch d := at - last; {
		case n == 1:
			step = d
		case n > 1 && d != step:
			return n, manySteps
		}
		if n++; n == 2 && step != 0 && last > 1 {
			return n, manySteps
		}
		last = at
	}
	return n, step
}

// spareClocks leaves out columns that are named as a clock and rise in proportion to the times, such
// as seconds since the program was started, and what else belongs to the times.
func (p *plan) spareClocks() {
	if p.clock == nil {
		return
	}
	var l *longForm
	for c, name := range p.names {
		if !p.couldSpare(c) {
			continue
		}
		if shown, marked := strings.CutSuffix(name, rawMark); marked && slices.Contains(p.times, p.columnNamed(shown)) {
			p.spare[c] = "another time"
			continue
		}
		if nameWords(name) != nil && strings.EqualFold(name, "ns") && p.isZabbixClock() {
			p.spare[c] = "nanoseconds of the time"
			continue
		}
		if !hasWord(name, clockWords) {
			continue
		}
		if l == nil {
			l = p.sampleTimes()
		}
		if l.keepsTime(c) {
			p.spare[c] = "another clock: it rises as the time does"
		}
	}
}

func (p *plan) columnNamed(name string) int {
	if c, ok := p.index[name]; ok {
		return c
	}
	return -1
}

// isZabbixClock reports whether the time has the name that Zabbix gives it.
func (p *plan) isZabbixClock() bool { return len(p.times) == 1 && isTimeWord(p.short[p.times[0]]) }

// keepsTime reports whether the numbers of a column rise in proportion to the times, within half of
// a usual step.
func (l *longForm) keepsTime(c int) bool {
	format := l.decimalOf(c)
	var values, at []float64
	for i, r := range l.rows {
		v, kind := format.parse([]byte(r.fields[c]))
		if kind != cellNumber {
			return false
		}
		values, at = append(values, v), append(at, float64(l.times[i]-l.times[0]))
	}
	n := len(values)
	if n < 3 || at[n-1] <= 0 || values[n-1] <= values[0] {
		return false
	}
	rate := (values[n-1] - values[0]) / at[n-1]
	usual := (values[n-1] - values[0]) / float64(n-1)
	for i := range values {
		if math.Abs(values[i]-values[0]-rate*at[i]) > .51*usual {
			return false
		}
	}
	return true
}
