package dagmm

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/mat"
)

// Energy returns the energy of the row x, one value per metric in the metric's own unit. It
// allocates nothing and may be called from many goroutines. A wrong width is ErrWidth, a
// value that is not finite is ErrNotFinite, and a model with context, which needs more than
// one row, is ErrContext.
func (m *Model) Energy(x []float64) (float64, error) {
	if m.HasContext() {
		return 0, fmt.Errorf("dagmm: energy: %w", ErrContext)
	}
	if _, err := m.checkRow("energy", x, false); err != nil {
		return 0, err
	}
	s := m.borrow()
	m.scale(s.features, x)
	e := m.energies(s, 1)[0]
	m.giveBack(s)
	return e, nil
}

// Energies writes the energy of every row of x (rows × metrics) into dst, with the same bits
// as Energy row by row. dst is allocated when nil and must have one element per row
// otherwise. A row with a missing value (NaN) gets NaN. An infinite value is ErrNotFinite,
// which names row and column, and leaves dst as it was. A wrong width is ErrWidth and a
// model with context ErrContext.
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

// Series writes the energy of every row of x (rows × metrics) into dst, as Energies does,
// for rows that are consecutive samples of one host. It starts with an empty context and
// carries it from row to row. A row with a missing value gets NaN; its other metrics still
// enter the context. For a model without context Series equals Energies.
func (m *Model) Series(dst []float64, x mat.Matrix) ([]float64, error) {
	if !m.HasContext() {
		return m.Energies(dst, x)
	}
	dst, err := m.checkMatrix("series", dst, x)
	if err != nil {
		return nil, err
	}
	workers := 1
	if len(dst) >= parallelRows {
		workers = runtime.GOMAXPROCS(0)
	}
	m.seriesBlocks(dst, x, workers)
	return dst, nil
}

// seriesBlocks gathers the features of the rows in their order, as the context demands, and leaves
// each full block to workers, which score it while the next ones are filled.
func (m *Model) seriesBlocks(dst []float64, x mat.Matrix, workers int) {
	first := m.newBlock(x)
	if workers == 1 {
		for from := 0; from < len(dst); from += blockRows {
			first.take(from, min(from+blockRows, len(dst)))
			first.flush(dst)
		}
		return
	}
	free, filled := make(chan *block, 2*workers), make(chan *block, 2*workers)
	free <- first
	for range 2*workers - 1 {
		b := m.newBlock(x)
		b.h = first.h // one context, which only the loop below reads and writes
		free <- b
	}
	var wg sync.WaitGroup
	for range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for b := range filled {
				b.flush(dst)
				free <- b
			}
		}()
	}
	for from := 0; from < len(dst); from += blockRows {
		b := <-free
		b.take(from, min(from+blockRows, len(dst)))
		filled <- b
	}
	close(filled)
	wg.Wait()
}

// Detect compares the energy of the row x with the threshold. Errors are those of Energy.
func (m *Model) Detect(x []float64) (Verdict, error) {
	e, err := m.Energy(x)
	if err != nil {
		return Verdict{}, err
	}
	return m.verdict(e), nil
}
