package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dataset"
)

// reading returns how the table was read, in the names of its columns, for the model to keep.
func reading(o dataset.CSVOptions, t *dataset.Table) *dagmm.Reading {
	r := &dagmm.Reading{Sentinels: o.Sentinels, Missing: o.Missing}
	for _, name := range o.Counters {
		r.Counters = append(r.Counters, columnName(name, t))
	}
	for name, values := range o.ColumnSentinels {
		if column := columnName(name, t); slices.Contains(t.Columns, column) { // what a time or a label says is no matter of the model
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
		r.Scale[columnName(name, t)] = factor
	}
	return r
}

// columnName returns the column of the table that the user named in one of the ways that
// dataset.CSVOptions allows.
func columnName(name string, t *dataset.Table) string {
	if slices.Contains(t.Columns, name) {
		return name
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 1 && n <= len(t.Roles) {
		return t.Roles[n-1].Name
	}
	for _, c := range t.Columns {
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
	for i, column := range t.Columns {
		trained := m.Columns()[i] // it may be spelled in another way
		switch {
		case slices.Contains(want.Counters, trained) != slices.Contains(got.Counters, column):
			return said("counters", "the counters ", want.Counters)
		case !sameSet(slices.Concat(want.Sentinels, want.ColumnSentinels[trained]), slices.Concat(got.Sentinels, got.ColumnSentinels[column])):
			kept := slices.Concat(want.Sentinels, want.ColumnSentinels[trained])
			return said("sentinels", "", kept)
		case factor(want, trained) != factor(got, column):
			return said("scale", "the factors ", want.Scale)
		}
	}
	return nil
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
