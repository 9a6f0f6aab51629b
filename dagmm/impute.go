package dagmm

import (
	"math"
)

// carryFor is for how many samples in a row a missing metric keeps its last value.
const carryFor = 3

// Completeness says how complete a sample was.
type Completeness int

const (
	// Complete means that every metric had a value.
	Complete Completeness = iota
	// Carried means that metrics missing for at most three samples kept their last value.
	Carried
	// Partial means that metrics missing for longer, or never seen, were left out: the sample
	// is judged by the others.
	Partial
	// Empty means that no metric had a value. There is no score.
	Empty
)

// Impute scores the sample x like Next, but scores it also where values are missing (NaN).
// A metric that is missing for at most three samples keeps its last value. For the others
// Impute searches the values that give the sample the least energy, so that what is missing
// never makes a sample anomalous. A sample without any value has the energy NaN and leaves
// the context alone. Errors are those of Next.
func (s *Stream) Impute(x []float64) (Verdict, Completeness, error) {
	if _, err := s.m.checkRow("stream", x, true); err != nil {
		return Verdict{}, Empty, err
	}
	switch s.note(x) {
	case 0:
		return s.m.verdict(math.NaN()), Empty, nil
	case len(x):
		return s.score(x, true), Complete, nil
	}
	q := Carried
	filled := make([]float64, len(x))
	for j, v := range x {
		filled[j] = v
		switch {
		case v == v:
		case s.missing[j] <= carryFor && s.known[j] == s.known[j]:
			filled[j] = s.known[j]
		default:
			q = Partial
		}
	}
	return s.m.verdict(s.scoreFilled(filled)), q, nil
}

// scoreFilled scores a row in which values are carried or still missing. Where a carried
// value makes the row anomalous it is given up: the other metrics have moved on. Assumed
// values enter the context like known ones, because the levels would drift apart otherwise.
func (s *Stream) scoreFilled(filled []float64) float64 {
	s.keep()
	s.begin()
	defer s.end()
	y := s.s.scaled
	s.m.scale(y, filled)
	unknown := missingIn(y)
	var carried []int
	for j, v := range y {
		if v == v && s.missing[j] > 0 {
			carried = append(carried, j)
		}
	}
	energy := s.complete(y, unknown)
	if energy > s.m.p.Threshold && len(carried) > 0 {
		unknown = append(unknown, carried...)
		energy = s.complete(y, unknown)
	}
	for _, j := range unknown {
		y[j] = bound(y[j])
		filled[j] = s.m.p.Scaler.Columns[j].Invert(y[j])
	}
	copy(s.row, filled)
	s.h.observe(y)
	return energy
}

// missingIn returns the indices of the missing values.
func missingIn(y []float64) (unknown []int) {
	for j, v := range y {
		if v != v {
			unknown = append(unknown, j)
		}
	}
	return unknown
}

// complete fills the unknown metrics of the scaled row y with the values that give it the
// least energy, as far as a short search finds them, and returns that energy.
func (s *Stream) complete(y []float64, unknown []int) float64 {
	if len(unknown) == 0 {
		return s.evaluate(y)
	}
	// The search starts from each metric's own level, from its last value, and from the
	// training row that is nearest in the other metrics.
	starts := [][]float64{s.expected(unknown, 0), s.expected(unknown, len(s.h.alphas))}
	put(y, unknown, starts[0])
	s.evaluate(y)
	if p := s.m.nearest(s.s.features, unknown...); p != nil {
		nearest := make([]float64, len(unknown))
		for k, j := range unknown {
			nearest[k] = p[j]
		}
		starts = append(starts, nearest)
	}
	least := starts[0]
	best := math.Inf(1)
	for _, start := range starts {
		put(y, unknown, start)
		if e := s.evaluate(y); e < best {
			best, least = e, start
		}
	}
	put(y, unknown, least)
	return s.descend(y, unknown, best)
}

func put(y []float64, unknown []int, values []float64) {
	for k, j := range unknown {
		y[j] = values[k]
	}
}

// evaluate returns the energy of the scaled row.
func (s *Stream) evaluate(y []float64) float64 {
	s.h.features(s.s.features, y)
	return s.m.energies(s.s, 1)[0]
}

// expected returns what the unknown metrics would be if they stayed at level b.
func (s *Stream) expected(unknown []int, b int) []float64 {
	out := make([]float64, len(unknown))
	for k, j := range unknown {
		out[k] = s.h.expected(j, b)
	}
	return out
}

const (
	sweeps = 3
	probe  = .25 // scaled
)

// descend lowers the energy metric by metric: each goes to the vertex of the parabola
// through three energies, which for one Gaussian is the minimum.
func (s *Stream) descend(y []float64, unknown []int, energy float64) float64 {
	for range sweeps {
		for _, j := range unknown {
			v := y[j]
			y[j] = v + probe
			up := s.evaluate(y)
			y[j] = v - probe
			down := s.evaluate(y)
			bend := up + down - 2*energy
			to := v - math.Copysign(probe, up-down)
			if bend > 0 {
				to = v - probe/2*(up-down)/bend
			}
			y[j] = to
			if e := s.evaluate(y); e < energy {
				energy = e
			} else {
				y[j] = v
			}
		}
	}
	return energy
}

// expected returns what metric j would be if it stayed at level b, or at its previous value
// for b = len(alphas); the training mean where it was never seen.
func (h *history) expected(j, b int) float64 {
	switch {
	case !h.seen[j]:
		return 0
	case b < len(h.alphas):
		return h.levels[b*h.width+j]
	}
	return h.previous[j]
}

// Peek returns the energy that the sample x would have, without taking it into the
// context. A missing value is completed as Impute does. Errors are those of Next.
func (s *Stream) Peek(x []float64) (float64, error) {
	if _, err := s.m.checkRow("stream", x, true); err != nil {
		return 0, err
	}
	s.begin()
	defer s.end()
	y := s.s.scaled
	s.m.scale(y, x)
	return s.complete(y, missingIn(y)), nil
}
