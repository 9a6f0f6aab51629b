package dagmm

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Reading says how the rows that a model was trained on were read from a file. Rows of
// another file must be read the same way, or the model compares totals with rates and bytes
// with bits. Names are those of the model's columns, or, with Series, of the file's.
type Reading struct {
	Counters        []string             `json:"counters,omitempty"`         // running totals that were turned into rates
	Sentinels       []float64            `json:"sentinels,omitempty"`        // numbers that mean no value, in every column
	ColumnSentinels map[string][]float64 `json:"column_sentinels,omitempty"` // and in one column
	Scale           map[string]float64   `json:"scale,omitempty"`            // factors that columns were multiplied by
	Missing         []string             `json:"missing,omitempty"`          // texts that mean no value, besides the usual ones
	Series          []string             `json:"series,omitempty"`           // columns that tell series apart, each of which became columns
	Value           []string             `json:"value,omitempty"`            // columns with the values of the series; all where empty
}

// Reading returns a copy of how the training rows were read; nil where nobody has said.
func (m *Model) Reading() *Reading { return m.p.Reading.clone() }

// Check returns an error that wraps ErrModel where a setting names what is not among columns,
// or holds a number that no file can be read with. It is nil for a nil r.
func (r *Reading) Check(columns []string) error {
	if r == nil {
		return nil
	}
	known := func(setting string, names ...string) error {
		if len(r.Series) > 0 {
			return nil // the file's columns, which are not known here
		}
		for _, name := range names {
			if !slices.Contains(columns, name) {
				return fmt.Errorf("dagmm: reading: %s of %q, which is not a column: %w", setting, name, ErrModel)
			}
		}
		return nil
	}
	number := func(setting string, values ...float64) error {
		for _, v := range values {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("dagmm: reading: %s %g: %w", setting, v, ErrModel)
			}
		}
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(r.Scale)) {
		if r.Scale[name] == 0 {
			return fmt.Errorf("dagmm: reading: scale of %q is 0: %w", name, ErrModel)
		}
	}
	return cmp.Or(
		known("counters", r.Counters...),
		known("sentinels", slices.Sorted(maps.Keys(r.ColumnSentinels))...),
		known("scale", slices.Sorted(maps.Keys(r.Scale))...),
		number("sentinel", r.Sentinels...),
		number("sentinel", slices.Concat(slices.Collect(maps.Values(r.ColumnSentinels))...)...),
		number("scale", slices.Collect(maps.Values(r.Scale))...),
	)
}

// clone returns a copy that shares nothing with r.
func (r *Reading) clone() *Reading {
	if r == nil {
		return nil
	}
	c := &Reading{Counters: slices.Clone(r.Counters), Sentinels: slices.Clone(r.Sentinels), Scale: maps.Clone(r.Scale), Missing: slices.Clone(r.Missing),
		ColumnSentinels: maps.Clone(r.ColumnSentinels), Series: slices.Clone(r.Series), Value: slices.Clone(r.Value)}
	for name, values := range c.ColumnSentinels {
		c.ColumnSentinels[name] = slices.Clone(values)
	}
	return c
}
