package dagmm

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"time"
)

// InputConfig describes the samples that come from a collector. The zero value passes
// samples on as they come, and drops those that are not later than the last.
type InputConfig struct {
	// Lateness is how long a sample waits for earlier ones; 0 is not at all. Samples within
	// it may come in any order; one that comes later still is dropped and counted.
	Lateness time.Duration
	// Jump is how far a sample may be ahead of the newest one and pass at once. One further
	// ahead is held back until another decides: one about as far ahead, and there was an
	// outage, and both pass; one where time goes on as before, and a clock was wrong, and the
	// sample is dropped. 0 means an hour, or ten times the usual step between samples where
	// that is longer; negative lets everything pass. It is never less than Lateness.
	Jump time.Duration
	// Behind is how long samples must come that are too late, though in order among
	// themselves, for the stream to go on from there: the host's clock was ahead and has been
	// set right. 0 means six hours, or ten times the usual step where that is longer; negative
	// is never. A redelivery of more than that looks the same and passes a second time.
	Behind time.Duration
	// Metrics describes metrics by name, where there is something to say.
	Metrics map[string]InputRule
}

// InputRule describes one metric. The zero value is a gauge without limits.
type InputRule struct {
	// Counter is a running total, and becomes its increase per second by the true time
	// between samples. A counter that wraps at 32 bits goes on; one that begins anew gives
	// no value for that sample.
	Counter bool
	// Min and Max bound what is possible, where Min < Max: anything else (the −1 or 101 by
	// which a collector says that it knows nothing) is missing.
	Min, Max float64
}

// InputStats counts what happened to samples and values.
type InputStats struct {
	Received  uint64 // samples
	Passed    uint64
	Late      uint64 // samples dropped: too late, or duplicates of one that has been passed
	Duplicate uint64 // samples merged with one of the same time
	Outliers  uint64 // samples dropped: their time was far ahead, and the stream did not follow
	Returns   uint64 // times that the stream went on from an earlier time
	Invalid   uint64 // values beyond Min and Max, or infinite
	Wraps     uint64 // counters
	Resets    uint64 // counters
}

// Sample is one row of metrics at a time.
type Sample struct {
	Time   time.Time
	Values []float64 // NaN is missing
}

// maxWaiting bounds the samples that wait for earlier ones.
const maxWaiting = 4096

// Input puts the samples of one stream into order and turns counters into rates. Within
// InputConfig.Lateness the result does not depend on the order of arrival or on
// duplicates. The times it returns rise, but where InputStats.Returns counts. It belongs
// to one goroutine; its memory is bounded.
type Input struct {
	columns []string
	cfg     InputConfig
	rules   []InputRule
	s       inputState
}

type inputState struct {
	Newest   time.Time        // taken
	Passed   time.Time        // last passed on
	Waiting  []Sample         // in order
	Ahead    []Sample         // held back, as they came
	Run      timeRange        // of samples that came too late, one after the other
	Steps    [2]time.Duration // between the last samples passed on
	Counters []counterState
	Stats    InputStats
}

type counterState struct {
	Seen  bool
	Value float64
	At    time.Time
	Top   float64 // largest rate so far
}

// NewInput makes an Input for rows of the named metrics.
func NewInput(columns []string, cfg InputConfig) (*Input, error) {
	if cfg.Lateness < 0 {
		return nil, fmt.Errorf("dagmm: input: lateness %s: %w", cfg.Lateness, ErrDetector)
	}
	in := &Input{columns: slices.Clone(columns), cfg: cfg, rules: make([]InputRule, len(columns))}
	for name, r := range cfg.Metrics {
		j := slices.Index(columns, name)
		if j < 0 {
			return nil, fmt.Errorf("dagmm: input: rule for %q, which is not a metric: %w", name, ErrDetector)
		}
		in.rules[j] = r
	}
	in.s.Counters = make([]counterState, len(columns))
	return in, nil
}

// Stats returns the counts so far.
func (in *Input) Stats() InputStats { return in.s.Stats }

// Push takes a sample and returns those whose turn has come, in the order of their
// times. A wrong width is an error; nothing else is.
func (in *Input) Push(t time.Time, x []float64) ([]Sample, error) {
	if len(x) != len(in.columns) {
		return nil, fmt.Errorf("dagmm: input: row of width %d, want %d: %w", len(x), len(in.columns), ErrWidth)
	}
	s := &in.s
	s.Stats.Received++
	if in.jumps(t) && !in.confirms(t) {
		in.hold(t, x)
		return nil, nil
	}
	if in.returns(t) {
		in.rewind(t)
	}
	if !s.Passed.IsZero() && !t.After(s.Passed) {
		s.Stats.Late++
		return nil, nil
	}
	in.settle(t)
	s.Newest = later(s.Newest, t)
	in.insert(t, x)
	return in.release(s.Newest.Add(-in.cfg.Lateness)), nil
}

// insert puts the sample among those that wait.
func (in *Input) insert(t time.Time, x []float64) {
	w := in.s.Waiting
	i := sort.Search(len(w), func(i int) bool { return !w[i].Time.Before(t) })
	if i < len(w) && w[i].Time.Equal(t) {
		in.merge(w[i], x)
		return
	}
	in.s.Waiting = slices.Insert(w, i, Sample{t, slices.Clone(x)})
}

// merge fills in what a sample lacks from another of the same time.
func (in *Input) merge(s Sample, x []float64) {
	in.s.Stats.Duplicate++
	for j, v := range x {
		if s.Values[j] != s.Values[j] {
			s.Values[j] = v
		}
	}
}

// Advance returns the samples whose turn has come because it is now.
func (in *Input) Advance(now time.Time) []Sample { return in.release(now.Add(-in.cfg.Lateness)) }

// Flush returns all samples that wait for earlier ones. One that is far ahead stays held
// back.
func (in *Input) Flush() []Sample { return in.release(in.s.Newest) }

func (in *Input) release(until time.Time) []Sample {
	s := &in.s
	n := sort.Search(len(s.Waiting), func(i int) bool { return s.Waiting[i].Time.After(until) })
	n = max(n, len(s.Waiting)-maxWaiting)
	if n == 0 {
		return nil
	}
	out := slices.Clone(s.Waiting[:n])
	s.Waiting = slices.Delete(s.Waiting, 0, n)
	s.Stats.Passed += uint64(n)
	for _, sample := range out {
		in.step(sample.Time)
		in.clean(sample)
	}
	return out
}

// clean makes rates of counters, and NaN of what is no value.
func (in *Input) clean(sample Sample) {
	for j, v := range sample.Values {
		r := in.rules[j]
		if math.IsInf(v, 0) || r.Min < r.Max && (v < r.Min || v > r.Max) {
			in.s.Stats.Invalid++
			v = nan
		}
		if r.Counter {
			v = in.rate(&in.s.Counters[j], sample.Time, v)
		}
		sample.Values[j] = v
	}
}

const wrap32 = 1 << 32

// rate returns the counter's increase per second since its last value.
func (in *Input) rate(c *counterState, t time.Time, v float64) float64 {
	if v != v {
		return nan // the next rate is the mean over the gap
	}
	last := *c
	c.Seen, c.Value, c.At = true, v, t
	if !last.Seen {
		return nan
	}
	seconds := t.Sub(last.At).Seconds()
	rate := (v - last.Value) / seconds
	if rate < 0 {
		// A wrap comes from near the limit, and looks like the steps before it.
		rate = (v - last.Value + wrap32) / seconds
		likely := rate <= 10*last.Top || last.Top == 0 && v-last.Value+wrap32 < wrap32/4
		if last.Value < wrap32/2 || last.Value >= wrap32 || !likely {
			in.s.Stats.Resets++
			return nan
		}
		in.s.Stats.Wraps++
	}
	c.Top = max(c.Top, rate)
	return rate
}
