package monitor

import (
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

// A metric that a stream hardly ever reports would leave no complete row to learn from.
// Such a metric is absent: it is constantly 0 in training and at scoring, so that it says
// nothing, until a later training sees values.

const absentShare = .1 // of a window's rows: a metric with fewer values is absent

// metricRun is what a training knows of the values of one metric.
type metricRun struct {
	absent  bool
	longest int // run of equal values; 0 where absent
}

// metricRuns holds a metricRun for every column.
type metricRuns []metricRun

// runs returns what the window shows of every metric.
func (w *Window) runs() metricRuns {
	out := make(metricRuns, len(w.Columns))
	values, rows := make([]float64, len(out)), 0.
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
	for j, n := range alarm.LongestRuns(w.X) {
		out[j] = metricRun{longest: n}
		if values[j] < absentShare*rows {
			out[j] = metricRun{absent: true}
		}
	}
	return out
}

// longest returns the longest run of every metric.
func (m metricRuns) longest() []int {
	if m == nil {
		return nil
	}
	out := make([]int, len(m))
	for j, r := range m {
		out[j] = r.longest
	}
	return out
}

func (m metricRuns) anyAbsent() bool {
	return slices.ContainsFunc(m, func(r metricRun) bool { return r.absent })
}

// learned returns the row x as a model knows it that was trained with these metrics; x
// itself where none was absent.
func (m metricRuns) learned(x []float64) []float64 {
	if !m.anyAbsent() {
		return x
	}
	return alarm.Learned(m.longest(), x)
}

// learned returns the window with its rows as they are learned, and for the report which
// metrics are absent.
func (w *Window) learned(metrics metricRuns) (learnable *Window, why string) {
	if !metrics.anyAbsent() {
		return w, ""
	}
	out := *w
	out.X = mat.DenseCopyOf(w.X)
	var names []string
	for r := range w.Times {
		out.X.SetRow(r, metrics.learned(w.X.RawRowView(r)))
	}
	for j, m := range metrics {
		if m.absent {
			names = append(names, w.Columns[j])
		}
	}
	return &out, "; without " + strings.Join(names, ", ") + ": almost no values"
}
