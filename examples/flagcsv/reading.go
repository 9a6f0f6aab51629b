package main

import (
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dataset"
)

// reading returns how the table was read, for the model to keep: in the names of the table's
// columns, or of the file's where series became columns.
func reading(o dataset.CSVOptions, t *dataset.Table) *dagmm.Reading {
	r := &dagmm.Reading{Sentinels: o.Sentinels, Missing: o.Missing}
	columns := t.Columns
	if len(o.Series) > 0 && o.Series[0] != dataset.None {
		columns = fileColumns(t)
		r.Series, r.Value = columnNames(o.Series, columns, t), columnNames(o.Value, columns, t)
	}
	r.Counters = columnNames(o.Counters, columns, t)
	for name, values := range o.ColumnSentinels {
		if column := columnName(name, columns, t); slices.Contains(columns, column) { // what a time or a label says is no matter of the model
			if r.ColumnSentinels == nil {
				r.ColumnSentinels = map[string][]float64{}
			}
			r.ColumnSentinels[column] = append(r.ColumnSentinels[column], values...) // a column may be named twice
		}
	}
	for name, factor := range o.Scale {
		if r.Scale == nil {
			r.Scale = map[string]float64{}
		}
		r.Scale[columnName(name, columns, t)] = factor
	}
	return r
}

// fileColumns are the names of all columns of the file.
func fileColumns(t *dataset.Table) []string {
	var out []string
	for _, role := range t.Roles {
		out = append(out, role.Name)
	}
	return out
}

func columnNames(names, columns []string, t *dataset.Table) []string {
	var out []string
	for _, name := range names {
		out = append(out, columnName(name, columns, t))
	}
	return out
}

// columnName returns the column that the user named in one of the ways that
// dataset.CSVOptions allows.
func columnName(name string, columns []string, t *dataset.Table) string {
	if slices.Contains(columns, name) {
		return name
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 1 && n <= len(t.Roles) {
		return t.Roles[n-1].Name
	}
	for _, c := range columns {
		if strings.EqualFold(c, name) || strings.EqualFold(c[strings.LastIndexByte(c, '/')+1:], name) {
			return c
		}
	}
	return name
}

// applyReading reads the file as the model's training rows were read, where no flag says how.
func applyReading(o *options, m *dagmm.Model) {
	r := m.Reading()
	if r == nil {
		return // nobody knows: the flags decide
	}
	if _, given := o.typed["counters"]; !given {
		o.csv.Counters = r.Counters
	}
	if _, given := o.typed["missing"]; !given {
		o.csv.Missing = r.Missing
	}
	if _, given := o.typed["sentinels"]; !given {
		o.csv.Sentinels, o.csv.ColumnSentinels = r.Sentinels, r.ColumnSentinels
	}
	if _, given := o.typed["scale"]; !given {
		o.csv.Scale = r.Scale
	}
	if _, given := o.typed["series"]; !given {
		o.csv.Series = r.Series
	}
	if _, given := o.typed["value"]; !given {
		o.csv.Value = r.Value
	}
}

// checkReading is an error where flags read the table in another way than the model's training
// rows were read: the model would flag every row.
func checkReading(o *options, m *dagmm.Model, t *dataset.Table) error {
	want, got := m.Reading(), reading(o.csv, t)
	if want == nil {
		return nil
	}
	said := func(flag, trained string, kept any) error {
		return fmt.Errorf("-%s says %s, but the model %s was trained with %s%s", flag, o.typed[flag], o.load, trained, described(kept))
	}
	if !sameSet(want.Missing, got.Missing) {
		return said("missing", "", want.Missing)
	}
	for _, c := range sameColumns(want, m, t) {
		switch {
		case slices.Contains(want.Counters, c.trained) != slices.Contains(got.Counters, c.here):
			return said("counters", "the counters ", want.Counters)
		case !sameSet(slices.Concat(want.Sentinels, want.ColumnSentinels[c.trained]), slices.Concat(got.Sentinels, got.ColumnSentinels[c.here])):
			kept := slices.Concat(want.Sentinels, want.ColumnSentinels[c.trained])
			return said("sentinels", "", kept)
		case factor(want, c.trained) != factor(got, c.here):
			return said("scale", "the factors ", want.Scale)
		}
	}
	return nil
}

// sameColumn is a column by the name that the model knows and by that in the file, which may
// be spelled in another way.
type sameColumn struct{ trained, here string }

// sameColumns are those of the model, or of the file where series became columns.
func sameColumns(r *dagmm.Reading, m *dagmm.Model, t *dataset.Table) []sameColumn {
	var out []sameColumn
	if len(r.Series) == 0 {
		for i, column := range t.Columns {
			out = append(out, sameColumn{m.Columns()[i], column})
		}
		return out
	}
	known := slices.Concat(r.Counters, slices.Collect(maps.Keys(r.ColumnSentinels)), slices.Collect(maps.Keys(r.Scale)))
	for _, column := range fileColumns(t) {
		trained := column
		if i := slices.IndexFunc(known, func(name string) bool { return strings.EqualFold(name, column) }); i >= 0 {
			trained = known[i]
		}
		out = append(out, sameColumn{trained, column})
	}
	return out
}

// trainedSeries says with which flags the model's columns were made of series; empty if they
// were not, or if nobody knows.
func trainedSeries(m *dagmm.Model) string {
	r := m.Reading()
	if r == nil || len(r.Series) == 0 {
		return ""
	}
	text := fmt.Sprintf("-series %q", joined(r.Series))
	if len(r.Value) > 0 {
		text += fmt.Sprintf(" and -value %q", joined(r.Value))
	}
	return text
}

// joined is what list splits.
func joined(names []string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write(names) // a strings.Builder does not fail
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}

// factor returns what a column is multiplied by.
func factor(r *dagmm.Reading, column string) float64 {
	if f, ok := r.Scale[column]; ok {
		return f
	}
	return 1
}

func sameSet[T float64 | string](a, b []T) bool {
	a, b = slices.Compact(slices.Sorted(slices.Values(a))), slices.Compact(slices.Sorted(slices.Values(b)))
	return slices.Equal(a, b)
}

// described prints a setting; none where it is empty.
func described(v any) string {
	s := strings.TrimPrefix(fmt.Sprint(v), "map")
	if s == "[]" {
		return "none"
	}
	return strings.Trim(s, "[]")
}
