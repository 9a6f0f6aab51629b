package dagmm

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/internal/format"
)

// Contribution is one metric's part in a row's energy.
type Contribution struct {
	Metric string
	// Share of the energy that replacing the metric takes away; shares sum to 1.
	Share float64
	Value float64 // of the row, in the metric's own unit
	// Low and High bound the metric's expected range in its own unit: the values with
	// which the row would not be anomalous, the other metrics as they are. Where no value
	// would do, the range of the middle 99 % of the training rows.
	Low, High float64
	// Conditional tells that Low and High take the other metrics into account.
	Conditional bool
	Constant    bool // the metric did not vary in training
}

// Explanation tells why a row has the energy it has.
type Explanation struct {
	Verdict       Verdict
	Contributions []Contribution // largest share first
	// Pair names the two metrics that only together bring the energy down to the
	// threshold, where no single one does; empty otherwise.
	Pair [2]string
	// Clears is the value of the first metric nearest to its present one at which the row
	// is no longer anomalous; NaN where there is none or the row is not anomalous.
	Clears float64
	// Usual bounds the middle 99 % of the first metric's training values, in its own unit. Both
	// are the constant of a metric that did not vary.
	Usual [2]float64
}

// Explain attributes the energy of one row to its metrics by conditional replacement:
// each metric in turn is set to its value in the training prototype nearest in the other
// metrics, and its contribution is the fall of the energy, clipped at 0. The result is
// written into dst (reused, allocated when nil), largest share first. Errors are Energy's.
func (m *Model) Explain(dst []Contribution, x []float64) ([]Contribution, error) {
	if m.HasContext() {
		return nil, fmt.Errorf("dagmm: explain: %w", ErrContext)
	}
	e, err := m.explain(x, newHistory(m.p.Context, len(m.p.Columns)))
	if err != nil {
		return nil, err
	}
	return append(dst[:0], e.Contributions...), nil
}

// ExplainSeries explains one row of x, whose rows are consecutive samples of one host:
// the rows before it give the context, where the model has any.
func (m *Model) ExplainSeries(x mat.Matrix, row int) (*Explanation, error) {
	n, d := x.Dims()
	if d != len(m.p.Columns) || row < 0 || row >= n {
		return nil, fmt.Errorf("dagmm: explain: row %d of %d rows of width %d, model of %d columns: %w", row, n, d, len(m.p.Columns), ErrWidth)
	}
	h := newHistory(m.p.Context, len(m.p.Columns))
	buf, y := make([]float64, d), make([]float64, len(m.p.Columns))
	first := 0
	if !m.HasContext() {
		first = row
	}
	for r := first; r < row; r++ {
		if _, err := m.checkRow("explain", mat.Row(buf, r, x), true); err != nil {
			return nil, fmt.Errorf("%w in row %d", err, r)
		}
		m.scale(y, buf)
		h.observe(y)
	}
	return m.explain(mat.Row(buf, row, x), h)
}

// ExplainAt explains the row x, in the metrics' own units, that followed the given context,
// where energies above threshold are anomalous. A nil past is an empty context. Together
// with Stream.Row and Stream.Past it explains a sample after the stream has gone on. A
// wrong width (ErrWidth), a value that is not finite (ErrNotFinite) or a context of another
// model (ErrState) is an error.
func (m *Model) ExplainAt(x []float64, past *Past, threshold float64) (*Explanation, error) {
	h, err := m.history(past)
	if err != nil {
		return nil, err
	}
	return m.withThreshold(threshold).explain(x, h)
}

// withThreshold returns a model to explain with that takes energies above t for anomalous.
func (m *Model) withThreshold(t float64) *Model {
	out := &Model{p: m.p, shares: m.shares}
	out.p.Threshold = t
	return out
}

// explainer holds one row under explanation.
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

// eval returns the energy of the features as they are.
func (e *explainer) eval() float64 {
	copy(e.s.features, e.f)
	return e.m.energies(e.s, 1)[0]
}

// at returns the energy with metric i at the scaled value v.
func (e *explainer) at(i int, v float64) float64 {
	e.h.replace(e.f, i, v)
	energy := e.eval()
	e.h.replace(e.f, i, e.y[i])
	return energy
}

// cause is one metric's replacement.
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

// causes returns the replacement of every metric, largest drop first.
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

func (e *explainer) cleared(causes []cause) bool {
	for _, c := range causes {
		if c.energy <= e.m.p.Threshold {
			return true
		}
	}
	return false
}

// jointCauses attributes a row that no single replacement clears: from the nearest
// prototype, how far does each metric's value alone raise the energy? Replacing one of
// several deviating metrics says little, since the others still fit no prototype.
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

// candidates are the scaled values of metric i that prototype p proposes: its own value
// and, with context, its deviations from the levels as they are now.
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

// nearest returns the prototype nearest to the features in all metrics but those to skip.
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

// contribution adds the expected range of a metric to its cause.
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
	low := column.Invert(e.edge(c.column, start, -1))
	high := column.Invert(e.edge(c.column, start, 1))
	floor := column.Min - span
	if column.Min >= 0 {
		floor = max(floor, 0)
	}
	// What the row itself shows lies outside what is ordinary, not outside what can be.
	out.Low = max(low, min(floor, out.Value))
	out.High = min(high, max(column.Max+span, out.Value))
	return out
}

// edge returns the scaled value of metric i farthest from start in one direction up to
// which the energy stays within the threshold.
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

// maxPaired bounds how many of the largest causes are tried in pairs.
const maxPaired = 6

// pair returns the two metrics whose joint replacement brings the energy lowest, if
// down to the threshold.
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

// String is one sentence for an operator.
func (e *Explanation) String() string {
	c := e.Contributions[0]
	value := fmt.Sprintf("%s is %s", c.Metric, format.Number(c.Value))
	if !e.Verdict.Anomalous {
		return fmt.Sprintf("not anomalous (energy %.4g, threshold %.4g)", e.Verdict.Energy, e.Verdict.Threshold)
	}
	switch {
	case c.Constant:
		return fmt.Sprintf("%s; it was constantly %s in training", value, format.Number(e.Usual[0]))
	case e.Pair[0] != "":
		return fmt.Sprintf("%s and %s together; neither alone explains it", e.Pair[0], e.Pair[1])
	case !c.Conditional:
		return fmt.Sprintf("several metrics at once, %s most: %s, usually %s to %s", c.Metric, format.Number(c.Value), format.Number(c.Low), format.Number(c.High))
	}
	s := fmt.Sprintf("%s, expected %s to %s", value, format.Number(c.Low), format.Number(c.High))
	if c.Value >= e.Usual[0] && c.Value <= e.Usual[1] {
		s += fmt.Sprintf(" with the other metrics as they are (usually %s to %s)", format.Number(e.Usual[0]), format.Number(e.Usual[1]))
	}
	return s
}
