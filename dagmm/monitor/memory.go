package monitor

import (
	"slices"
	"sort"
	"time"

	"gonum.org/v1/gonum/mat"
)

// memory keeps a stream's latest samples, and some of those before, in bounded space.
type memory struct {
	away     away      // samples before these; Monitor.recall brings them back
	times    []int64   // nanoseconds since 1970, rising
	values   []float64 // row by row
	incident []bool    // an alarm was open
	version  uint64    // changes with everything but new samples
}

// len returns the number of samples, at most, with those that are away.
func (w *memory) len() int { return w.away.rows + len(w.times) }

// first returns the time of the first sample, of which there is one.
func (w *memory) first() int64 {
	if w.away.rows > 0 {
		return w.away.first
	}
	return w.times[0]
}

// reaches reports whether a sample of time t or later is remembered.
func (w *memory) reaches(t time.Time) bool {
	n := len(w.times)
	if n == 0 {
		return w.away.rows > 0 && t.UnixNano() <= w.away.last
	}
	return t.UnixNano() <= w.times[n-1]
}

// add remembers a sample. It prunes where it is time to, unless samples are away.
func (w *memory) add(c WindowConfig, interval time.Duration, t time.Time, x []float64, incident bool) {
	w.times, w.values, w.incident = push(w.times, t.UnixNano()), push(w.values, x...), push(w.incident, incident)
	if w.full(c) && w.away.rows == 0 {
		w.prune(c, interval)
	}
}

// push appends the values of a row, and makes room for an eighth more rows where there is none:
// the builtin append would make it for a quarter more, or twice as many.
func push[T any](s []T, row ...T) []T {
	const fewest = 16
	if len(s)+len(row) > cap(s) {
		s = append(make([]T, 0, len(s)+len(s)/8+fewest*len(row)), s...)
	}
	return append(s, row...)
}

// full reports whether there are so many samples that it is time to prune.
func (w *memory) full(c WindowConfig) bool { return w.len() > c.rows()+c.rows()/4+16 }

// prune drops the samples that c does not ask for. None may be away.
func (w *memory) prune(c WindowConfig, interval time.Duration) {
	n := len(w.times)
	w.version++
	if n == 0 {
		return
	}
	width := len(w.values) / n
	oldest := w.times[n-1] - int64(c.Days)*int64(24*time.Hour)
	k := 0
	for i, t := range w.times {
		if i < n-c.Recent && (t < oldest || t%int64(time.Hour) >= int64(c.PerHour)*int64(interval)) {
			continue
		}
		w.times[k], w.incident[k] = t, w.incident[i]
		copy(w.values[k*width:(k+1)*width], w.values[i*width:(i+1)*width])
		k++
	}
	// Irregular streams may keep more than the bound allows: the oldest go.
	if drop := k - c.rows(); drop > 0 {
		copy(w.times, w.times[drop:k])
		copy(w.incident, w.incident[drop:k])
		copy(w.values, w.values[drop*width:k*width])
		k -= drop
	}
	w.times, w.incident, w.values = w.times[:k], w.incident[:k], w.values[:k*width]
}

// admit lets the samples from from to to, both included, be learned although an alarm was
// open.
func (w *memory) admit(from, to time.Time) {
	a, b := from.UnixNano(), to.UnixNano()
	w.version++
	if w.away.rows > 0 && a <= w.away.last {
		w.away.amends = append(w.away.amends, amendment{from: a, to: b})
	}
	for i, t := range w.times {
		if t >= a && t <= b {
			w.incident[i] = false
		}
	}
}

// before forgets the samples of t and later.
func (w *memory) before(t time.Time) {
	w.version++
	if at := t.UnixNano(); w.away.rows > 0 && at <= w.away.last {
		w.away.amends = append(w.away.amends, amendment{from: at, cut: true})
		w.away.last = at - 1
	}
	n := len(w.times)
	if n == 0 {
		return
	}
	k := sort.Search(n, func(i int) bool { return w.times[i] >= t.UnixNano() })
	w.times, w.incident, w.values = w.times[:k], w.incident[:k], w.values[:k*(len(w.values)/n)]
}

// rows returns the remembered samples, of which none may be away.
func (w *memory) rows() ([]time.Time, *mat.Dense) {
	n := len(w.times)
	if n == 0 {
		return nil, new(mat.Dense)
	}
	times := make([]time.Time, n)
	for i, t := range w.times {
		times[i] = time.Unix(0, t).UTC()
	}
	return times, mat.NewDense(n, len(w.values)/n, slices.Clone(w.values))
}

// WindowConfig bounds what a Monitor remembers of a stream for training. The zero
// WindowConfig keeps the last 1000 samples and, of the seven days before, 40 consecutive
// samples of each hour. The latest 1000 alone, a minute apart, are less than a day: every
// night would be new to a model that learned only them.
type WindowConfig struct {
	Recent  int // latest samples, of which all are kept; 0 means 1000
	Days    int // before those; 0 means 7, negative means none
	PerHour int // samples kept of each hour of Days, from the beginning of the hour; 0 means 40
	// Stored keeps in memory only the samples that have come since the last Save. The others are
	// read from the Store for a training, for Profile and Recent, and for the next Save. A host
	// then takes as much memory as its model and little more. While the Store cannot be read,
	// trainings fail and Recent returns only what is in memory. Without a Store it is ErrConfig.
	Stored bool
}

func (c WindowConfig) resolved() WindowConfig {
	setDefault(&c.Recent, 1000)
	setDefault(&c.Days, 7)
	setDefault(&c.PerHour, 40)
	c.Days = max(c.Days, 0)
	return c
}

func (c WindowConfig) rows() int { return c.Recent + c.Days*24*c.PerHour }
