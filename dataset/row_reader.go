package dataset

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// rowReader reads the rows of a file by its plan.
type rowReader struct {
	*plan
	*recordReader
	store    rowStore
	rows     int
	stamps   []int64 // nanoseconds since 1970
	runs     seriesRuns
	sources  map[string]string // column of the file that a series' column was made of, by its name
	marks    []bool
	joined   []byte // date and clock of one row
	headings int    // repeated headers, which are skipped
	gaps     int    // blank lines between rows

	left              [leftKinds]int // records that are no rows, by their kind
	ending            []record       // text that ends the table, unless rows follow
	whole             bool           // all rows are kept
	lastTotals        int            // rows of totals at the end, so far
	clocks            []timeOrder    // of each recording
	firstBad, lastBad int            // lines of rows that SkipBadRows leaves out
}

// newRowReader makes a reader of the rows of a source from its beginning.
func newRowReader(p *plan, src *source) *rowReader {
	r := &rowReader{plan: p, recordReader: newRecordReader(src.reader(), p.comma, src.units), left: p.marksBefore()}
	r.store.width = len(p.metrics)
	return r
}

// row reads one data record.
func (r *rowReader) row() error {
	r.fields = withoutHanging(r.fields, r.width)
	if r.isHeading() {
		r.headings++
		r.left[leftFooter] += len(r.ending) // a recording that goes on
		r.ending = nil
		return nil
	}
	if len(r.fields) != r.width || r.isComment() {
		return r.odd(nil)
	}
	isTotal, sure := r.isTotalRow()
	if sure {
		r.left[leftTotal]++
		return nil
	}
	if r.clock != nil && r.isEmpty() {
		r.blank++ // as spreadsheets write below a table
		return nil
	}
	recording, err := r.recordings.find(r.fields, mostRecordings)
	if err != nil {
		return r.fail(r.key, ErrOption, err.Error()+" texts; name a column with fewer in Key")
	}
	at := int64(0)
	if r.clock != nil {
		if at, err = r.timeOf(recording); err != nil {
			return r.odd(err)
		}
	}
	if len(r.ending) > 0 {
		if err := r.notEnding(); err != nil {
			return err
		}
	}
	series, err := r.series.find(r.fields, mostSeries)
	if err != nil {
		return r.fail(r.series.key[0], ErrOption, err.Error()+" series; name columns with fewer texts in Series")
	}
	total, err := r.totals.find(r.fields, mostRecordings)
	if err != nil {
		return r.fail(r.totals.key[0], ErrOption, err.Error()+" counters")
	}
	row := r.store.add()
	for i, m := range r.metrics {
		v, err := r.value(m, at, total)
		if err != nil {
			r.store.drop()
			return r.odd(err)
		}
		row[i] = v
	}
	r.rows++
	if r.lastTotals++; !isTotal {
		r.lastTotals = 0
	}
	if r.whole {
		r.series.add(series)
		r.recordings.add(recording)
	}
	if r.clock != nil {
		r.stamps = append(r.stamps, at)
	}
	if len(r.runs.columns) > 0 {
		r.runs.add(at, r.fields)
	}
	if r.label >= 0 {
		v, err := r.labels.parse(r.fields[r.label])
		if err != nil {
			return r.fail(r.label, ErrLabel, err.Error())
		}
		r.marks = append(r.marks, v)
	}
	for _, t := range r.texts {
		t.add(r.fields[t.col])
	}
	return nil
}

// isEmpty reports whether the record has fields, and nothing in them.
func (r *rowReader) isEmpty() bool {
	for _, f := range r.fields {
		if len(f) > 0 {
			return false
		}
	}
	return true
}

// fail returns an error about a cell of the current record.
func (r *rowReader) fail(col int, kind error, problem string) error {
	return &CSVError{Line: r.start, Column: r.names[col], Kind: kind, Problem: problem}
}

// isHeading reports whether the record repeats the header, as in a file that was joined from
// several.
func (r *rowReader) isHeading() bool {
	if r.isSame(r.heading) {
		return true
	}
	return len(r.header) == 2 && r.isSame(r.header[0].fields)
}

// isSame reports whether the record has just these fields, of which there are some.
func (r *rowReader) isSame(fields []string) bool {
	if len(r.fields) != len(fields) || len(fields) == 0 {
		return false
	}
	for c, f := range r.fields {
		if string(f) != fields[c] {
			return false
		}
	}
	return true
}

// timeOf returns the time of the current record, which belongs to a recording, or to none. The
// times of each recording have an order of their own.
func (r *rowReader) timeOf(recording int) (int64, error) {
	if recording < 0 {
		return r.time()
	}
	for len(r.clocks) <= recording {
		r.clocks = append(r.clocks, r.clock.anew())
	}
	r.clock.timeOrder = r.clocks[recording]
	at, err := r.time()
	r.clocks[recording] = r.clock.timeOrder
	return at, err
}

func (r *rowReader) time() (int64, error) {
	cell := r.fields[r.times[0]]
	if len(r.times) > 1 {
		r.joined = append(r.joined[:0], cell...)
		for _, c := range r.times[1:] {
			r.joined = r.clock.appendPart(r.joined, r.fields[c])
		}
		cell = r.joined
	}
	at, err := r.clock.parse(cell)
	switch {
	case err == nil:
		return at, nil
	case isMissing(cell):
		return 0, r.fail(r.times[0], ErrTime, "the time is missing, as in a row of totals; leave such rows out with SkipBadRows")
	case err != errNotTime:
		return 0, r.fail(r.times[0], ErrTime, shown(string(cell))+": "+err.Error())
	}
	if strings.Trim(string(cell), "#") == "" {
		return 0, r.fail(r.times[0], ErrTime, fmt.Sprintf("%s is what a spreadsheet shows of a time where the column is too narrow: export the file anew, leave such rows out with SkipBadRows, or give Time %q to read without times",
			shown(string(cell)), None))
	}
	return 0, r.fail(r.times[0], ErrTime, fmt.Sprintf("%s is not a time like those before; give TimeLayout if it is not %q, leave such rows out with SkipBadRows, or give Time %q to read without times",
		shown(string(cell)), r.clock, None))
}

// value returns the value of a metric's cell, at a time in nanoseconds since 1970. total says
// of what a counter's total is, or is -1.
func (r *rowReader) value(m *metricColumn, at int64, total int) (float64, error) {
	cell, factor := r.fields[m.col], 1.
	if m.unit != nil {
		var err error
		if cell, factor, err = m.unit.strip(cell); err != nil {
			return 0, r.fail(m.col, ErrNotNumber, err.Error()+"; "+r.otherMetrics("export it in one unit"))
		}
	}
	if m.sign != nil && !m.sign.knows(cell) {
		if err := r.watchSign(m, cell); err != nil {
			return 0, err
		}
	}
	v, kind := m.format.parse(cell)
	if (kind == cellText || kind == cellInfinite || kind == cellAmbiguous) && r.missing[string(cell)] {
		v, kind = math.NaN(), cellMissing
	}
	switch kind {
	case cellNumber:
		m.valued = true
		if slices.Contains(m.sentinels, v) || len(r.missing) > 0 && r.missing[string(cell)] {
			v = math.NaN()
		} else if m.left {
			return 0, r.fail(m.col, ErrLateColumn, "the first value of a column that had none when the columns were determined; name the metrics in Columns, with this column or without it")
		}
	case cellMissing:
	case cellText:
		if !m.chosen && !m.valued && !m.text && r.stats[m.col].isEmpty() {
			r.setText(m, string(cell))
		}
		if m.text {
			return math.NaN(), nil
		}
		return 0, r.fail(m.col, ErrNotNumber, r.notNumber(m, string(cell)))
	case cellInfinite:
		return 0, r.fail(m.col, ErrInfinite, shown(string(cell))+" is infinite or too large; "+r.missingAdvice(m, string(cell)))
	case cellAmbiguous:
		return 0, r.fail(m.col, ErrNotNumber, shown(string(cell))+" has a decimal sign or a thousands sign; give the decimal sign in Decimal")
	}
	if factor != 1 {
		v, cell = times(v, factor), nil // its digits are no total
	}
	if m.rate != nil {
		v = m.rate.of(total).next(cell, v, at)
	}
	if v *= m.scale; math.IsInf(v, 0) {
		return 0, r.fail(m.col, ErrInfinite, fmt.Sprintf("%s times %v is too large", shown(string(r.fields[m.col])), m.scale))
	}
	return v, nil
}

func (r *rowReader) notNumber(m *metricColumn, cell string) string {
	problem := shown(cell) + " is not a number; "
	if strings.ContainsAny(cell, ".,") && strings.ContainsAny(cell, "0123456789") {
		sign := m.format.decimal
		if sign == 0 {
			sign = '.'
		}
		problem += fmt.Sprintf("give the decimal sign in Decimal if it is not %q, ", rune(sign))
	}
	if m.chosen {
		return problem + "leave the column out of " + r.opt.metricsOption() + ", or " + r.missingAdvice(m, cell)
	}
	return problem + r.otherMetrics("") + r.missingAdvice(m, cell)
}

// missingAdvice says how to read a text as a missing value, together with the other words that the
// sample holds in its column.
func (r *rowReader) missingAdvice(m *metricColumn, cell string) string {
	texts := []string{cell}
	for _, s := range r.stats[m.col].cells {
		if !slices.Contains(texts, s) && !strings.ContainsAny(s+cell, "0123456789") {
			texts = append(texts, s)
		}
	}
	if len(texts) > 4 {
		texts = texts[:1]
	}
	if list := optionList(texts); len(list) <= 80 {
		return "give Missing " + list + " if that stands for a missing value"
	}
	return "list the text in Missing if it stands for a missing value"
}

// setText makes a metric column, which had no value in the sample, a skipped one: its first
// value is text.
func (r *rowReader) setText(m *metricColumn, cell string) {
	m.text = true
	role := &r.roles[m.col]
	role.Role, role.Reason = RoleSkipped, "text such as "+shown(cell)
	r.texts = append(r.texts, &textColumn{col: m.col, seen: map[string]*int{}})
}
