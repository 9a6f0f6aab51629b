package dataset

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"time"

	"github.com/metric-streams/anomaly/internal/format"
)

// rowNotes returns what a user should know about how the rows so far were read, or do.
func (r *rowReader) rowNotes() []string {
	var notes []string
	add := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if r.dstat {
		add("dstat's first row is an average since the host was booted: leave it out of training")
	}
	if r.gaps > 0 {
		add("%s between the rows left out", format.Count(r.gaps, "blank line"))
	}
	if r.headings > 0 {
		add("the header comes again, %s, and was left out there: files may have been joined", format.Count(r.headings, "time"))
	}
	notes = append(notes, r.leftNotes()...)
	var ofColumns []string
	addColumn := func(format string, args ...any) { ofColumns = append(ofColumns, fmt.Sprintf(format, args...)) }
	for _, c := range r.texts {
		if n := len(c.seen); n > 1 && n < maxTexts && 2*n <= r.rows && !c.isState() {
			addColumn("column %q holds %d different texts: if they name hosts or metrics, %s", r.names[c.col], n, c.advice(r.names[c.col]))
		}
	}
	for _, m := range r.metrics {
		if m.rate == nil {
			continue
		}
		if wraps, resets := m.rate.turns(); wraps+resets > 0 {
			addColumn("counter %q: %s, %s", r.names[m.col], format.Count(wraps, "wrap"), format.Count(resets, "reset"))
		}
	}
	notes = append(notes, boundedNotes(ofColumns)...)
	return append(notes, r.signNotes()...)
}

// surveyNotes returns what a user should know about values and times, or do. source returns the
// column of the file that a column was made of.
func surveyNotes(names []string, source func(name string) string, columns []columnSurvey, times timeSurvey) []string {
	notes := times.notes()
	var constant, ofColumns []string
	for j, name := range names {
		s := columns[j]
		if s.lo == s.hi && s.rows-s.missing > 1 {
			constant = append(constant, name)
		}
		if note := s.note(name, source(name)); note != "" {
			ofColumns = append(ofColumns, note)
		}
	}
	notes = append(notes, boundedNotes(ofColumns)...)
	if len(constant) > 0 {
		notes = append(notes, "constant columns: "+quoteNames(constant))
	}
	return notes
}

// boundedNotes returns the first notes on columns, and how many more there are.
func boundedNotes(notes []string) []string {
	const most = 12
	if len(notes) <= most {
		return notes
	}
	return append(notes[:most:most], fmt.Sprintf("%s more of columns, as the last ones", format.Count(len(notes)-most, "note")))
}

// signNotes tells how numbers were read that could be read in two ways.
func (r *rowReader) signNotes() []string {
	var notes []string
	for _, thousands := range []bool{true, false} {
		var names []string
		example := ""
		for _, m := range r.metrics {
			if s, is := m.decided(); s != "" && is == thousands && (is || m.format.decimal == ',') {
				names = append(names, r.names[m.col])
				if example == "" {
					example = s
				}
			}
		}
		how := "decimals"
		if thousands {
			how = "thousands"
		}
		if len(names) > 0 {
			notes = append(notes, fmt.Sprintf("numbers such as %s were read as %s, in %s: if that is wrong, give the decimal sign in Decimal", example, how, quoteNames(names)))
		}
	}
	return notes
}

// timeSurvey is what times show: how often they repeat or go back, and gaps.
type timeSurvey struct {
	rows, same, back int
	first            int // row of the first time that does not go forward, from 1
	last             int64

	usual   time.Duration // between rows; 0 where it is not known
	gaps    int
	longest time.Duration
}

// add takes the time of the next row, in nanoseconds since 1970.
func (s *timeSurvey) add(at int64) {
	d := time.Duration(at - s.last)
	s.rows++
	s.last = at
	if s.rows == 1 {
		return
	}
	switch {
	case d == 0:
		s.same++
	case d < 0:
		s.back++
	case s.usual > 0 && d > 3*s.usual:
		s.gaps++
		s.longest = max(s.longest, d)
	}
	if d <= 0 && s.first == 0 {
		s.first = s.rows
	}
}

func (s *timeSurvey) notes() []string {
	var notes []string
	switch {
	case s.back > 0 && 10*s.back >= 9*(s.rows-1):
		notes = append(notes, "rows run from the newest to the oldest: turn them round if their order matters, as for counters and series")
	case s.same+s.back > 0:
		notes = append(notes, fmt.Sprintf("times that repeat the one before: %d, that go backwards: %d, the first in row %d", s.same, s.back, s.first))
	}
	if s.gaps > 0 {
		notes = append(notes, fmt.Sprintf("sampling every %s has %s, the longest %s", s.usual, format.Count(s.gaps, "gap"), s.longest))
	}
	return notes
}

// columnSurvey is what the values of a metric show.
type columnSurvey struct {
	rows, missing     int
	lo, hi            float64
	ups, downs, units int // steps up, down, and by exactly one
	resets            int // of the steps down, those to less than a tenth
	minusOne, over100 int // values -1 and 101, which often mean "no value" of a percentage
	loRest, hiRest    float64
	last              float64
}

func newColumnSurvey() columnSurvey {
	return columnSurvey{lo: math.Inf(1), hi: math.Inf(-1), loRest: math.Inf(1), hiRest: math.Inf(-1), last: math.NaN()}
}

// add takes the value of the next row.
func (s *columnSurvey) add(v float64) {
	s.rows++
	if math.IsNaN(v) {
		s.missing++
		return
	}
	s.lo, s.hi = math.Min(s.lo, v), math.Max(s.hi, v)
	switch v {
	case -1:
		s.minusOne++
	case 101:
		s.over100++
	default:
		s.loRest, s.hiRest = math.Min(s.loRest, v), math.Max(s.hiRest, v)
	}
	switch {
	case v > s.last:
		s.ups++
	case v < s.last:
		s.downs++
		if v >= 0 && v < s.last/10 {
			s.resets++
		}
	}
	if v == s.last+1 {
		s.units++
	}
	s.last = v
}

// note returns the most important remark about a metric, or "". The metric is made of a column of
// the file, which may have another name.
func (s columnSurvey) note(name, column string) string {
	it := "it"
	if column != name {
		it = strconv.Quote(column)
	}
	values := s.rows - s.missing
	switch {
	case s.rows == 0:
		return ""
	case values == 0:
		return fmt.Sprintf("column %q has no values", name)
	case 2*s.missing > s.rows:
		return fmt.Sprintf("column %q is missing in %d of %d rows, which training would leave out: name the metrics without it in Columns", name, s.missing, s.rows)
	case s.minusOne+s.over100 > 0 && s.loRest >= 0 && s.hiRest > 1 && s.hiRest <= 100 && values > 20*(s.minusOne+s.over100):
		return fmt.Sprintf("column %q holds -1 (%d times) and 101 (%d times) beside values from %v to %v: if they mean \"no value\", list them in Sentinels",
			name, s.minusOne, s.over100, s.loRest, s.hiRest)
	case values > 10 && s.units == values-1:
		return fmt.Sprintf("column %q counts up by one: if it is a row number, name the metrics without it in Columns", name)
	case s.isTotal(column):
		return fmt.Sprintf("column %q all but never falls%s: if it is a cumulative counter, list %s in Counters; if it is a clock, name %s in Time", name, s.resetText(), it, it)
	case 10*s.missing > s.rows:
		return fmt.Sprintf("column %q is missing in %d of %d rows", name, s.missing, s.rows)
	}
	return ""
}

// isTotal reports whether the metric rises like a counter: it goes up often and hardly ever
// down, but for resets to about 0. Those may be more where the name is one of a counter.
func (s columnSurvey) isTotal(name string) bool {
	large := s.hi >= 1e6 && s.ups >= 9
	resets := 30 // steps up for each reset, at least
	if totalName.MatchString(name) {
		resets = 4
	}
	return (large || s.ups >= 30) && (s.downs-s.resets)*100 <= s.ups && s.resets*resets <= s.ups
}

// totalName matches names of counters, as Prometheus and SNMP give them.
var totalName = regexp.MustCompile(`(?i)_(total|count|sum|octets)\b|_bytes_total|^if(hc)?(in|out)`)

// resetText says how often the metric was reset.
func (s columnSurvey) resetText() string {
	if s.resets == 0 {
		return ""
	}
	return fmt.Sprintf(" but for %s to about 0", format.Count(s.resets, "fall"))
}
