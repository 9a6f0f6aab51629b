package dataset

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

// read reads the source into a table.
func (p *plan) read(src *source) (*Table, error) {
	r := newRowReader(p, src)
	for err := r.skip(p.first - 1); ; {
		if err == nil {
			err = r.next()
		}
		if err == io.EOF {
			return r.finish()
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

// finish returns the table of the rows read.
func (r *rowReader) finish() (*Table, error) {
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
	t.Units = r.units(kept)
	if err := r.lateSeries(); err != nil {
		return nil, err
	}
	r.describeMetrics()
	t.Roles = r.roles
	if len(r.series.key) > 0 {
		var err error
		if t, err = r.pivot(t); err != nil {
			return nil, err
		}
	}
	t.Notes = r.notes(t.Columns, surveyTable(t), surveyTimes(t))
	if len(t.Columns) > 1 && r.rows > 1 && !anyComplete(t) {
		t.Notes = append(t.Notes, "no row has a value in every column: the columns may have different times; name metrics that go together in Columns")
	}
	return t, nil
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
