package dataset

import (
	"fmt"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"
)

// Concat returns the rows of several recordings of one host, one after the other. The tables
// must have the same columns, in any order, and either all or none have times, and labels.
// Tables with times are put in order; two that overlap are of different hosts, or hold rows
// twice. Tables that do not go together are ErrUnlike, also where the units of a column
// differ. Notes and Roles are those of the first table.
func Concat(tables ...*Table) (*Table, error) {
	if len(tables) == 0 {
		return nil, fmt.Errorf("dataset: no tables to join: %w", ErrNoRows)
	}
	first := tables[0]
	total := 0
	parts := make([]*Table, len(tables))
	for k, t := range tables {
		part, err := t.alike(first)
		if err != nil {
			return nil, fmt.Errorf("dataset: table %d of %d: %w", k+1, len(tables), err)
		}
		parts[k] = part
		rows, _ := t.X.Dims()
		total += rows
	}
	if first.Times != nil {
		if err := inOrder(parts); err != nil {
			return nil, err
		}
	}
	out := *first
	out.X, out.Times, out.Labels = mat.NewDense(total, len(first.Columns), nil), nil, nil
	at := 0
	for _, t := range parts {
		rows, _ := t.X.Dims()
		out.X.Slice(at, at+rows, 0, len(first.Columns)).(*mat.Dense).Copy(t.X)
		out.Times, out.Labels = append(out.Times, t.Times...), append(out.Labels, t.Labels...)
		at += rows
	}
	return &out, nil
}

// alike returns the table with the columns in the order of another one.
func (t *Table) alike(other *Table) (*Table, error) {
	if len(t.Columns) != len(other.Columns) {
		return nil, fmt.Errorf("it has %d metrics, %s; the first has %d, %s: %w", len(t.Columns), quoteNames(t.Columns), len(other.Columns), quoteNames(other.Columns), ErrUnlike)
	}
	has := func(is bool) string { return map[bool]string{true: "has", false: "has no"}[is] }
	if a, b := t.Times != nil, other.Times != nil; a != b {
		return nil, fmt.Errorf("it %s times and the first %s: %w", has(a), has(b), ErrUnlike)
	}
	if a, b := t.Labels != nil, other.Labels != nil; a != b {
		return nil, fmt.Errorf("it %s labels and the first %s: %w", has(a), has(b), ErrUnlike)
	}
	if !slices.Equal(t.Columns, other.Columns) {
		same, err := t.Select(other.Columns...)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", err, ErrUnlike)
		}
		t = same
	}
	for j, name := range t.Columns {
		if a, b := t.unit(j), other.unit(j); a != b {
			return nil, fmt.Errorf("unit %q of %q, and %q in the first: %w", a, name, b, ErrUnlike)
		}
	}
	return t, nil
}

func (t *Table) unit(column int) string {
	if t.Units == nil {
		return ""
	}
	return t.Units[column]
}

// inOrder sorts tables by their times.
func inOrder(tables []*Table) error {
	type part struct {
		*Table
		from, to time.Time
	}
	parts := make([]part, len(tables))
	for k, t := range tables {
		parts[k] = part{t, slices.MinFunc(t.Times, time.Time.Compare), slices.MaxFunc(t.Times, time.Time.Compare)}
	}
	slices.SortStableFunc(parts, func(a, b part) int { return a.from.Compare(b.from) })
	for k, p := range parts {
		if k > 0 && !p.from.After(parts[k-1].to) {
			return fmt.Errorf("dataset: a table from %s to %s and one from %s to %s overlap: %w",
				stamp(parts[k-1].from), stamp(parts[k-1].to), stamp(p.from), stamp(p.to), ErrUnlike)
		}
		tables[k] = p.Table
	}
	return nil
}

func stamp(t time.Time) string { return t.Format(time.RFC3339) }
