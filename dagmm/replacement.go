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

// explain explains the row x that came after h. A nil blame is that of the row alone.
func (m *Model) explain(x []float64, h *history, blame *Blame) (*Explanation, error) {
	if _, err := m.checkRow("explain", x, false); err != nil {
		return nil, err
	}
	e := m.newExplainer(x, h)
	switch {
	case !m.HasContext() || e.energy <= m.p.Threshold:
		blame = nil
	case blame == nil || blame.Rows == 0:
		blame = &Blame{}
		blame.add(e)
	}
	return e.run(blame), nil
}

// newExplainer explains the row x, which has no missing value.
func (m *Model) newExplainer(x []float64, h *history) *explainer {
	s := m.newScratch(1)
	e := &explainer{m: m, h: h, s: s, x: slices.Clone(x), y: make([]float64, len(m.p.Columns)), f: s.row}
	m.scale(e.y, x)
	h.features(e.f, e.y)
	e.energy = e.eval()
	return e
}

// set gives all metrics the scaled values v.
func (e *explainer) set(v []float64) {
	for i := range v {
		e.h.replace(e.f, i, v[i])
	}
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

// run explains the row. The metrics come in the order of the blame. A nil blame, of a model
// without context or an ordinary row, leaves the order to the fall of the energy.
func (e *explainer) run(blame *Blame) *Explanation {
	causes := e.causes()
	joint := e.energy > e.m.p.Threshold && !e.cleared(causes)
	var shares []float64
	if blame != nil {
		causes, shares = blame.sort(causes, e.m.groups())
	} else {
		if joint {
			causes = e.jointCauses(causes)
		}
		shares = parts(causes)
	}
	first := e.m.p.Scaler.Columns[causes[0].column]
	out := &Explanation{Verdict: e.m.verdict(e.energy), Clears: math.NaN(), Usual: [2]float64{first.Low, first.High}, Fits: e.x[causes[0].column]}
	if causes[0].energy < e.energy {
		out.Fits = first.Invert(causes[0].value)
	}
	others := e.expected()
	for i, c := range causes {
		con := e.contribution(c, others)
		con.Share = shares[i]
		out.Contributions = append(out.Contributions, con)
	}
	if !out.Verdict.Anomalous {
		return out
	}
	switch c := out.Contributions[0]; {
	case c.Joint:
		out.Beside = e.beside(causes[0].column)
	case c.Conditional:
		out.Clears = c.nearer()
	}
	if joint {
		out.Pair = e.pair(causes)
	}
	return out
}

// sort returns the causes in the order of the blame, and their shares of it.
func (b *Blame) sort(causes []cause, group []int) ([]cause, []float64) {
	columns, shares := b.order(group)
	sorted := make([]cause, len(causes))
	for i, j := range columns {
		sorted[i] = causes[slices.IndexFunc(causes, func(c cause) bool { return c.column == j })]
	}
	return sorted, shares
}

// parts returns each cause's part of the sum of the drops.
func parts(causes []cause) []float64 {
	var total float64
	for _, c := range causes {
		total += c.drop
	}
	out := make([]float64, len(causes))
	for i, c := range causes {
		out[i] = 1 / float64(len(causes))
		if total > 0 {
			out[i] = c.drop / total
		}
	}
	return out
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
	for _, p := range m.prototypes.all() {
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

// expected returns the scaled values that all metrics were expected to have: each stays at a
// level or moves from it as a typical row does, whichever has the least energy. It is nil
// where even that is anomalous, and for a model without context.
func (e *explainer) expected() []float64 {
	if len(e.h.alphas) == 0 {
		return nil
	}
	w := len(e.y)
	best, v := make([]float64, w), make([]float64, w)
	least := math.Inf(1)
	consider := func() {
		e.set(v)
		if energy := e.eval(); energy < least {
			least = energy
			copy(best, v)
		}
	}
	for b := range len(e.h.alphas) + 1 {
		for j := range v {
			v[j] = e.h.expected(j, b)
		}
		consider()
	}
	e.set(best)
	if p := e.m.nearest(e.f); p != nil {
		for k := range 1 + len(e.h.alphas) {
			for j := range v {
				v[j] = e.candidates(p, j)[k]
			}
			consider()
		}
	}
	e.set(e.y)
	if least > e.m.p.Threshold {
		return nil
	}
	return best
}

// contribution returns the cause with the expected range of its metric. others are the values
// that all metrics were expected to have; nil where that is unknown.
func (e *explainer) contribution(c cause, others []float64) Contribution {
	i := c.column
	column := e.m.p.Scaler.Columns[i]
	out := Contribution{Metric: e.m.p.Columns[i], Value: e.x[i], Low: column.Low, High: column.High, Constant: column.Constant}
	slow, after := e.slowest(i)
	if after {
		out.Level, out.Samples = column.Invert(e.h.expected(i, slow)), int(math.Round(1/e.h.alphas[slow]))
	}
	anomalous := e.energy > e.m.p.Threshold
	switch {
	case !anomalous:
		out.Conditional = true
		e.bound(&out, i, e.y[i], false)
	case column.Constant: // what else it might be is not known
		out.Conditional = c.energy <= e.m.p.Threshold
	case c.energy <= e.m.p.Threshold:
		out.Conditional = true
		e.bound(&out, i, c.value, true)
	case others != nil:
		e.set(others)
		if !e.within(i, e.y[i]) {
			e.bound(&out, i, others[i], true)
		}
		e.set(e.y)
	case after && e.m.prototypes.n > 0:
		low, high := e.around(i, slow)
		out.Low, out.High = column.Invert(low), column.Invert(high)
		if column.Min >= 0 {
			out.Low, out.High = max(out.Low, 0), max(out.High, 0)
		}
	}
	if anomalous && !out.outside() {
		out.Joint, out.Conditional = true, false
	}
	return out
}

// slowest returns the level that looks back furthest, and whether metric i has one.
func (e *explainer) slowest(i int) (level int, ok bool) {
	if len(e.h.alphas) == 0 {
		return 0, false
	}
	return slices.Index(e.h.alphas, slices.Min(e.h.alphas)), e.h.seen[i]
}

// around returns the range of metric i, scaled, in which it stays around a level in the typical
// rows.
func (e *explainer) around(i, level int) (low, high float64) {
	at := e.h.expected(i, level)
	low, high = at, at
	for _, p := range e.m.prototypes.all() {
		v := at + p[(1+level)*len(e.y)+i]/e.h.gain(level, i)
		low, high = min(low, v), max(high, v)
	}
	return low, high
}

// bound sets the range of values of metric i around the scaled value start, which is within
// the threshold. With exclude, the present value is not, and the range ends before it.
func (e *explainer) bound(out *Contribution, i int, start float64, exclude bool) {
	column := e.m.p.Scaler.Columns[i]
	span := column.Max - column.Min
	inside := column.Invert(start)
	low := min(column.Invert(e.edge(i, start, -1, exclude)), inside)
	high := max(column.Invert(e.edge(i, start, 1, exclude)), inside)
	floor := column.Min - span
	if column.Min >= 0 {
		floor = max(floor, 0)
	}
	// What the row itself shows, and what would clear it, lies outside what is ordinary, not
	// outside what can be.
	out.Low = max(low, min(floor, out.Value, inside))
	out.High = min(high, max(column.Max+span, out.Value, inside))
}

// edge searches from start in one direction (−1 or 1) for the farthest scaled value of
// metric i up to which the energy stays within the threshold. With exclude it does not jump
// over the present value.
func (e *explainer) edge(i int, start, direction float64, exclude bool) float64 {
	present := math.Inf(1) // how far away it is in this direction
	if d := (e.y[i] - start) * direction; exclude && d > 0 {
		present = d
	}
	inside, step := 0., .25
	for step < min(present, 1e6) && e.within(i, start+direction*step) {
		inside = step
		step *= 2
	}
	outside := min(step, present)
	for range 40 {
		mid := (inside + outside) / 2
		if e.within(i, start+direction*mid) {
			inside = mid
		} else {
			outside = mid
		}
	}
	// Clear of the rounding on the way to the metric's unit and back.
	return start + direction*inside - direction*1e-9*max(1, math.Abs(start+direction*inside))
}

// within reports whether the energy stays within the threshold with the scaled value v of
// metric i.
func (e *explainer) within(i int, v float64) bool {
	old := e.f[i]
	e.h.replace(e.f, i, v)
	energy := e.eval()
	e.h.replace(e.f, i, old)
	return energy <= e.m.p.Threshold
}

// maxPaired is how many of the largest causes are tried for a pair.
const maxPaired = 6

// pair returns the first metric and the one whose joint replacement with it brings the energy
// lowest, if it comes down to the threshold.
func (e *explainer) pair(causes []cause) (names [2]string) {
	causes = causes[:min(len(causes), maxPaired)]
	least := e.m.p.Threshold
	for _, c := range causes[1:] {
		if energy := e.jointly(causes[0], c); energy <= least {
			least = energy
			names = [2]string{e.m.p.Columns[causes[0].column], e.m.p.Columns[c.column]}
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
