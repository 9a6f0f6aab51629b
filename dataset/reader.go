package dataset

import (
	"io"
	"slices"
	"time"
)

// Reader reads the rows of CSV text one by one, in memory that does not grow: for a pipe, for
// a file that others append to, and for files larger than memory. It reads every row as
// ReadCSV does. It belongs to one goroutine.
//
// A Reader decides how to read the text from its beginning (see CSVOptions.Live), so its
// columns are those that have a value there, and those that the options name. ReadCSV also
// takes a column whose first value comes later; that value is an error of a Reader
// (ErrLateColumn).
type Reader struct {
	rows    *rowReader
	columns []string
	kept    []int // metrics of rows, by index
	err     error // of Next, which cannot go on
	surveys []columnSurvey
	times   timeSurvey
}

// Row is one row of CSV text. It belongs to the caller: Reader does not use it again.
type Row struct {
	Line   int       // on which the row begins, from 1
	Time   time.Time // zero if the text has no times
	Values []float64 // one for each of Reader.Columns; NaN is missing
	// Anomalous is the row's label. It is false if the text has no labels.
	Anomalous bool
	Key       string // text of the column CSVOptions.Key
}

// NewReader makes a Reader of CSV text as ReadCSV takes it. Errors are those of ReadCSV about
// the beginning of the text. Where r has no row yet but io.EOF, the error matches ErrNoRows,
// also with CSVOptions.Live: make another Reader, of the text from its beginning, once more
// has come.
func NewReader(r io.Reader, opt CSVOptions) (*Reader, error) {
	if opt.pivots() {
		return nil, &CSVError{Kind: ErrOption, Problem: "Series makes columns of a whole text, which a Reader does not hold; name the column in Key"}
	}
	p, src, err := openCSV(r, &opt, true)
	if err != nil {
		return nil, err
	}
	if len(p.totals.key) == 0 && (p.clock == nil || !p.clock.byOrder()) {
		p.recordings.key = nil // what a Reader reads does not depend on rows before
	}
	out := &Reader{rows: newRowReader(p, src)}
	out.rows.live = src.live
	for i, m := range p.metrics {
		if m.chosen || m.tuned || !p.stats[m.col].isEmpty() {
			out.kept = append(out.kept, i)
			out.columns = append(out.columns, p.names[m.col])
			out.surveys = append(out.surveys, newColumnSurvey())
		} else {
			m.left = true
			p.roles[m.col].Role, p.roles[m.col].Reason = RoleSkipped, "no values at the beginning"
		}
	}
	if len(out.kept) == 0 {
		return nil, p.noMetric()
	}
	out.rows.describeMetrics()
	return out, recordErrorAt(out.rows.recordReader, out.rows.skip(p.first-1))
}

// Columns returns the names of the metrics, in the order of Row.Values.
func (r *Reader) Columns() []string { return slices.Clone(r.columns) }

// Units returns the units of the metrics' values as far as the rows read so far show them,
// like Table.Units.
func (r *Reader) Units() []string { return r.rows.units(r.kept) }

// Roles says what each column of the text is used as, and why.
func (r *Reader) Roles() []ColumnRole { return slices.Clone(r.rows.roles) }

// HasTimes reports whether the rows have times.
func (r *Reader) HasTimes() bool { return r.rows.clock != nil }

// Notes returns what a user should know about the rows read so far, or do: the notes that
// ReadCSV gives of them, but for gaps between times.
func (r *Reader) Notes() []string {
	return slices.Concat(r.rows.comments, r.rows.rowNotes(), surveyNotes(r.columns, r.rows.sourceOf, r.surveys, r.times))
}

// Next returns the next row, or io.EOF at the end of the text. With CSVOptions.Live, Next goes
// on after io.EOF where more has come, and a line without its line end is not complete.
// Errors are those of ReadCSV about a row. After an error other than io.EOF, Next returns
// that error again.
func (r *Reader) Next() (Row, error) {
	if r.err != nil {
		return Row{}, r.err
	}
	row, err := r.next()
	if err != nil && err != io.EOF {
		r.err = err
	}
	return row, err
}

func (r *Reader) next() (Row, error) {
	rows := r.rows
	for {
		if err := rows.next(); err == io.EOF {
			return Row{}, err
		} else if err != nil {
			return Row{}, recordError(rows.recordReader, err)
		}
		rows.gaps = rows.blank
		rows.store.reset()
		rows.stamps, rows.marks = rows.stamps[:0], rows.marks[:0]
		if err := rows.row(); err != nil {
			return Row{}, err
		}
		if rows.store.rows > 0 { // not a repeated header
			return r.row(), nil
		}
	}
}

// row copies the row that was read.
func (r *Reader) row() Row {
	rows := r.rows
	out := Row{Line: rows.start, Values: make([]float64, len(r.kept))}
	values := rows.store.blocks[0]
	for k, i := range r.kept {
		out.Values[k] = values[i]
		r.surveys[k].add(values[i])
	}
	if rows.clock != nil {
		out.Time = time.Unix(0, rows.stamps[0]).In(rows.opt.location())
		r.times.add(rows.stamps[0])
	}
	if rows.label >= 0 {
		out.Anomalous = rows.marks[0]
	}
	if rows.key >= 0 {
		out.Key = string(rows.fields[rows.key])
	}
	return out
}

// recordErrorAt is recordError for an error that may be nil or the end of the text.
func recordErrorAt(r *recordReader, err error) error {
	if err == nil || err == io.EOF {
		return nil
	}
	return recordError(r, err)
}
