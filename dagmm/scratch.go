package dagmm

// scratch holds the memory that scoring n samples needs.
type scratch struct {
	n        int
	scaled   []float64 // one row of all metrics
	row      []float64 // features of one sample
	features []float64 // features of a block
	energies []float64
	work     []float64
	single   *rowScorer // of one sample; nil for blocks
	bound    *Model     // whose networks single runs
}

func (m *Model) newScratch(n int) *scratch {
	features := m.p.RecentLevels.blocks() * len(m.p.Columns)
	work := 0
	for i := range m.p.Members {
		work = max(work, m.p.Members[i].scratchLen(n))
	}
	s := &scratch{n: n, scaled: make([]float64, len(m.p.Columns)), row: make([]float64, features),
		features: make([]float64, features*n), energies: make([]float64, n), work: make([]float64, work)}
	if n == 1 {
		s.single, s.bound = m.newRowScorer(s.features), m
	}
	return s
}

// blockRows is how many rows are scored together. From parallelRows on several cores pay
// off.
const (
	blockRows    = 128
	parallelRows = 2048
)
