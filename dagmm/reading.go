package dagmm

import (
	"fmt"
	"math"
	"slices"
)

// Reading says how the rows that a model was trained on were read from a file. Rows of
// another file must be read the same way, or the model compares totals with rates and bytes
// with bits. Names are those of the model's columns.
type Reading struct {
	Counters        []string             `json:"counters,omitempty"`         // running totals that were turned into rates
	Sentinels       []float64            `json:"sentinels,omitempty"`        // numbers that mean no value, in every column
	ColumnSentinels map[string][]float64 `json:"column_sentinels,omitempty"` // and in one column
	Scale           map[string]float64   `json:"scale,omitempty"`            // factors that columns were multiplied by
	Missing         []string             `json:"missing,omitempty"`          // texts that mean no value, besides the usual ones
}

// Reading returns how the training rows were read; nil where nobody has said. Treat it as
// read-only.
func (m *Model) Reading() *Reading { return m.p.Reading }

func (r *Reading) check(columns []string) error {
	if r == nil {
		return nil
	}
	known := func(setting, name string) error {
		if slices.Contains(columns, name) {
			return nil
		}
		return fmt.Errorf("dagmm: reading: %s of %q, which is not a column: %w", setting, name, ErrModel)
	}
	number := func(setting string, v float64) error {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			return nil
		}
		return fmt.Errorf("dagmm: reading: %s %g: %w", setting, v, ErrModel)
	}
	for _, name := range r.Counters {
		if err := known("counters", name); err != nil {
			return err
		}
	}
	for _, v := range r.Sentinels {
		if err := number("sentinel", v); err != nil {
			return err
		}
	}
	for name, values := range r.ColumnSentinels {
		if err := known("sentinels", name); err != nil {
			return err
		}
		for _, v := range values {
			if err := number("sentinel", v); err != nil {
				return err
			}
		}
	}
	for name, v := range r.Scale {
		if err := known("scale", name); err != nil {
			return err
		}
		if err := number("scale", v); err != nil {
			return err
		}
	}
	return nil
}
