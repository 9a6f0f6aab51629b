package dataset

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

// readAll reads all rows of the source.
func (p *plan) readAll(src *source) (*rowReader, error) {
	r := newRowReader(p, src)
	r.whole = true
	r.watchRuns()
	for err := r.skip(p.first - 1); ; {
		if err == nil {
			err = r.next()
		}
		if err == io.EOF {
			r.dropTotals()
			return r, nil
		}
		if err != nil {
			return nil, recordError(r.recordReader, err)
		}
		r.gaps = r.blank
		if err := r.row(); err != nil {
			return nil, err
		}
	}
}

// table returns the table of one recording.
func (r *rowReader) table() (*Table, error) {
	rows, err := r.asRead()
	if err != nil {
		return nil, err
	}
	if err := r.severalRecordings(); err != nil {
		return nil, err
	}
	t, err := r.ofSeries(rows, r.series)
	if err != nil {
		return nil, err
	}
	t.Notes = slices.Concat(r.comments, t.Notes, r.rowNotes(), r.tableNotes(t))
	return t, nil
}

// ofSeries returns a table that has a column a series, where there are series.
func (r *rowReader) ofSeries(rows *Table, s seriesRows) (*Table, error) {
	if len(s.key) == 0 {
		return rows, nil
	}
	return r.pivot(rows, s)
}

// asRead returns the rows as they were read, as one table without Notes.
func (r *rowReader) asRead() (*Table, error) {
	if r.rows == 0 {
		return nil, &CSVError{Line: r.line, Kind: ErrNoRows, Problem: "no data rows follow the header"}
	}
	t := &Table{Labels: r.marks}
	var kept []int
	for i, m := range r.metrics {
		if m.chosen || m.valued && !m.text {
			kept = append(kept, i)
			t.Columns = append(t.Columns, r.names[m.col])
		} else if !m.text {
			r.roles[m.col].Role, r.roles[m.col].Reason = RoleSkipped, "no values"
		}
	}
	if len(kept) == 0 {
		return nil, r.noMetric()
	}
	t.X = r.store.matrix(kept)
	if r.clock != nil {
		t.Times = make([]time.Time, len(r.stamps))
		for i, ns := range r.stamps {
			t.Times[i] = time.Unix(0, ns).In(r.opt.location())
		}
	}
	if r.clock != nil && strings.Contains(r.clock.layout, "15") && twelveHours(t) {
		return nil, &CSVError{Line: r.first, Column: r.names[r.times[len(r.times)-1]], Kind: ErrTime, Problem: fmt.Sprintf(
			"the clock goes back by 12 hours: it has no AM and PM; export it with them, or give Time %q to read without times", None)}
	}
	t.Units = r.units(kept)
	if err := r.lateSeries(); err != nil {
		return nil, err
	}
	r.describeMetrics()
	t.Roles = r.roles
	return t, nil
}

// tableNotes returns what a user should know about the values of a table.
func (r *rowReader) tableNotes(t *Table) []string {
	notes := surveyNotes(t.Columns, r.sourceOf, surveyTable(t), surveyTimes(t))
	if rows, _ := t.X.Dims(); len(t.Columns) > 1 && rows > 1 && !anyComplete(t) {
		notes = append(notes, "no row has a value in every column: the columns may have different times; name metrics that go together in Columns")
	}
	return notes
}

// anyComplete reports whether a row has no missing value.
func anyComplete(t *Table) bool {
	rows, _ := t.X.Dims()
	for i := range rows {
		if !slices.ContainsFunc(t.X.RawRowView(i), math.IsNaN) {
			return true
		}
	}
	return false
}

func surveyTable(t *Table) []columnSurvey {
	rows, cols := t.X.Dims()
	surveys := make([]columnSurvey, cols)
	for j := range surveys {
		s := newColumnSurvey()
		for i := range rows {
			s.add(t.X.At(i, j))
		}
		surveys[j] = s
	}
	return surveys
}

func surveyTimes(t *Table) timeSurvey {
	s := timeSurvey{usual: t.Interval()}
	for _, at := range t.Times {
		s.add(at.UnixNano())
	}
	return s
}

// describeMetrics sets the reasons of the metric columns: how their values were changed.
func (r *rowReader) describeMetrics() {
	for _, m := range r.metrics {
		var how []string
		if u := m.unitText(); u != "" {
			how = append(how, "in "+u)
		}
		if m.rate != nil {
			how = append(how, "rate per second of a counter")
		}
		if m.scale != 1 {
			how = append(how, fmt.Sprintf("times %v", m.scale))
		}
		if example, thousands := m.decided(); example != "" && thousands {
			how = append(how, "thousands as in "+example)
		} else if m.format.decimal == ',' {
			how = append(how, "decimal comma")
		}
		if role := &r.roles[m.col]; role.Role == RoleMetric {
			role.Reason = strings.Join(how, ", ")
		}
	}
}
