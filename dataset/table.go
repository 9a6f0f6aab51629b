package dataset

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/internal/format"
)

// Table is a recording of metrics. A row is a sample, a column is a metric.
type Table struct {
	Columns []string    // metric names, in the order of X's columns
	Times   []time.Time // one per row; nil if the source has none
	X       *mat.Dense  // rows × len(Columns); NaN is missing
	Labels  []bool      // one per row, true is anomalous; nil if the source has none
	Units   []string    // one per column, empty where unknown; nil where no column's is known

	Roles []ColumnRole // how each column of the file was used; nil if there was no file
	Notes []string     // what a user should know about the recording or do, a sentence each
}

// ColumnRole is how a column of a file was used.
type ColumnRole struct {
	Number int // in the file, from 1
	Name   string
	Role   Role
	Reason string // why it has this role, or how it was read; may be empty
}

// Role is a use of a column.
type Role int

// The uses of a column.
const (
	RoleMetric Role = iota
	RoleTime
	RoleLabel
	RoleSkipped
)

// String returns metric, time, label or skipped.
func (r Role) String() string {
	switch r {
	case RoleMetric:
		return "metric"
	case RoleTime:
		return "time"
	case RoleLabel:
		return "label"
	case RoleSkipped:
		return "skipped"
	}
	return "Role(" + strconv.Itoa(int(r)) + ")"
}

// Column returns the index of a metric in X. The name must be one of Columns.
func (t *Table) Column(name string) (int, error) {
	if i := slices.Index(t.Columns, name); i >= 0 {
		return i, nil
	}
	return 0, fmt.Errorf("%w: %q; the table has %s", ErrNoColumn, name, quoteNames(t.Columns))
}

// Select returns a table of the named metrics, in that order. It shares Times and Labels with
// t; X is a copy.
func (t *Table) Select(names ...string) (*Table, error) {
	if len(names) == 0 {
		return nil, errors.New("dataset: Select without a name")
	}
	rows, _ := t.X.Dims()
	s := *t
	s.Columns = slices.Clone(names)
	if t.Units != nil {
		s.Units = make([]string, len(names))
	}
	s.X = mat.NewDense(rows, len(names), nil)
	for j, name := range names {
		c, err := t.Column(name)
		if err != nil {
			return nil, err
		}
		if t.Units != nil {
			s.Units[j] = t.Units[c]
		}
		for i := range rows {
			s.X.Set(i, j, t.X.At(i, c))
		}
	}
	return &s, nil
}

// Slice returns the rows from ≤ row < to. The result shares its data with t.
func (t *Table) Slice(from, to int) (*Table, error) {
	rows, cols := t.X.Dims()
	if from < 0 || to > rows || from >= to {
		return nil, fmt.Errorf("dataset: rows %d to %d of a table of %d", from, to, rows)
	}
	s := *t
	s.X = t.X.Slice(from, to, 0, cols).(*mat.Dense)
	if t.Times != nil {
		s.Times = t.Times[from:to:to]
	}
	if t.Labels != nil {
		s.Labels = t.Labels[from:to:to]
	}
	return &s, nil
}

// Filter returns a copy of the rows where keep is true. keep has one element per row.
func (t *Table) Filter(keep []bool) (*Table, error) {
	rows, _ := t.X.Dims()
	if len(keep) != rows {
		return nil, fmt.Errorf("dataset: a mask of %d for a table of %d rows", len(keep), rows)
	}
	var kept []int
	for i, k := range keep {
		if k {
			kept = append(kept, i)
		}
	}
	if len(kept) == 0 {
		return nil, fmt.Errorf("%w: the mask leaves none of %d", ErrNoRows, rows)
	}
	return t.take(kept), nil
}

// take returns a copy of some rows, of which there are any.
func (t *Table) take(rows []int) *Table {
	_, cols := t.X.Dims()
	s := *t
	s.X, s.Times, s.Labels = mat.NewDense(len(rows), cols, nil), nil, nil
	for k, i := range rows {
		copy(s.X.RawRowView(k), t.X.RawRowView(i))
		if t.Times != nil {
			s.Times = append(s.Times, t.Times[i])
		}
		if t.Labels != nil {
			s.Labels = append(s.Labels, t.Labels[i])
		}
	}
	return &s
}

// Interval returns the median time between successive rows. It ignores steps that do not go
// forward. It is 0 without times or with fewer than two rows.
func (t *Table) Interval() time.Duration {
	steps := make([]time.Duration, 0, len(t.Times))
	for i := 1; i < len(t.Times); i++ {
		if d := t.Times[i].Sub(t.Times[i-1]); d > 0 {
			steps = append(steps, d)
		}
	}
	return medianStep(steps)
}

// Describe returns a few lines that tell a user what the table holds and how each column of
// the file was used. They name the first 30 columns of each kind, and do not include Notes.
func (t *Table) Describe() string {
	var b strings.Builder
	rows, _ := t.X.Dims()
	b.WriteString(format.Count(rows, "row"))
	if n := len(t.Times); n > 0 {
		fmt.Fprintf(&b, ", %s to %s", t.Times[0].Format(time.RFC3339), t.Times[n-1].Format(time.RFC3339))
		if d := t.Interval(); d > 0 {
			fmt.Fprintf(&b, ", every %s", d)
		}
	}
	const most = 30 // columns of each kind
	fmt.Fprintf(&b, "\nmetrics: %s\n", format.List(len(t.Columns), most, func(i int) string { return shownName(t.Columns[i]) }))
	for _, role := range []Role{RoleTime, RoleLabel, RoleSkipped} {
		columns := slices.DeleteFunc(slices.Clone(t.Roles), func(c ColumnRole) bool { return c.Role != role })
		if len(columns) > 0 {
			fmt.Fprintf(&b, "%s: %s\n", role, format.List(len(columns), most, func(i int) string { return columns[i].text() }))
		}
	}
	return b.String()
}

// text is the column's name and the reason for its role.
func (c ColumnRole) text() string {
	if c.Reason == "" {
		return shownName(c.Name)
	}
	return shownName(c.Name) + " (" + c.Reason + ")"
}
