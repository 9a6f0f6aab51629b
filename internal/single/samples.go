package single

import (
	"slices"

	"github.com/metric-streams/anomaly/internal/kernel"
)

// Samples are rows to draw batches from. The values of a sample lie side by side, so that a batch
// of random samples reads few lines of memory.
type Samples struct {
	width  int // features; a multiple of 8
	index  []int
	values []float32
}

// NewSamples copies the features in index of n samples. Value f of sample r in features is element
// f*n+r.
func NewSamples(features []float64, n int, index []int) *Samples {
	s := &Samples{width: (len(index) + 7) &^ 7, index: slices.Clone(index)}
	s.values = kernel.AlignedSingle(s.width * n)
	for i, f := range index {
		for r, v := range features[f*n : (f+1)*n] {
			s.values[r*s.width+i] = float32(v)
		}
	}
	return s
}

// Holds reports whether the samples hold these features, in this order.
func (s *Samples) Holds(index []int) bool { return slices.Equal(s.index, index) }

// gather writes the samples of each block to dst, whose blocks are step apart.
func (s *Samples) gather(dst []float32, step int, rows [][kernel.BlockRows]int) {
	for b := range rows {
		kernel.GatherSingle(dst[b*step:], s.values, &rows[b], s.width)
	}
}
