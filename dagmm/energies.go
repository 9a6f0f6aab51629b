package dagmm

import (
	"fmt"
	"math"
)

// maxEnergy replaces an energy that overflows, so that energies are always finite.
const maxEnergy = math.MaxFloat64

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
		m.p.Members[i].addEnergies(out, s.features[:len(s.row)*n], n, m.shares[i], m.bound, s.work)
	}
	limitEnergies(out)
	return out
}

// limitEnergies makes energies finite. Parameters and inputs are finite: NaN comes from the
// difference of two numbers that have overflowed, so that row is as far away as one can be.
func limitEnergies(energies []float64) {
	for r, e := range energies {
		if !(e <= maxEnergy) {
			energies[r] = maxEnergy
		}
	}
}

// addRow adds the energy of the one sample in s.features to out, with the bits of
// addEnergies.
func (m *Model) addRow(out []float64, s *scratch) {
	for i := range s.single.members {
		r, member := &s.single.members[i], &m.p.Members[i]
		if r.gatherInput {
			gather(r.input, s.features, member.Inputs, 1)
		}
		if r.gatherOut {
			gather(r.target, s.features, member.Targets, 1)
		}
	}
	s.single.networks.Run()
	for i := range s.single.members {
		s.single.members[i].finish(&m.p.Members[i])
	}
	if only := &m.p.Members[0]; len(m.p.Members) == 1 && len(only.Mixtures) == 1 && only.Evidence == nil {
		r := &s.single.members[0]
		only.Mixtures[0].EnergyBlock(out, r.z, 1, r.work) // what adding it to 0 gives
		return
	}
	for i := range s.single.members {
		r := &s.single.members[i]
		m.p.Members[i].addMixtures(out, r.z, 1, m.shares[i], m.bound, r.energies, r.work)
	}
}

// FeatureEnergies writes the energies of n samples into dst, which is allocated when nil.
// features holds feature i of sample r at i*n+r: the columns of what Features returns, one
// after the other. A wrong number of features or energies is ErrWidth.
func (m *Model) FeatureEnergies(dst, features []float64, n int) ([]float64, error) {
	width := m.p.RecentLevels.blocks() * len(m.p.Columns)
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
