package dagmm

import (
	"cmp"
	"math"
	"slices"
)

// beside looks for the metric that metric i goes with least: where the other metric has about
// its present value, the typical rows have metric i elsewhere. The result is zero where no
// pair of metrics is unusual.
func (e *explainer) beside(i int) (out Beside) {
	if !e.typical(i) {
		return out // beside any other metric
	}
	rows := make([]near, e.m.prototypes.n)
	furthest := 0.
	for k, c := range e.m.p.Scaler.Columns {
		if k == i || c.Constant || !e.typical(k) {
			continue
		}
		low, high := e.there(rows, i, k)
		if gap := max(low-e.y[i], e.y[i]-high); gap > furthest {
			furthest = gap
			own := e.m.p.Scaler.Columns[i]
			out = Beside{Metric: e.m.p.Columns[k], Value: e.x[k], Low: own.Invert(low), High: own.Invert(high)}
		}
	}
	// Rounding on the way to the metric's unit must not move the value in.
	if v := e.x[i]; v >= out.Low && v <= out.High {
		return Beside{}
	}
	return out
}

// near is a typical row: how far its metric k is from the present value, and its metric i.
type near struct{ distance, value float64 }

// besideShare: one of so many typical rows counts as having about the same value.
const besideShare = 4

// typical reports whether the typical rows reach as far as the present value of metric i.
func (e *explainer) typical(i int) bool {
	least, most := math.Inf(1), math.Inf(-1)
	for _, p := range e.m.prototypes.all() {
		least, most = min(least, p[i]), max(most, p[i])
	}
	return e.y[i] >= least && e.y[i] <= most
}

// there returns the range of metric i, scaled, in the typical rows whose metric k is nearest to
// the present value.
func (e *explainer) there(rows []near, i, k int) (low, high float64) {
	for n, p := range e.m.prototypes.all() {
		rows[n] = near{math.Abs(p[k] - e.y[k]), p[i]}
	}
	slices.SortFunc(rows, func(a, b near) int { return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.value, b.value)) })
	low, high = math.Inf(1), math.Inf(-1)
	for _, r := range rows[:(len(rows)+besideShare-1)/besideShare] {
		low, high = min(low, r.value), max(high, r.value)
	}
	return low, high
}
