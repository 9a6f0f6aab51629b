package simple

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Explainer is a Scorer that can tell which metric is to blame.
type Explainer interface {
	// Explains reports whether Blame works.
	Explains() bool
	// Blame ranks the columns by their part in the score of an event, rows
	// span[0] to before span[1] of x, which is a series as in Score. The
	// first is to blame most; worst is the row that scores highest.
	Blame(x *mat.Dense, span [2]int, worst int) (columns []int, err error)
}

// attributor splits the score of a prepared row among its inputs.
type attributor interface {
	attribute(parts, row []float64)
}

// Explains reports whether the method splits its score.
func (s *prepared) Explains() bool {
	_, ok := s.inner.(attributor)
	return ok
}

// Blame looks at the worst row and sums the parts of a metric over its value
// and its deviations.
func (s *prepared) Blame(x *mat.Dense, _ [2]int, row int) ([]int, error) {
	a, ok := s.inner.(attributor)
	if !ok {
		return nil, fmt.Errorf("simple: %T has no attribution", s.inner)
	}
	_, d := x.Dims()
	past := x.Slice(0, row+1, 0, d).(*mat.Dense)
	wide := AddContext(past, s.pipeline.Context)
	_, w := wide.Dims()
	prepared := s.scale.apply(wide.Slice(row, row+1, 0, w).(*mat.Dense), s.pipeline.Clip)
	parts := make([]float64, w)
	a.attribute(parts, prepared.RawRowView(0))
	for j := d; j < w; j++ {
		parts[j%d] += parts[j]
	}
	order := make([]int, d)
	for j := range order {
		order[j] = j
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(parts[j], parts[i]) })
	return order, nil
}

// attribute blames the input with the largest z-score alone. The others are
// ranked by theirs, far behind.
func (maxZ) attribute(parts, row []float64) {
	largest := 0
	for j, z := range row {
		parts[j] = math.Abs(z) / 1e9
		if math.Abs(z) > math.Abs(row[largest]) {
			largest = j
		}
	}
	parts[largest] = 1 + parts[largest]
}

// attribute gives each input its squared residual.
func (p *pca) attribute(parts, row []float64) {
	x := mat.NewDense(1, len(row), row)
	var code, back mat.Dense
	code.Mul(x, p.basis)
	back.Mul(&code, p.basis.T())
	for j, v := range row {
		r := v - back.At(0, j)
		parts[j] = r * r
	}
}

// attribute gives each input by how much the score falls when the input takes
// the mean that it has given the others: (Σ⁻¹δ)ⱼ² / 2(Σ⁻¹)ⱼⱼ.
func (g *gaussian) attribute(parts, row []float64) {
	d := len(row)
	lower := mat.NewTriDense(d, mat.Lower, g.lower)
	var inverse, precision mat.Dense
	if inverse.Inverse(lower) != nil {
		return // no part to any input; the factor has a positive diagonal, so this does not occur
	}
	precision.Mul(inverse.T(), &inverse)
	for j := range parts {
		var v float64
		for k := range d {
			v += precision.At(j, k) * (row[k] - g.mean[k])
		}
		parts[j] = v * v / precision.At(j, j) / 2
	}
}
