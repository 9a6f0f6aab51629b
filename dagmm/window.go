package dagmm

import (
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

// Window is what a TrainFunc learns from: samples of one stream in the order of time.
type Window struct {
	Stream  string
	Columns []string
	Times   []time.Time
	X       *mat.Dense // one row per time; NaN is missing
	// Exclude marks rows to leave out of training, which still give context to the rows
	// after them: incidents, the first rows after a gap, and those that a new model is
	// judged by.
	Exclude  []bool
	Interval time.Duration
	// Number of the training, from 0: a seed, or part of one.
	Number uint64

	judged []bool // rows that the gate looks at
}

// window keeps a stream's samples in bounded memory. The fields are its state.
type window struct {
	Times    []int64 // nanoseconds
	X        []float64
	Incident []bool
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

// mark sets or clears the incident flag of the samples in [from, to].
func (w *window) mark(from, to time.Time, incident bool) {
	a, b := from.UnixNano(), to.UnixNano()
	for i, t := range w.Times {
		if t >= a && t <= b {
			w.Incident[i] = incident
		}
	}
}

const (
	maxExcluded = .1 // of a window's rows left out as incidents; more than that is how the host is
	judgedShare = .1 // newest rows that a new model is judged by
)

// training copies the window for a training. With judge its newest rows are left out for
// the gate.
func (w *window) training(columns []string, interval time.Duration, judge bool) *Window {
	n, d := len(w.Times), len(columns)
	out := &Window{Columns: columns, Times: make([]time.Time, n), Exclude: make([]bool, n), Interval: interval, judged: make([]bool, n)}
	out.X = mat.NewDense(n, d, append([]float64(nil), w.X...))
	left, fresh := int(maxExcluded*float64(n)), 0
	for i := n - 1; i >= 0; i-- {
		out.Times[i] = time.Unix(0, w.Times[i]).UTC()
		if w.Incident[i] && left > 0 {
			out.Exclude[i] = true
			left--
		}
	}
	for i := range n {
		if i > 0 && w.Times[i]-w.Times[i-1] > int64(interval)*3/2 {
			fresh = staleFor
		}
		if fresh > 0 {
			out.Exclude[i] = true
			fresh--
		}
		if judge && i >= n-int(judgedShare*float64(n)) && !out.Exclude[i] {
			out.judged[i], out.Exclude[i] = true, true
		}
	}
	return out
}

// leftOut tells that row r takes part in nothing: neither in training nor in judging.
func (w *Window) leftOut(r int) bool { return w.Exclude[r] && !w.judged[r] }

// blank makes a row missing.
func blank(row []float64) {
	for j := range row {
		row[j] = nan
	}
}
