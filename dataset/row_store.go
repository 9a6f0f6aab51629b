package dataset

import (
	"gonum.org/v1/gonum/mat"
)

// rowStore collects rows in blocks. A single growing slice would take up to three times the
// memory of the matrix while it is copied.
type rowStore struct {
	width  int
	rows   int
	blocks [][]float64
}

const blockValues = 1 << 15

// add returns the next row, for the caller to fill.
func (s *rowStore) add() []float64 {
	last := len(s.blocks) - 1
	if last < 0 || len(s.blocks[last])+s.width > cap(s.blocks[last]) {
		size := max(blockValues/s.width, 1) * s.width
		if last < 0 {
			size = max(64/s.width, 1) * s.width // enough for most small files
		}
		s.blocks = append(s.blocks, make([]float64, 0, size))
		last++
	}
	b := s.blocks[last]
	n := len(b)
	b = b[:n+s.width]
	s.blocks[last] = b
	s.rows++
	return b[n:]
}

// drop takes back the row that was added last.
func (s *rowStore) drop() {
	last := len(s.blocks) - 1
	s.blocks[last] = s.blocks[last][:len(s.blocks[last])-s.width]
	if len(s.blocks[last]) == 0 && last > 0 {
		s.blocks = s.blocks[:last]
	}
	s.rows--
}

// reset forgets all rows and keeps the memory of the first block.
func (s *rowStore) reset() {
	s.rows, s.blocks = 0, s.blocks[:min(len(s.blocks), 1)]
	for i := range s.blocks {
		s.blocks[i] = s.blocks[i][:0]
	}
}

// matrix moves columns into one matrix. It frees the blocks on the way.
func (s *rowStore) matrix(columns []int) *mat.Dense {
	out := make([]float64, 0, s.rows*len(columns))
	for i, b := range s.blocks {
		for ; len(b) > 0; b = b[s.width:] {
			for _, c := range columns {
				out = append(out, b[c])
			}
		}
		s.blocks[i] = nil
	}
	return mat.NewDense(s.rows, len(columns), out)
}
