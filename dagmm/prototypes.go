package dagmm

import "iter"

// prototypes holds Parameters.Prototypes in one piece, which takes less memory than a slice for
// each.
type prototypes struct {
	n      int
	values []float64 // row by row; nil where there were none to begin with
}

func newPrototypes(rows [][]float64) prototypes {
	if rows == nil {
		return prototypes{}
	}
	size := 0
	for _, r := range rows {
		size += len(r)
	}
	p := prototypes{n: len(rows), values: make([]float64, 0, size)}
	for _, r := range rows {
		p.values = append(p.values, r...)
	}
	return p
}

// all gives the rows with their numbers.
func (p prototypes) all() iter.Seq2[int, []float64] {
	return func(yield func(int, []float64) bool) {
		for i := range p.n {
			width := len(p.values) / p.n
			if !yield(i, p.values[i*width:(i+1)*width:(i+1)*width]) {
				return
			}
		}
	}
}

// rows returns the rows, whose values are those of p.
func (p prototypes) rows() [][]float64 {
	if p.values == nil {
		return nil
	}
	out := make([][]float64, 0, p.n)
	for _, r := range p.all() {
		out = append(out, r)
	}
	return out
}
