package dagmm

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/internal/kernel"
)

// block collects the features of up to blockRows complete rows and scores them together.
// Where the model has context, the rows must be added in order.
type block struct {
	m       *Model
	x       mat.Matrix
	raw     *mat.Dense // x where its rows can be read in place
	h       *history
	s       *scratch
	rows    []int // where the energies go
	missing []int // rows that get NaN
	staged  []float64
	filled  bool // the features stand in the scratch already
	buf     []float64
}

func (m *Model) newBlock(x mat.Matrix) *block {
	b := &block{m: m, x: x, h: newHistory(m.p.RecentLevels, len(m.p.Columns)), s: m.newScratch(blockRows)}
	b.staged = make([]float64, 0, len(b.s.features))
	b.raw, _ = x.(*mat.Dense)
	b.buf = make([]float64, len(m.p.Columns))
	return b
}

// take gets the rows from from (included) to to (excluded) ready for flush.
func (b *block) take(from, to int) {
	if b.fill(from, to) {
		return
	}
	for r := from; r < to; r++ {
		b.add(r)
	}
}

func (b *block) add(r int) {
	x := b.buf
	if b.raw != nil {
		x = b.raw.RawRowView(r)
	} else {
		for j := range x {
			x[j] = b.x.At(r, j)
		}
	}
	y := b.s.scaled
	b.m.scale(y, x)
	complete := true
	for _, v := range y {
		complete = complete && v == v
	}
	if complete {
		b.h.features(b.s.row, y)
		b.staged = append(b.staged, b.s.row...)
		b.rows = append(b.rows, r)
	} else {
		b.missing = append(b.missing, r)
	}
	b.h.observe(y)
}

// together scores the rows from from (included) to to (excluded) at once, for a model
// without context: it scales the values column by column. It returns false, having done
// nothing, where a value is missing or the matrix cannot be read in place; add and flush
// then do it row by row.
func (b *block) together(dst []float64, from, to int) bool {
	if b.raw == nil {
		return false
	}
	if !b.scaleColumns(from, to) {
		return false
	}
	copy(dst[from:to], b.m.energies(b.s, to-from))
	return true
}

// fill gets the rows from from (included) to to (excluded) ready for flush, as add does one by
// one, but metric by metric. The block must be empty. fill returns false, having done nothing, where
// a value is missing or the matrix cannot be read in place.
func (b *block) fill(from, to int) bool {
	if b.raw == nil || !b.scaleColumns(from, to) {
		return false
	}
	for j := range b.m.p.Columns {
		b.h.column(b.s.features, j, to-from)
	}
	for r := from; r < to; r++ {
		b.rows = append(b.rows, r)
	}
	b.filled = true
	return true
}

// scaleColumns writes the scaled values of some rows of b.raw to the first features. It returns
// false where one is missing.
func (b *block) scaleColumns(from, to int) bool {
	n, features := to-from, b.s.features
	for r := range n {
		for j, v := range b.raw.RawRowView(from + r) {
			features[j*n+r] = v
		}
	}
	for j := range b.m.p.Scaler.Columns {
		b.m.scaleColumn(features[j*n:j*n+n], j)
	}
	sum := kernel.Sum(features[:n*len(b.m.p.Columns)])
	return sum == sum
}

func (b *block) flush(dst []float64) {
	n := len(b.rows)
	if !b.filled {
		b.transpose(n)
	}
	if n > 0 {
		for i, e := range b.m.energies(b.s, n) {
			dst[b.rows[i]] = e
		}
	}
	for _, r := range b.missing {
		dst[r] = math.NaN()
	}
	b.rows, b.missing, b.staged, b.filled = b.rows[:0], b.missing[:0], b.staged[:0], false
}

// transpose writes the staged features of n rows feature by feature.
func (b *block) transpose(n int) {
	width := len(b.s.row)
	for i := range n {
		for f, v := range b.staged[i*width : (i+1)*width] {
			b.s.features[f*n+i] = v
		}
	}
}
