package main

import (
	"fmt"
	"maps"
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
			r.ColumnSentinels[column] = values
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

// applyReading reads the file as the model's training rows were read. Flags that say
// something else are an error: the model would flag every row.
func applyReading(o *options, m *dagmm.Model) error {
	r := m.Reading()
	if r == nil {
		return nil // nobody knows: the flags decide
	}
	if err := agree(o, "counters", "was trained with the counters", &o.csv.Counters, r.Counters, sameSet); err != nil {
		return err
	}
	if err := agree(o, "missing", "was trained with", &o.csv.Missing, r.Missing, sameSet); err != nil {
		return err
	}
	if err := agree(o, "sentinels", "was trained with", &o.csv.Sentinels, r.Sentinels, sameSet[float64]); err != nil {
		return err
	}
	if err := agree(o, "sentinels", "was trained with", &o.csv.ColumnSentinels, r.ColumnSentinels, func(a, b map[string][]float64) bool { return maps.EqualFunc(a, b, sameSet) }); err != nil {
		return err
	}
	return agree(o, "scale", "was trained with the factors", &o.csv.Scale, r.Scale, maps.Equal)
}

// agree gives a setting the model's value, unless the user gave another one.
func agree[T any](o *options, flag, trained string, given *T, kept T, same func(a, b T) bool) error {
	if o.given[flag] && !same(*given, kept) {
		return fmt.Errorf("-%s says %s, but the model %s %s %s", flag, described(*given), o.load, trained, described(kept))
	}
	*given = kept
	return nil
}

func sameSet[T int | float64 | string](a, b []T) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
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
