package dagmm

import (
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"
)

// A metric that a stream hardly ever reports would leave no complete row to learn from.
// Such a metric is absent: constantly 0 in training and at scoring, so that it says
// nothing, until a later training sees values. Its run among the longest runs of equal
// values is 0.

const absentShare = .1 // of a window's rows: a metric with fewer values is absent

// runs returns the longest run of equal values of every metric, 0 where it is absent.
func (w *Window) runs() []int {
	longest := longestRuns(w.X)
	values, rows := make([]float64, len(longest)), 0.
	for r, out := range w.out {
		if out {
			continue
		}
		rows++
		for j, v := range w.X.RawRowView(r) {
			if v == v {
				values[j]++
			}
		}
	}
	for j, n := range values {
		if n < absentShare*rows {
			longest[j] = 0
		}
	}
	return longest
}

// learned returns the row x as a model was trained that knows these runs; x itself where
// no metric was absent.
func learned(x []float64, longest []int) []float64 {
	if !slices.Contains(longest, 0) {
		return x
	}
	y := slices.Clone(x)
	fill(y, longest, nan)
	if !empty(y) { // a row without a value stays one
		fill(y, longest, 0)
	}
	return y
}

func fill(x []float64, longest []int, value float64) {
	for j, n := range longest {
		if n == 0 {
			x[j] = value
		}
	}
}

// learned returns the window with its rows as they are learned, and for the report which
// metrics are absent.
func (w *Window) learned(longest []int) (learnable *Window, why string) {
	if !slices.Contains(longest, 0) {
		return w, ""
	}
	out := *w
	out.X = mat.DenseCopyOf(w.X)
	var names []string
	for r := range w.Times {
		out.X.SetRow(r, learned(w.X.RawRowView(r), longest))
	}
	for j, n := range longest {
		if n == 0 {
			names = append(names, w.Columns[j])
		}
	}
	return &out, "; without " + strings.Join(names, ", ") + ": almost no values"
}
