package dagmm

import (
	"math"
	"slices"
)

// explainer explains one row.
type explainer struct {
	m      *Model
	h      *history
	s      *scratch
	x      []float64
	y      []float64 // scaled values
	f      []float64 // features
	energy float64
}

func (m *Model) explain(x []float64, h *history) (*Explanation, error) {
	if _, err := m.checkRow("explain", x, false); err != nil {
		return nil, err
	}
	s := m.newScratch(1)
	e := &explainer{m: m, h: h, s: s, x: slices.Clone(x), y: make([]float64, len(m.p.Columns)), f: s.row}
	m.scale(e.y, x)
	h.features(e.f, e.y)
	e.energy = e.eval()
	return e.run(), nil
}

// eval returns the energy of the features as they are now.
func (e *explainer) eval() float64 {
	copy(e.s.features, e.f)
	return e.m.energies(e.s, 1)[0]
}

// at returns the energy that the row has with the scaled value v of metric i.
func (e *explainer) at(i int, v float64) float64 {
	e.h.replace(e.f, i, v)
	energy := e.eval()
	e.h.replace(e.f, i, e.y[i])
	return energy
}

// cause is the best replacement of one metric.
type cause struct {
	column int
	value  float64 // scaled
	energy float64 // after replacement
	drop   float64
}

func (e *explainer) run() *Explanation {
	causes := e.causes()
	joint := e.energy > e.m.p.Threshold && !e.cleared(causes)
	if joint {
		causes = e.jointCauses(causes)
	}
	out := &Explanation{Verdict: e.m.verdict(e.energy), Clears: math.NaN()}
	var total float64
	for _, c := range causes {
		total += c.drop
	}
	for _, c := range causes {
		con := e.contribution(c)
		con.Share = 1 / float64(len(causes))
		if total > 0 {
			con.Share = c.drop / total
		}
		out.Contributions = append(out.Contributions, con)
	}
	top := e.m.p.Scaler.Columns[causes[0].column]
	out.Usual = [2]float64{top.Low, top.High}
	if out.Verdict.Anomalous {
		if first := out.Contributions[0]; first.Conditional {
			out.Clears = nearer(first.Low, first.High, first.Value)
		}
	}
	if joint {
		out.Pair = e.pair(causes)
	}
	return out
}

func nearer(low, high, value float64) float64 {
	if math.Abs(value-low) < math.Abs(value-high) {
		return low
	}
	return high
}

// causes returns the best replacement of every metric, largest drop of the energy first.
func (e *explainer) causes() []cause {
	var out []cause
	for i := range e.y {
		c := cause{column: i, energy: math.Inf(1)}
		p := e.m.nearest(e.f, i)
		for _, v := range e.candidates(p, i) {
			if energy := e.at(i, v); energy < c.energy {
				c.value, c.energy = v, energy
			}
		}
		c.drop = max(0, e.energy-c.energy)
		out = append(out, c)
	}
	sortCauses(out)
	return out
}

// sortCauses puts the largest drop first.
func sortCauses(causes []cause) {
	slices.SortStableFunc(causes, func(a, b cause) int {
		switch {
		case a.drop > b.drop:
			return -1
		case a.drop < b.drop:
			return 1
		}
		return 0
	})
}

// cleared reports whether replacing one metric brings the row down to the threshold.
func (e *explainer) cleared(causes []cause) bool {
	for _, c := range causes {
		if c.energy <= e.m.p.Threshold {
			return true
		}
	}
	return false
}

// jointCauses attributes a row that no single replacement clears. Replacing one of several
// deviating metrics says little there, because the others still fit no prototype. Instead
// it starts from the nearest prototype and measures how far each metric's value alone
// raises the energy.
func (e *explainer) jointCauses(causes []cause) []cause {
	p := e.m.nearest(e.f)
	base := e.whole(p, 0)
	best := 0
	for k := range e.h.alphas {
		if energy := e.whole(p, k+1); energy < base {
			base, best = energy, k+1
		}
	}
	for n, c := range causes {
		e.whole(p, best)
		e.h.replace(e.f, c.column, e.y[c.column])
		causes[n].drop = max(0, e.eval()-base)
	}
	for i, v := range e.y {
		e.h.replace(e.f, i, v)
	}
	sortCauses(causes)
	return causes
}

// whole sets every metric to its k-th candidate and returns the energy.
func (e *explainer) whole(p []float64, k int) float64 {
	for i := range e.y {
		e.h.replace(e.f, i, e.candidates(p, i)[k])
	}
	return e.eval()
}

// candidates returns the scaled values of metric i that prototype p proposes: the
// prototype's value and, with context, each recent level plus the prototype's deviation
// from it.
func (e *explainer) candidates(p []float64, i int) []float64 {
	w := len(e.m.p.Columns)
	if p == nil {
		return make([]float64, 1+len(e.h.alphas))
	}
	out := []float64{p[i]}
	for s := range e.h.alphas {
		level := e.f[(1+len(e.h.alphas)+s)*w+i]
		out = append(out, level+p[(1+s)*w+i]/e.h.gain(s, i))
	}
	return out
}

// nearest returns the prototype that is nearest to the features f in all metrics except
// those to skip; nil where the model has no prototypes.
func (m *Model) nearest(f []float64, skip ...int) []float64 {
	w := len(m.p.Columns)
	skipped := make([]bool, w)
	for _, i := range skip {
		skipped[i] = true
	}
	var best []float64
	least := math.Inf(1)
	for _, p := range m.p.Prototypes {
		var d float64
		for b := 0; b < len(p); b += w {
			for j := range w {
				if !skipped[j] {
					diff := p[b+j] - f[b+j]
					d += diff * diff
				}
			}
		}
		if d < least || best == nil {
			best, least = p, d
		}
	}
	return best
}

// contribution returns the cause with the expected range of its metric.
func (e *explainer) contribution(c cause) Contribution {
	column := e.m.p.Scaler.Columns[c.column]
	out := Contribution{Metric: e.m.p.Columns[c.column], Value: e.x[c.column], Low: column.Low, High: column.High, Constant: column.Constant}
	start := c.value
	if e.energy <= e.m.p.Threshold {
		start = e.y[c.column]
	} else if c.energy > e.m.p.Threshold {
		return out
	}
	out.Conditional = true
	span := column.Max - column.Min
	inside := column.Invert(start)
	low := min(column.Invert(e.edge(c.column, start, -1)), inside)
	high := max(column.Invert(e.edge(c.column, start, 1)), inside)
	floor := column.Min - span
	if column.Min >= 0 {
		floor = max(floor, 0)
	}
	// What the row itself shows, and what would clear it, lies outside what is ordinary, not
	// outside what can be.
	out.Low = max(low, min(floor, out.Value, inside))
	out.High = min(high, max(column.Max+span, out.Value, inside))
	return out
}

// edge searches from start in one direction (−1 or 1) for the farthest scaled value of
// metric i up to which the energy stays within the threshold.
func (e *explainer) edge(i int, start, direction float64) float64 {
	inside, step := start, .25
	for step < 1e6 && e.at(i, start+direction*step) <= e.m.p.Threshold {
		inside = start + direction*step
		step *= 2
	}
	outside := start + direction*step
	for range 40 {
		mid := (inside + outside) / 2
		if e.at(i, mid) <= e.m.p.Threshold {
			inside = mid
		} else {
			outside = mid
		}
	}
	// Clear of the rounding on the way to the metric's unit and back.
	return inside - direction*1e-9*max(1, math.Abs(inside))
}

// maxPaired is how many of the largest causes are tried in pairs.
const maxPaired = 6

// pair returns the two metrics whose joint replacement brings the energy lowest, if it
// comes down to the threshold.
func (e *explainer) pair(causes []cause) (names [2]string) {
	causes = causes[:min(len(causes), maxPaired)]
	least := e.m.p.Threshold
	for a := range causes {
		for b := a + 1; b < len(causes); b++ {
			energy := e.jointly(causes[a], causes[b])
			if energy <= least {
				least = energy
				names = [2]string{e.m.p.Columns[causes[a].column], e.m.p.Columns[causes[b].column]}
			}
		}
	}
	return names
}

// jointly returns the least energy with both metrics replaced.
func (e *explainer) jointly(a, b cause) float64 {
	p := e.m.nearest(e.f, a.column, b.column)
	least := math.Inf(1)
	for k := range 1 + len(e.h.alphas) {
		for _, c := range []cause{a, b} {
			e.h.replace(e.f, c.column, e.candidates(p, c.column)[k])
		}
		least = min(least, e.eval())
		for _, c := range []cause{a, b} {
			e.h.replace(e.f, c.column, e.y[c.column])
		}
	}
	return least
}
