package dagmm

import (
	"math"
)

// maxEnergy replaces an energy that overflows, so that energies are always finite.
const maxEnergy = math.MaxFloat64

// scratch holds the memory that scoring n samples needs.
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

// energies computes the energies of the n samples whose features are in s.features.
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
