package dagmm

import "fmt"

// checkPrototypes scores the prototypes, which are training rows: an energy that overflows
// says that the parameters are not those of a model that was trained.
func (m *Model) checkPrototypes() error {
	c, w, s := m.p.RecentLevels, len(m.p.Columns), m.newScratch(1)
	for i, p := range m.prototypes.all() {
		h := newHistory(c, w)
		copy(h.previous, p)
		for j := range w {
			h.seen[j] = true
			for l := range c.Alphas {
				h.levels[l*w+j] = p[j] - p[(1+l)*w+j]/h.gain(l, j)
			}
		}
		h.features(s.row, p[:w])
		copy(s.features, s.row)
		if e := m.energies(s, 1)[0]; e >= maxEnergy || e <= -maxEnergy {
			return fmt.Errorf("dagmm: energy of prototype %d overflows: %w", i, ErrModel)
		}
	}
	return nil
}
