package dagmm

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dataset"
)

// Features returns what networks see of the raw rows of x (rows × metrics): for each row
// the scaled metrics and then the blocks of features that c asks for. Where c is not empty
// the rows are consecutive samples. A row with a missing value holds NaN.
func Features(scaler *dataset.Scaler, c RecentLevels, x mat.Matrix) (*mat.Dense, error) {
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
