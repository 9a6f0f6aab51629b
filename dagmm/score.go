package dagmm

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dataset"
	"github.com/metric-streams/anomaly/internal/kernel"
)

// maxEnergy replaces an energy that overflows: energies are always finite.
const maxEnergy = math.MaxFloat64

// limit bounds scaled values; beyond it a value says no more than "infinitely far".
const limit = 1e100

// scratch holds what scoring n samples needs.
type scratch struct {
	n        int
	scaled   []float64 // one row of all metrics
	row      []float64 // features of one sample
	features []float64 // features of a block
	energies []float64
	work     []float64
	single   *rowScorer // of one sample; nil for blocks
}

func (m *Model) newScratch(n int) *scratch {
	features := m.p.Context.blocks() * len(m.p.Columns)
	work := 0
	for i := range m.p.Members {
		work = max(work, m.p.Members[i].scratchLen(n))
	}
	s := &scratch{n: n, scaled: make([]float64, len(m.p.Columns)), row: make([]float64, features),
		features: make([]float64, features*n), energies: make([]float64, n), work: make([]float64, work)}
	if n == 1 {
		s.single = m.newRowScorer(s.features)
	}
	return s
}

// scale writes the scaled values of the raw row x into y. NaN stays NaN.
func (m *Model) scale(y, x []float64) {
	columns := m.p.Scaler.Columns
	for j := range columns {
		y[j] = x[j]
		if columns[j].Transform == dataset.Log1p {
			kernel.Log1p(y[j:j+1], columns[j].Unit)
		}
		y[j] = bound(columns[j].Standardise(y[j]))
	}
}

func bound(v float64) float64 {
	switch {
	case v > limit:
		return limit
	case v < -limit:
		return -limit
	}
	return v
}

// energies writes the energies of the n samples in s.features into s.energies.
func (m *Model) energies(s *scratch, n int) []float64 {
	out := s.energies[:n]
	clear(out)
	if n == 1 && s.single != nil {
		m.addRow(out, s)
		limitEnergies(out)
		return out
	}
	for i := range m.p.Members {
		m.p.Members[i].addEnergies(out, s.features[:len(s.row)*n], n, m.shares[i], s.work)
	}
	limitEnergies(out)
	return out
}

func limitEnergies(energies []float64) {
	for r, e := range energies {
		if e > maxEnergy {
			energies[r] = maxEnergy
		}
	}
}

// checkRow reports a wrong width or a value that is not finite; NaN passes where
// missing is allowed, and complete tells that there was none.
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

// Energy returns the energy of one row of metrics in their own units. It allocates
// nothing and may be called from many goroutines. A row of the wrong width or with a
// value that is not finite is an error, and so is a model with context.
func (m *Model) Energy(x []float64) (float64, error) {
	if m.HasContext() {
		return 0, fmt.Errorf("dagmm: energy: %w", ErrContext)
	}
	if _, err := m.checkRow("energy", x, false); err != nil {
		return 0, err
	}
	s := m.pool.Get().(*scratch)
	m.scale(s.features, x)
	e := m.energies(s, 1)[0]
	m.pool.Put(s)
	return e, nil
}

// blockRows is how many rows are scored together; parallelRows is from how many on
// several cores pay.
const (
	blockRows    = 128
	parallelRows = 2048
)

// Energies writes the energy of every row of x (n×columns) into dst, which is
// allocated when nil and must have n elements otherwise: the same bits as Energy row by
// row. A row with a missing value (NaN) gets NaN. An infinite value is an error that
// names row and column; dst is then unchanged. A model with context is an error.
func (m *Model) Energies(dst []float64, x mat.Matrix) ([]float64, error) {
	if m.HasContext() {
		return nil, fmt.Errorf("dagmm: energies: %w", ErrContext)
	}
	dst, err := m.checkMatrix("energies", dst, x)
	if err != nil {
		return nil, err
	}
	n := len(dst)
	blocks := (n + blockRows - 1) / blockRows
	workers := 1
	if n >= parallelRows {
		workers = min(runtime.GOMAXPROCS(0), blocks)
	}
	var next atomic.Int64
	work := func() {
		b := m.newBlock(x)
		for {
			k := int(next.Add(1)) - 1
			if k >= blocks {
				return
			}
			from, to := k*blockRows, min((k+1)*blockRows, n)
			if b.together(dst, from, to) {
				continue
			}
			for r := from; r < to; r++ {
				b.add(r)
			}
			b.flush(dst)
		}
	}
	var wg sync.WaitGroup
	for range workers - 1 {
		wg.Add(1)
		go func() { defer wg.Done(); work() }()
	}
	work()
	wg.Wait()
	return dst, nil
}

// Series writes the energy of every row of x, which are consecutive samples of one
// host, into dst (as in Energies): context is carried from row to row, starting
// afresh with the first. A row with a missing value gets NaN; its other metrics still
// enter the context. For a model without context Series equals Energies.
func (m *Model) Series(dst []float64, x mat.Matrix) ([]float64, error) {
	if !m.HasContext() {
		return m.Energies(dst, x)
	}
	dst, err := m.checkMatrix("series", dst, x)
	if err != nil {
		return nil, err
	}
	b := m.newBlock(x)
	for r := range dst {
		b.add(r)
		if b.full() {
			b.flush(dst)
		}
	}
	b.flush(dst)
	return dst, nil
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

// noInf tells that x holds no infinite value, where its elements stand side by side.
func noInf(x mat.Matrix) bool {
	dense, ok := x.(*mat.Dense)
	if !ok {
		return false
	}
	raw := dense.RawMatrix()
	return raw.Stride == raw.Cols && !math.IsInf(kernel.MaxAbs(raw.Data[:raw.Rows*raw.Cols]), 1)
}

// block collects the features of up to blockRows complete rows and scores them
// together. The context, where the model has one, follows the rows in order.
type block struct {
	m       *Model
	x       mat.Matrix
	raw     *mat.Dense // x where its rows can be read in place
	h       *history
	s       *scratch
	rows    []int // where the energies go
	missing []int // rows that get NaN
	staged  []float64
	buf     []float64
}

func (m *Model) newBlock(x mat.Matrix) *block {
	b := &block{m: m, x: x, h: newHistory(m.p.Context, len(m.p.Columns)), s: m.newScratch(blockRows)}
	b.staged = make([]float64, 0, len(b.s.features))
	b.raw, _ = x.(*mat.Dense)
	b.buf = make([]float64, len(m.p.Columns))
	return b
}

func (b *block) full() bool { return len(b.rows)+len(b.missing) == blockRows }

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

// together scores the complete rows from (included) to to (excluded) of a matrix that
// can be read in place, for a model without context: the values are scaled column by
// column. It returns false where add and flush have to do it.
func (b *block) together(dst []float64, from, to int) bool {
	if b.raw == nil {
		return false
	}
	n, features := to-from, b.s.features
	for r := range n {
		for j, v := range b.raw.RawRowView(from + r) {
			features[j*n+r] = v
		}
	}
	for j := range b.m.p.Scaler.Columns {
		b.m.scaleColumn(features[j*n:j*n+n], j)
	}
	if sum := kernel.Sum(features[:n*len(b.m.p.Columns)]); sum != sum {
		return false // a value is missing
	}
	copy(dst[from:to], b.m.energies(b.s, n))
	return true
}

// scaleColumn is scale for values of column j.
func (m *Model) scaleColumn(values []float64, j int) {
	c := &m.p.Scaler.Columns[j]
	if c.Transform == dataset.Log1p {
		kernel.Log1p(values, c.Unit)
	}
	if c.Dead == 0 {
		kernel.Standardise(values, c.Center, c.Scale, limit)
		return
	}
	for r, v := range values {
		values[r] = bound(c.Standardise(v))
	}
}

func (b *block) flush(dst []float64) {
	n, width := len(b.rows), len(b.s.row)
	for i := range n {
		for f, v := range b.staged[i*width : (i+1)*width] {
			b.s.features[f*n+i] = v
		}
	}
	if n > 0 {
		for i, e := range b.m.energies(b.s, n) {
			dst[b.rows[i]] = e
		}
	}
	for _, r := range b.missing {
		dst[r] = math.NaN()
	}
	b.rows, b.missing, b.staged = b.rows[:0], b.missing[:0], b.staged[:0]
}

// Features returns the feature rows that networks see for the raw rows of x, which are
// consecutive samples where c is not empty: the scaled metrics, then the context's
// blocks. A row with a missing value holds NaN.
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

// FeatureEnergies writes the energies of n feature columns into dst (allocated when
// nil): feature i of sample r at i*n+r, as Features gives them by rows.
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
