package dagmm

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dataset"
)

// Features returns what networks see of the raw rows of x (rows × metrics): for each row
// the scaled metrics and then the blocks of features that c asks for. Where c is not empty
// the rows are consecutive samples. A row with a missing value holds NaN.
func Features(scaler *dataset.Scaler, c Context, x mat.Matrix) (*mat.Dense, error) {
	n, d := x.Dims()
	if n == 0 || d != len(scaler.Columns) {
		return nil, fmt.Errorf("dagmm: features: %d rows of width %d, scaler of %d columns: %w", n, d, len(scaler.Columns), ErrWidth)
	}
	m := &Model{p: Parameters{Scaler: *scaler}}
	out := mat.NewDense(n, d*c.blocks(), nil)
	h, raw, y := newHistory(c, d), make([]float64, d), make([]float64, d)
	for r := range n {
		m.scale(y, mat.Row(raw, r, x))
		h.features(out.RawRowView(r), y)
		h.observe(y)
	}
	return out, nil
}

// FeatureEnergies writes the energies of n samples into dst, which is allocated when nil.
// features holds feature i of sample r at i*n+r: the columns of what Features returns, one
// after the other. A wrong number of features or energies is ErrWidth.
func (m *Model) FeatureEnergies(dst, features []float64, n int) ([]float64, error) {
	width := m.p.Context.blocks() * len(m.p.Columns)
	if len(features) != width*n || dst != nil && len(dst) != n {
		return nil, fmt.Errorf("dagmm: %d feature values for %d samples of width %d: %w", len(features), n, width, ErrWidth)
	}
	if dst == nil {
		dst = make([]float64, n)
	}
	s := m.newScratch(blockRows)
	for from := 0; from < n; from += blockRows {
		k := min(blockRows, n-from)
		for f := range width {
			copy(s.features[f*k:f*k+k], features[f*n+from:f*n+from+k])
		}
		copy(dst[from:from+k], m.energies(s, k))
	}
	return dst, nil
}
