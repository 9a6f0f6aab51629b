package dagmm

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/internal/kernel"
)

// checkRow returns an error for a wrong width or a value that is not finite. NaN passes
// where missing is true; complete reports whether there was none.
func (m *Model) checkRow(place string, x []float64, missing bool) (complete bool, err error) {
	if len(x) != len(m.p.Columns) {
		return false, fmt.Errorf("dagmm: %s: row of width %d, model of %d columns: %w", place, len(x), len(m.p.Columns), ErrWidth)
	}
	complete = true
	for j, v := range x {
		if math.IsInf(v, 0) || math.IsNaN(v) && !missing {
			return false, fmt.Errorf("dagmm: %s: column %d (%s) is %g: %w", place, j, m.p.Columns[j], v, ErrNotFinite)
		}
		complete = complete && v == v
	}
	return complete, nil
}

// Check reports whether x could be scored: a wrong width is ErrWidth, an infinite value
// ErrNotFinite. A missing value (NaN) is no error.
func (m *Model) Check(x []float64) error {
	_, err := m.checkRow("check", x, true)
	return err
}

func (m *Model) checkMatrix(place string, dst []float64, x mat.Matrix) ([]float64, error) {
	n, d := x.Dims()
	if d != len(m.p.Columns) {
		return nil, fmt.Errorf("dagmm: %s: rows of width %d, model of %d columns: %w", place, d, len(m.p.Columns), ErrWidth)
	}
	if dst != nil && len(dst) != n {
		return nil, fmt.Errorf("dagmm: %s: %d energies asked for, %d rows given: %w", place, len(dst), n, ErrWidth)
	}
	searched := n
	if noInf(x) {
		searched = 0
	}
	for r := range searched {
		for j := range d {
			if v := x.At(r, j); math.IsInf(v, 0) {
				return nil, fmt.Errorf("dagmm: %s: row %d, column %d (%s) is %g: %w", place, r, j, m.p.Columns[j], v, ErrNotFinite)
			}
		}
	}
	if dst == nil {
		dst = make([]float64, n)
	}
	return dst, nil
}

// noInf reports whether x holds no infinite value. It returns false where it cannot tell
// quickly because the elements of x do not stand side by side.
func noInf(x mat.Matrix) bool {
	dense, ok := x.(*mat.Dense)
	if !ok {
		return false
	}
	raw := dense.RawMatrix()
	return raw.Stride == raw.Cols && !math.IsInf(kernel.MaxAbs(raw.Data[:raw.Rows*raw.Cols]), 1)
}
