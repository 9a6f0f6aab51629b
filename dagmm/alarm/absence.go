package alarm

import (
	"slices"
	"time"
)

// absences knows which metrics have stopped coming although others of the stream come.
type absences struct {
	seen  []bool      // the metric has had a value
	since []time.Time // of the first sample without one; zero while it has values
	told  []bool      // MetricMissing was sent
}

func newAbsences(width int) absences {
	return absences{make([]bool, width), make([]time.Time, width), make([]bool, width)}
}

// watchAbsence takes the sample x, of which something was scored. Time in which nothing came
// at all does not count: afresh says that this sample is the first after such a time.
func (d *Detector) watchAbsence(t time.Time, x []float64, afresh bool) {
	a := &d.absences
	for j, v := range x {
		switch {
		case v == v:
			if a.told[j] {
				d.emitMetric(Event{Kind: MetricResumed, Time: t, Metric: d.columns[j], Detail: after(t, a.since[j])})
			}
			a.seen[j], a.told[j], a.since[j] = true, false, time.Time{}
		case !a.seen[j] || a.told[j]:
		case afresh || a.since[j].IsZero():
			a.since[j] = t
		case t.Sub(a.since[j]) >= d.cfg.NoData && !d.values.absent(j) && !d.expects(t):
			a.told[j] = true
			d.emitMetric(Event{Kind: MetricMissing, Time: t, Metric: d.columns[j], Detail: "no value since " + stamp(a.since[j]) + " although others come"})
		}
	}
}

// after says how much time has passed; nothing where it is not known.
func after(t, since time.Time) string {
	if since.IsZero() {
		return ""
	}
	return "after " + t.Sub(since).String()
}

// rewind forgets all times.
func (a *absences) rewind() { clear(a.since) }

// Learned returns the row x as a model knows it in whose training some metrics were absent:
// those with a longest run of 0 (Training.Longest) are 0 whatever they hold, or NaN where
// nothing else has a value. Without any it is x itself.
func Learned(longest []int, x []float64) []float64 {
	if len(longest) != len(x) || !slices.Contains(longest, 0) {
		return x
	}
	value := noValue
	for j, n := range longest {
		if n != 0 && x[j] == x[j] {
			value = 0
		}
	}
	y := slices.Clone(x)
	for j, n := range longest {
		if n == 0 {
			y[j] = value
		}
	}
	return y
}
