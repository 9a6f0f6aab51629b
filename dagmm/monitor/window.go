package monitor

import (
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
)

// Window is what a TrainFunc learns from: samples of one stream in the order of time. It is
// a copy made for one training, which the stream does not touch. Any number of goroutines
// may read it. Treat it as read-only, because the new model is judged by the same rows.
type Window struct {
	Stream  string
	Columns []string
	Times   []time.Time
	X       *mat.Dense // one row per time; NaN is missing, and a metric with hardly any values is 0
	// Exclude marks rows to leave out of training. They still give context to the rows after
	// them. These are rows in incidents, rows without a value, the first rows after a gap, rows
	// that the new model is judged by, and most of the rows before a change that has lasted,
	// so that they do not outnumber the rows since.
	Exclude  []bool
	Interval time.Duration
	// Number of the stream's training, from 0. Use it as a seed, or as part of one.
	Number uint64
	// Model is the one in use, from which a training may start; nil for the first.
	Model *dagmm.Model

	changed time.Time // when the host changed for good; zero for never

	out    []bool // rows that take no part, neither in training nor in judging
	judged []bool // rows that the gate judges a new model by
}

const (
	maxExcluded  = .1  // of a window's rows may stay out because an alarm was open; beyond that the host is so
	judgedShare  = .1  // of a window's rows, about, judge a new model
	judgedBlock  = 30  // rows in a row are judged, and as many after them learned
	fewestRows   = 10  // to learn from, and to be judged by
	changedShare = .2  // of the learned rows, at least, came since the host changed for good
	fewestBefore = 500 // rows before that change are learned, where there are as many
)

// window copies the memory for a training. known marks incidents that somebody has named:
// they stay out whatever their number.
func (w *memory) window(columns []string, interval time.Duration, known []bool) *Window {
	times, x := w.rows()
	n := len(times)
	out := &Window{Columns: columns, Times: times, X: x, Interval: interval, out: known, judged: make([]bool, n)}
	left, fresh := int(maxExcluded*float64(n)), 0
	for i := n - 1; i >= 0; i-- {
		if w.incident[i] && !out.out[i] && left > 0 {
			out.out[i] = true
			left--
		}
	}
	for i := range n {
		if i > 0 && w.times[i]-w.times[i-1] > int64(interval)*3/2 {
			fresh = dagmm.ContextWarmUp
		}
		out.out[i] = out.out[i] || fresh > 0 || empty(out.X.RawRowView(i))
		fresh = max(fresh-1, 0)
	}
	out.Exclude = slices.Clone(out.out)
	return out
}

// hold keeps rows from training for the gate: every second block of the newest rows. A new
// model then learns how the host is now, and is judged by rows of now that it has not seen.
// Most of them lie further from those it has seen than the context lasts.
func (w *Window) hold() {
	n, usable := len(w.out), 0
	for _, out := range w.out {
		if !out {
			usable++
		}
	}
	held := min(max(int(judgedShare*float64(n)), fewestRows), usable/2)
	block := min(judgedBlock, held)
	for i, k := n-1, 0; i >= 0 && k < 2*held; i-- {
		if w.out[i] {
			continue
		}
		if k/block%2 == 0 {
			w.judged[i], w.Exclude[i] = true, true
		}
		k++
	}
}

// favour leaves out rows before a change until those since are changedShare of what is
// learned: a few hours among the rows of a week would be outliers. The rows that stay are
// spread evenly.
func (w *Window) favour(change time.Time) {
	var before, since int
	for i, t := range w.Times {
		switch {
		case w.Exclude[i]:
		case t.Before(change):
			before++
		default:
			since++
		}
	}
	keep := max(fewestBefore, int(float64(since)*(1-changedShare)/changedShare))
	if since == 0 || keep >= before {
		return
	}
	k := 0
	for i, t := range w.Times {
		if w.Exclude[i] || !t.Before(change) {
			continue
		}
		w.Exclude[i] = k*keep/before == (k+1)*keep/before
		k++
	}
}

// span returns for how long the host has been as it is, as far as the window goes back.
func (w *Window) span() time.Duration {
	if len(w.Times) == 0 {
		return 0
	}
	return w.Times[len(w.Times)-1].Sub(later(w.Times[0], w.changed))
}

// blank makes every value of a row missing.
func blank(row []float64) {
	for j := range row {
		row[j] = math.NaN()
	}
}

// empty reports whether a row has no value.
func empty(row []float64) bool {
	return !slices.ContainsFunc(row, func(v float64) bool { return v == v })
}

// check reports that there is too little to learn from (ErrShort).
func (w *Window) check() error {
	left := 0
	for _, out := range w.Exclude {
		if !out {
			left++
		}
	}
	if left >= fewestRows {
		return nil
	}
	return fmt.Errorf("monitor: %d rows left of %d, need %d: the others lie in incidents, have no value, or are among the %d after a gap of more than 1.5 intervals of %s: %w",
		left, len(w.Exclude), fewestRows, dagmm.ContextWarmUp, w.Interval, ErrShort)
}

// pace returns a remark for the report where the newest samples come at another interval
// than the configuration says; "" otherwise.
func (w *Window) pace() string {
	const newest = 100
	times := w.Times[max(0, len(w.Times)-newest):]
	var steps []time.Duration
	for i := 1; i < len(times); i++ {
		steps = append(steps, times[i].Sub(times[i-1]))
	}
	if len(steps) == 0 {
		return ""
	}
	slices.Sort(steps)
	median := steps[len(steps)/2]
	if 2*median <= 3*w.Interval && 3*median >= 2*w.Interval {
		return ""
	}
	return fmt.Sprintf("; samples come every %s, but Config.Interval is %s", median, w.Interval)
}
