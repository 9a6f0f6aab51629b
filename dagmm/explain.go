package dagmm

import (
	"errors"
	"fmt"

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
	e, err := m.explain(x, newHistory(m.p.RecentLevels, len(m.p.Columns)))
	if err != nil {
		return nil, err
	}
	return append(dst[:0], e.Contributions...), nil
}

// ExplainSeries explains one row of x, whose rows (rows × metrics) are consecutive samples
// of one host. The rows before it give the context, where the model has any. Errors are
// those of Series, and ErrWidth for a row that is not in x.
func (m *Model) ExplainSeries(x mat.Matrix, row int) (*Explanation, error) {
	n, d := x.Dims()
	if d != len(m.p.Columns) || row < 0 || row >= n {
		return nil, fmt.Errorf("dagmm: explain: row %d of %d rows of width %d, model of %d columns: %w", row, n, d, len(m.p.Columns), ErrWidth)
	}
	h := newHistory(m.p.RecentLevels, len(m.p.Columns))
	buf, y := make([]float64, d), make([]float64, len(m.p.Columns))
	first := 0
	if !m.HasContext() {
		first = row
	}
	for r := first; r < row; r++ {
		if _, err := m.checkRow("explain", mat.Row(buf, r, x), true); err != nil {
			return nil, fmt.Errorf("%w in row %d", err, r)
		}
		m.scale(y, buf)
		h.observe(y)
	}
	return m.explain(mat.Row(buf, row, x), h)
}

// ExplainAt explains the row x, in the metrics' own units, that came after the context past.
// Energies above threshold are anomalous. A nil past is an empty context. With Stream.Row
// and Stream.Past, ExplainAt explains a sample after its stream has gone on. A wrong width
// (ErrWidth), a value that is not finite (ErrNotFinite) or a context of another model
// (ErrState) is an error.
func (m *Model) ExplainAt(x []float64, past *Past, threshold float64) (*Explanation, error) {
	h, err := m.history(past)
	if err != nil {
		return nil, err
	}
	return m.withThreshold(threshold).explain(x, h)
}

// Explain explains the sample last given to Next or Impute.
func (s *Stream) Explain() (*Explanation, error) { return s.ExplainAt(s.m.p.Threshold) }

// ExplainAt is Explain with another threshold than the model's: energies above it are
// anomalous.
func (s *Stream) ExplainAt(threshold float64) (*Explanation, error) {
	if s.last == nil {
		return nil, errNothingToExplain
	}
	return s.m.withThreshold(threshold).explain(s.row, s.last)
}

var errNothingToExplain = errors.New("dagmm: explain: no sample has come yet")
