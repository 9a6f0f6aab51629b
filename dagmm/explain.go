package dagmm

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Explain attributes the energy of the row x to its metrics. It replaces one metric at a
// time by its value in the typical training row (prototype) that is nearest in the other
// metrics. The metric's contribution is the fall of the energy, at least 0. The result is
// written into dst, which is allocated when nil, largest share first. Errors are those of
// Energy.
func (m *Model) Explain(dst []Contribution, x []float64) ([]Contribution, error) {
	if m.HasContext() {
		return nil, fmt.Errorf("dagmm: explain: %w", ErrContext)
	}
	e, err := m.explain(x, newHistory(m.p.RecentLevels, len(m.p.Columns)), nil)
	if err != nil {
		return nil, err
	}
	return append(dst[:0], e.Contributions...), nil
}

// ExplainSeries explains one row of x, whose rows (rows × metrics) are consecutive samples
// of one host. The rows before it give the context, where the model has any. Errors are
// those of Series, and ErrWidth for a row that is not in x.
func (m *Model) ExplainSeries(x mat.Matrix, row int) (*Explanation, error) {
	if n, d := x.Dims(); d != len(m.p.Columns) || row < 0 || row >= n {
		return nil, fmt.Errorf("dagmm: explain: row %d of %d rows of width %d, model of %d columns: %w", row, n, d, len(m.p.Columns), ErrWidth)
	}
	return m.ExplainRows(x, row, row+1)
}

// ExplainRows explains the rows of x from from (included) to to (excluded) as one incident:
// at the row of the highest energy, with the blame of its first rows (Blame). Rows with a
// missing value are passed over. Otherwise it is as ExplainSeries.
func (m *Model) ExplainRows(x mat.Matrix, from, to int) (*Explanation, error) {
	n, d := x.Dims()
	if d != len(m.p.Columns) || from < 0 || from >= to || to > n {
		return nil, fmt.Errorf("dagmm: explain: rows %d to %d of %d rows of width %d, model of %d columns: %w", from, to-1, n, d, len(m.p.Columns), ErrWidth)
	}
	s := m.Stream()
	row := make([]float64, d)
	if m.HasContext() {
		for r := range from {
			if err := s.Skip(mat.Row(row, r, x)); err != nil {
				return nil, fmt.Errorf("%w in row %d", err, r)
			}
		}
	}
	var blame Blame
	var peak []float64
	var past *Past
	most := math.Inf(-1)
	for r := from; r < to; r++ {
		v, err := s.Next(mat.Row(row, r, x))
		if err != nil {
			return nil, fmt.Errorf("%w in row %d", err, r)
		}
		if v.Anomalous && blame.Rows < BlameRows {
			if err := s.Add(&blame); err != nil {
				return nil, err
			}
		}
		if peak == nil || v.Energy > most {
			peak, past = s.Row(), s.Past()
		}
		if v.Energy > most {
			most = v.Energy
		}
	}
	return m.ExplainBlamed(peak, past, m.p.Threshold, &blame)
}

// ExplainAt explains the row x, in the metrics' own units, that came after the context past.
// Energies above threshold are anomalous. A nil past is an empty context. With Stream.Row
// and Stream.Past, ExplainAt explains a sample after its stream has gone on. A wrong width
// (ErrWidth), a value that is not finite (ErrNotFinite) or a context of another model
// (ErrState) is an error.
func (m *Model) ExplainAt(x []float64, past *Past, threshold float64) (*Explanation, error) {
	return m.ExplainBlamed(x, past, threshold, nil)
}

// ExplainBlamed is ExplainAt for the row of an incident whose blame is known. A nil or empty
// blame is that of the row alone. A blame of another model is ErrState.
func (m *Model) ExplainBlamed(x []float64, past *Past, threshold float64, blame *Blame) (*Explanation, error) {
	h, err := m.history(past)
	if err != nil {
		return nil, err
	}
	if blame != nil {
		if err := blame.Check(len(m.p.Columns)); err != nil {
			return nil, err
		}
	}
	return m.withThreshold(threshold).explain(x, h, blame)
}

// Explain explains the sample last given to Next or Impute.
func (s *Stream) Explain() (*Explanation, error) { return s.ExplainAt(s.m.p.Threshold) }

// ExplainAt is Explain with another threshold than the model's: energies above it are
// anomalous.
func (s *Stream) ExplainAt(threshold float64) (*Explanation, error) {
	if s.last == nil {
		return nil, errNothingToExplain
	}
	return s.m.withThreshold(threshold).explain(s.row, s.last, nil)
}

var errNothingToExplain = errors.New("dagmm: explain: no sample has come yet")
