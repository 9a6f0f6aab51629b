package dagmm

import "math"

// carryFor is how many samples in a row a missing metric keeps its last value; staleFor
// is after how many missing intervals the context says nothing any more.
const (
	carryFor = 3
	staleFor = 20
)

// filler scores the samples of one stream, also those with missing metrics. It belongs
// to one goroutine.
type filler struct {
	s       *Stream
	last    []float64 // last known value of each metric
	missing []int     // samples since
	filled  []float64 // the row that was scored
	warm    int       // samples in the context, up to staleFor
}

func newFiller(m *Model) *filler {
	d := len(m.p.Columns)
	f := &filler{s: m.Stream(), last: make([]float64, d), missing: make([]int, d), filled: make([]float64, d)}
	for j := range f.last {
		f.last[j] = nan
	}
	return f
}

// Quality says how complete a sample was.
type Quality int

const (
	// Complete: every metric had a value.
	Complete Quality = iota
	// Carried: metrics missing for at most three samples kept their last value.
	Carried
	// Partial: metrics missing for longer were left out; the sample is judged by the rest.
	Partial
	// Empty: no metric had a value; there is no score.
	Empty
)

// next scores x, in which NaN is missing.
func (f *filler) next(x []float64) (energy float64, q Quality, err error) {
	if _, err := f.s.m.checkRow("detector", x, true); err != nil {
		return nan, Empty, err
	}
	present := 0
	for j, v := range x {
		f.filled[j] = v
		if v == v {
			f.last[j], f.missing[j] = v, 0
			present++
			continue
		}
		f.missing[j]++
		if f.missing[j] <= carryFor && f.last[j] == f.last[j] {
			f.filled[j] = f.last[j]
			q = max(q, Carried)
		} else {
			q = Partial
		}
	}
	f.warm = min(f.warm+1, staleFor)
	switch {
	case present == 0:
		return nan, Empty, nil
	case q == Complete:
		v, err := f.s.Next(x)
		return v.Energy, q, err
	}
	return f.score(), q, nil
}

// score scores the filled row. A carried value that makes it anomalous is given up: the
// others have moved on. What is assumed enters the context like what is known, else the
// levels would drift apart.
func (f *filler) score() float64 {
	s := f.s
	s.keep()
	y := s.s.scaled
	s.m.scale(y, f.filled)
	var carried, unknown []int
	for i, v := range y {
		switch {
		case v != v:
			unknown = append(unknown, i)
		case f.missing[i] > 0:
			carried = append(carried, i)
		}
	}
	energy := f.assume(y, unknown)
	if energy > s.m.p.Threshold && len(carried) > 0 {
		unknown = append(unknown, carried...)
		energy = f.assume(y, unknown)
	}
	for _, i := range unknown {
		f.filled[i] = s.m.p.Scaler.Columns[i].Invert(y[i])
	}
	copy(s.row, f.filled)
	s.h.observe(y)
	return energy
}

// assume fills the unknown metrics of the scaled row with the completion that has the
// least energy, as far as a short search finds it, and returns that energy: what is
// missing never makes a sample anomalous.
func (f *filler) assume(y []float64, unknown []int) float64 {
	s := f.s
	if len(unknown) == 0 {
		return f.evaluate(y)
	}
	// The metric's own level, its last value, and the training row most like the rest.
	starts := [][]float64{f.completion(unknown, 0), f.completion(unknown, len(s.h.alphas))}
	f.put(y, unknown, starts[0])
	f.evaluate(y)
	if p := s.m.nearest(s.s.features, unknown...); p != nil {
		nearest := make([]float64, len(unknown))
		for k, i := range unknown {
			nearest[k] = p[i]
		}
		starts = append(starts, nearest)
	}
	least := starts[0]
	best := math.Inf(1)
	for _, start := range starts {
		f.put(y, unknown, start)
		if e := f.evaluate(y); e < best {
			best, least = e, start
		}
	}
	f.put(y, unknown, least)
	return f.descend(y, unknown, best)
}

func (f *filler) put(y []float64, unknown []int, values []float64) {
	for k, i := range unknown {
		y[i] = values[k]
	}
}

// evaluate returns the energy of the scaled row.
func (f *filler) evaluate(y []float64) float64 {
	s := f.s
	s.h.features(s.s.features, y)
	return s.m.energies(s.s, 1)[0]
}

// completion is what the unknown metrics are expected to be from level b.
func (f *filler) completion(unknown []int, b int) []float64 {
	out := make([]float64, len(unknown))
	for k, i := range unknown {
		out[k] = f.s.h.expected(i, b)
	}
	return out
}

const (
	sweeps = 3
	probe  = .25 // scaled
)

// descend lowers the energy metric by metric: each goes to the vertex of the parabola
// through three energies, which for one Gaussian is the minimum.
func (f *filler) descend(y []float64, unknown []int, energy float64) float64 {
	for range sweeps {
		for _, i := range unknown {
			v := y[i]
			y[i] = v + probe
			up := f.evaluate(y)
			y[i] = v - probe
			down := f.evaluate(y)
			bend := up + down - 2*energy
			to := v - math.Copysign(probe, up-down)
			if bend > 0 {
				to = v - probe/2*(up-down)/bend
			}
			y[i] = to
			if e := f.evaluate(y); e < energy {
				energy = e
			} else {
				y[i] = v
			}
		}
	}
	return energy
}

// expected is what metric i would be were it to stay at level b, or at its previous
// value for b = len(alphas); the training mean where it was never seen.
func (h *history) expected(i, b int) float64 {
	switch {
	case !h.seen[i]:
		return 0
	case b < len(h.alphas):
		return h.levels[b*h.width+i]
	}
	return h.previous[i]
}

// cold tells that the context has seen too few samples for its levels to mean anything.
func (f *filler) cold() bool { return f.s.m.HasContext() && f.warm < staleFor }

// forget starts the context afresh, after a gap.
func (f *filler) forget() {
	f.s.h = newHistory(f.s.m.p.Context, len(f.s.m.p.Columns))
	f.warm = 0
	for j := range f.last {
		f.last[j] = nan
	}
}
