package dagmm

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Blame tells which metrics made a row, or the first rows of an incident, anomalous, for a
// model with context. Three questions are asked of each metric, all relative to its recent
// level, which is what it was before: how much energy does its move bring alone (Alone), how
// much on average when it joins the moves of others (Shared, a Shapley value), and how large
// is the move in multiples of itself (Moved)? Each question ranks the metrics. The one with
// the best ranks together is to blame. One question alone errs: the first where metrics
// follow each other, the second where two metrics say the same, the third where a metric that
// is near zero doubles. Answers for several rows add up. The zero Blame is ready to use.
type Blame struct {
	Rows                 int       // that were added
	Alone, Shared, Moved []float64 // by metric
}

// BlameRows is how many anomalous rows of an incident say who is to blame: its onset. Later
// ones show what follows from it.
const BlameRows = 5

// blameOrders is in how many orders the metrics join each other for Shared: some at random,
// each also reversed.
const blameOrders = 16

// Add adds the sample last given to Next or Impute to b. For a model without context, whose
// metrics have no recent level, it does nothing. A Blame of another model is ErrState.
func (s *Stream) Add(b *Blame) error {
	if s.last == nil {
		return errNothingToExplain
	}
	if !s.m.HasContext() {
		return nil
	}
	if err := b.Check(len(s.m.p.Columns)); err != nil {
		return err
	}
	b.add(s.m.newExplainer(s.row, s.last))
	return nil
}

// Check reports a Blame that is not of a model of width metrics, as ErrState.
func (b *Blame) Check(width int) error {
	for _, v := range [][]float64{b.Alone, b.Shared, b.Moved} {
		if b.Rows == 0 && v == nil {
			continue
		}
		if b.Rows <= 0 || len(v) != width {
			return fmt.Errorf("dagmm: blame of %d metrics and %d rows, model of %d columns: %w", len(v), b.Rows, width, ErrState)
		}
		if slices.ContainsFunc(v, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }) {
			return fmt.Errorf("dagmm: blame that is not finite: %w", ErrState)
		}
	}
	return nil
}

// add adds the row of an explainer.
func (b *Blame) add(e *explainer) {
	w := len(e.y)
	if b.Rows == 0 {
		b.Alone, b.Shared, b.Moved = make([]float64, w), make([]float64, w), make([]float64, w)
	}
	b.Rows++
	bounded := e.m
	e.m = bounded.unbounded()
	defer func() { e.m = bounded }()
	before := make([]float64, w)
	for j := range before {
		before[j] = e.h.expected(j, len(e.h.alphas)-1)
	}
	e.set(before)
	base := e.eval()
	for j := range before {
		e.h.replace(e.f, j, e.y[j])
		b.Alone[j] = finite(b.Alone[j] + e.eval() - base)
		e.h.replace(e.f, j, before[j])
		b.Moved[j] += e.move(j, before[j])
	}
	e.shared(b.Shared, before, base)
	e.set(e.y)
}

// finite holds sums of energies, which are finite, below infinity.
func finite(v float64) float64 { return bounded(v, maxEnergy) }

// move returns by how many multiples of itself metric j has moved from its scaled level, as
// the logarithm of their ratio. Within the metric's usual spread it is linear instead.
func (e *explainer) move(j int, level float64) float64 {
	c := e.m.p.Scaler.Columns[j]
	unit := (c.High - c.Low) / 5
	if c.Constant {
		unit = c.Scale
	}
	unit = max(unit, math.SmallestNonzeroFloat64*0x1p60)
	return math.Abs(math.Asinh(finite(e.x[j]/unit)) - math.Asinh(finite(c.Invert(level)/unit)))
}

// shared adds to sum what each metric's move brings when it joins the moves of others, as a
// mean over several orders in which they do. The order is the same for all rows.
func (e *explainer) shared(sum, before []float64, base float64) {
	order := indices(0, len(sum))
	state := uint64(1)
	for n := range blameOrders {
		if n%2 == 1 {
			slices.Reverse(order)
		} else {
			for i := len(order) - 1; i > 0; i-- {
				state = state*6364136223846793005 + 1442695040888963407 // Knuth's generator
				k := int(state >> 33 % uint64(i+1))
				order[i], order[k] = order[k], order[i]
			}
		}
		e.set(before)
		last := base
		for _, j := range order {
			e.h.replace(e.f, j, e.y[j])
			energy := e.eval()
			sum[j] = finite(sum[j] + (energy-last)/blameOrders)
			last = energy
		}
	}
}

// order returns the metrics, the one to blame most first, and the part of each. group holds
// the number of each metric's group.
func (b *Blame) order(group []int) (columns []int, shares []float64) {
	points := make([]float64, len(b.Alone))
	for _, view := range [][]float64{b.Alone, b.Shared, b.Moved} {
		for rank, j := range ascending(view) {
			points[j] += float64(rank)
		}
	}
	columns = indices(0, len(points))
	slices.SortStableFunc(columns, func(i, j int) int {
		return cmp.Or(cmp.Compare(points[j], points[i]), cmp.Compare(b.Shared[j], b.Shared[i]))
	})
	shares = make([]float64, len(columns))
	most := max(slices.Max(b.Shared), math.SmallestNonzeroFloat64)
	var total float64
	for i, j := range columns {
		shares[i] = max(0, b.Shared[j]/most)
		total += shares[i]
	}
	for i := range shares {
		if total > 0 {
			shares[i] /= total
		} else {
			shares[i] = 1 / float64(len(shares))
		}
	}
	descend(shares)
	b.spread(columns, shares, group)
	return columns, shares
}

// ascending returns the indices of values, least value first.
func ascending(values []float64) []int {
	out := indices(0, len(values))
	slices.SortStableFunc(out, func(i, j int) int { return cmp.Compare(values[i], values[j]) })
	return out
}

// descend replaces shares that rise by their mean, as little as makes them descend (isotonic
// regression).
func descend(shares []float64) {
	type run struct {
		mean float64
		n    int
	}
	var runs []run
	for _, s := range shares {
		runs = append(runs, run{s, 1})
		for k := len(runs) - 1; k > 0 && runs[k].mean > runs[k-1].mean; k-- {
			a, b := runs[k-1], runs[k]
			n := a.n + b.n
			runs[k-1] = run{(a.mean*float64(a.n) + b.mean*float64(b.n)) / float64(n), n}
			runs = runs[:k]
		}
	}
	i := 0
	for _, r := range runs {
		for range r.n {
			shares[i] = r.mean
			i++
		}
	}
}
