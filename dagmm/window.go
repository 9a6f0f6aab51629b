package dagmm

import (
	"fmt"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"
)

// WindowConfig bounds what a Monitor remembers of a stream for training. The zero value
// keeps the last 1000 samples and, of the seven days before, 40 consecutive ones of each
// hour: 1000 samples a minute apart are less than a day, and every night would be new.
type WindowConfig struct {
	Recent  int // latest samples, all of them; 0 means 1000
	Days    int // 0 means 7, negative none: the last Recent samples only
	PerHour int // of each hour of Days, from its beginning; 0 means 40
}

func (c WindowConfig) resolved() WindowConfig {
	def := func(v *int, value int) {
		if *v == 0 {
			*v = value
		}
	}
	def(&c.Recent, 1000)
	def(&c.Days, 7)
	def(&c.PerHour, 40)
	c.Days = max(c.Days, 0)
	return c
}

func (c WindowConfig) rows() int { return c.Recent + c.Days*24*c.PerHour }

// Window is what a TrainFunc learns from: samples of one stream in the order of time. It is
// a copy that the stream does not touch, made for one training. Any number of goroutines
// may read it, and none may write to it: the new model is judged by the same rows.
type Window struct {
	Stream  string
	Columns []string
	Times   []time.Time
	X       *mat.Dense // one row per time; NaN is missing, a metric that has hardly any values is 0
	// Exclude marks rows to leave out of training, which still give context to the rows
	// after them: incidents, rows without a value, the first ones after a gap, those that a
	// new model is judged by, and most of those before a change that has persisted, so that
	// what came after it is not drowned.
	Exclude  []bool
	Interval time.Duration
	// Number of the training, from 0: a seed, or part of one.
	Number uint64

	out    []bool // rows that take part in nothing: neither in training nor in judging
	judged []bool // rows that the gate looks at
}

// window keeps a stream's samples in bounded memory. The fields are its state.
type window struct {
	Times    []int64 // nanoseconds
	X        []float64
	Incident []bool // an alarm was open
}

func (w *window) add(c WindowConfig, interval time.Duration, t time.Time, x []float64, incident bool) {
	w.Times = append(w.Times, t.UnixNano())
	w.X = append(w.X, x...)
	w.Incident = append(w.Incident, incident)
	if len(w.Times) > c.rows()+c.rows()/4+16 {
		w.prune(c, interval)
	}
}

// prune drops the samples that c does not ask for.
func (w *window) prune(c WindowConfig, interval time.Duration) {
	n := len(w.Times)
	if n == 0 {
		return
	}
	width := len(w.X) / n
	oldest := w.Times[n-1] - int64(c.Days)*int64(24*time.Hour)
	k := 0
	for i, t := range w.Times {
		if i < n-c.Recent && (t < oldest || t%int64(time.Hour) >= int64(c.PerHour)*int64(interval)) {
			continue
		}
		w.Times[k], w.Incident[k] = t, w.Incident[i]
		copy(w.X[k*width:(k+1)*width], w.X[i*width:(i+1)*width])
		k++
	}
	// Irregular streams may keep more than the bound: the oldest go.
	if drop := k - c.rows(); drop > 0 {
		copy(w.Times, w.Times[drop:k])
		copy(w.Incident, w.Incident[drop:k])
		copy(w.X, w.X[drop*width:k*width])
		k -= drop
	}
	w.Times, w.Incident, w.X = w.Times[:k], w.Incident[:k], w.X[:k*width]
}

// admit lets the samples in [from, to] be learned although an alarm was open.
func (w *window) admit(from, to time.Time) {
	a, b := from.UnixNano(), to.UnixNano()
	for i, t := range w.Times {
		if t >= a && t <= b {
			w.Incident[i] = false
		}
	}
}

const (
	maxExcluded  = .1 // of a window's rows left out because an alarm was open; more than that is how the host is
	judgedShare  = .1 // of a window's rows, about: those that a new model is judged by
	judgedBlock  = 30 // rows in a row that are judged, and after them learned
	fewestRows   = 10 // to learn from, and to be judged by
	changedShare = .2 // of the learned rows, at least: those since the host changed for good
	fewestBefore = 500
)

// training copies the window for a training. known marks incidents that somebody has named:
// they stay out whatever their number.
func (w *window) training(columns []string, interval time.Duration, known []bool) *Window {
	n, d := len(w.Times), len(columns)
	out := &Window{Columns: columns, Times: make([]time.Time, n), Interval: interval, out: known, judged: make([]bool, n)}
	out.X = mat.NewDense(n, d, append([]float64(nil), w.X...))
	left, fresh := int(maxExcluded*float64(n)), 0
	for i := n - 1; i >= 0; i-- {
		out.Times[i] = time.Unix(0, w.Times[i]).UTC()
		if w.Incident[i] && !out.out[i] && left > 0 {
			out.out[i] = true
			left--
		}
	}
	for i := range n {
		if i > 0 && w.Times[i]-w.Times[i-1] > int64(interval)*3/2 {
			fresh = staleFor
		}
		out.out[i] = out.out[i] || fresh > 0 || empty(out.X.RawRowView(i))
		fresh = max(fresh-1, 0)
	}
	out.Exclude = slices.Clone(out.out)
	return out
}

// hold keeps rows from training for the gate: every second block of the newest ones. A new
// model so learns how the host is now and is judged on rows of now that it has not seen,
// most of them further from those it has than context lasts.
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

// favour leaves out so many of the rows before a change that those since are changedShare
// of what is learned: a few hours among the rows of a week would be its outliers. Those
// that stay are spread evenly.
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

// blank makes a row missing.
func blank(row []float64) {
	for j := range row {
		row[j] = nan
	}
}

func empty(row []float64) bool {
	return !slices.ContainsFunc(row, func(v float64) bool { return v == v })
}

// check tells when there is too little to learn from.
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
	return fmt.Errorf("dagmm: monitor: %d rows left of %d, need %d: the others lie in incidents, have no value, or are among the %d after a gap of more than 1.5 intervals of %s: %w",
		left, len(w.Exclude), fewestRows, staleFor, w.Interval, ErrShort)
}

// pace tells of samples that come at another interval than the configuration says, as the
// newest ones show.
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
	return fmt.Sprintf("; samples come every %s, but MonitorConfig.Interval is %s", median, w.Interval)
}
