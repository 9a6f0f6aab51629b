package ingest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/metric-streams/anomaly/internal/counter"
)

var (
	// ErrConfig reports a setting that is out of its range.
	ErrConfig = errors.New("invalid setting")
	// ErrWidth reports a sample that does not have one value per metric.
	ErrWidth = errors.New("wrong width")
	// ErrState reports a State of an Input for other metrics.
	ErrState = errors.New("unusable state")
)

// Config describes the samples that a collector sends. The zero Config passes samples on
// as they come and drops those that are not later than the last one.
type Config struct {
	// Lateness is how long a sample waits for earlier ones; 0 means not at all. Samples may
	// come in any order within it. A sample that comes later still is dropped and counted.
	Lateness time.Duration
	// Jump is how far ahead of the newest sample another one may be and pass at once. A sample
	// further ahead is held back. If another with a similar time follows, there was an outage
	// and both pass. If a sample of the usual time follows, a clock was wrong and the held
	// sample is dropped. 0 means an hour, or ten times the usual step between samples where
	// that is longer; a negative Jump lets every sample pass. Jump is at least Lateness.
	Jump time.Duration
	// Behind is for how long samples must come too late, though in order among themselves,
	// before the stream goes on from their time: the host's clock was ahead and has been set
	// right. 0 means six hours, or ten times the usual step where that is longer; negative
	// means never. A redelivery of old samples that lasts as long looks the same and passes a
	// second time.
	Behind time.Duration
	// Metrics holds rules for metrics by name. A metric without a rule is a gauge without
	// limits.
	Metrics map[string]Rule
}

// Rule describes one metric. The zero Rule is a gauge without limits.
type Rule struct {
	// Counter marks a running total. It is replaced by its increase per second, over the true
	// time between two samples. A counter that wraps at 2^32 or 2^64 goes on; one that starts
	// anew gives no value for that sample.
	Counter bool
	// Min and Max bound what is possible, where Min < Max. A value outside (the −1 or 101 by
	// which a collector says that it knows nothing) counts as missing.
	Min, Max float64
}

// Stats counts what happened to samples and values.
type Stats struct {
	Received  uint64 // samples taken
	Passed    uint64 // samples passed on
	Late      uint64 // samples dropped because they came too late, or again after they had been passed on
	Duplicate uint64 // samples merged with another of the same time
	Outliers  uint64 // samples dropped because their time was far ahead and the stream did not follow
	Rewinds   uint64 // times that the stream went on from an earlier time
	Invalid   uint64 // values that are infinite or outside Min and Max
	Wraps     uint64 // counters that wrapped at 2^32 or 2^64
	Resets    uint64 // counters that started anew
}

// Sample is one row of metrics at a time.
type Sample struct {
	Time   time.Time
	Values []float64 // one per metric; NaN is missing
}

// maxWaiting bounds the samples that wait for earlier ones.
const maxWaiting = 4096

// Input puts the samples of one stream in order and turns counters into rates. Within
// Config.Lateness its result depends neither on the order of arrival nor on duplicates.
// The times of the samples it returns rise, except where Stats.Rewinds counts. An Input
// belongs to one goroutine, and its memory is bounded.
type Input struct {
	columns []string
	cfg     Config
	rules   []Rule // one per column

	newest   time.Time        // latest time taken
	passed   time.Time        // time of the last sample passed on
	waiting  []Sample         // in order
	ahead    []Sample         // held back, in the order they came
	late     span             // of the samples that came too late, one after the other
	steps    [2]time.Duration // between the last samples passed on
	counters []counter.Counter
	stats    Stats
}

// span is a time from a first to a last sample; zero where there is none.
type span struct{ from, to time.Time }

// New makes an Input for rows of the named metrics. A negative Lateness or a rule for an
// unknown metric is ErrConfig.
func New(columns []string, cfg Config) (*Input, error) {
	if cfg.Lateness < 0 {
		return nil, fmt.Errorf("ingest: lateness %s: %w", cfg.Lateness, ErrConfig)
	}
	in := &Input{columns: slices.Clone(columns), cfg: cfg, rules: make([]Rule, len(columns))}
	for name, r := range cfg.Metrics {
		j := slices.Index(columns, name)
		if j < 0 {
			return nil, fmt.Errorf("ingest: rule for %q, which is not a metric: %w", name, ErrConfig)
		}
		in.rules[j] = r
	}
	in.counters = make([]counter.Counter, len(columns))
	return in, nil
}

// Stats returns the counts so far.
func (in *Input) Stats() Stats { return in.stats }

// Push takes the sample x of time t, one value per metric, and returns the samples that
// are ready to be scored, in the order of their times. A wrong width is an error
// (ErrWidth); nothing else is.
func (in *Input) Push(t time.Time, x []float64) ([]Sample, error) {
	if len(x) != len(in.columns) {
		return nil, fmt.Errorf("ingest: row of width %d, want %d: %w", len(x), len(in.columns), ErrWidth)
	}
	in.stats.Received++
	if in.jumps(t) && !in.confirms(t) {
		in.hold(t, x)
		return nil, nil
	}
	if in.wasSetBack(t) {
		in.rewind(t)
	}
	if !in.passed.IsZero() && !t.After(in.passed) {
		in.stats.Late++
		return nil, nil
	}
	in.settle(t)
	in.newest = later(in.newest, t)
	in.insert(t, x)
	return in.release(in.newest.Add(-in.cfg.Lateness)), nil
}

// insert puts the sample among those that wait.
func (in *Input) insert(t time.Time, x []float64) {
	w := in.waiting
	i := sort.Search(len(w), func(i int) bool { return !w[i].Time.Before(t) })
	if i < len(w) && w[i].Time.Equal(t) {
		in.merge(w[i], x)
		return
	}
	in.waiting = slices.Insert(w, i, Sample{t, slices.Clone(x)})
}

// merge fills in the values that a sample lacks from another one of the same time.
func (in *Input) merge(s Sample, x []float64) {
	in.stats.Duplicate++
	for j, v := range x {
		if s.Values[j] != s.Values[j] {
			s.Values[j] = v
		}
	}
}

// Due reports whether Advance(now) would return samples.
func (in *Input) Due(now time.Time) bool {
	return len(in.waiting) > 0 && !in.waiting[0].Time.After(now.Add(-in.cfg.Lateness))
}

// LastPassed returns the time of the last sample passed on; zero before the first.
func (in *Input) LastPassed() time.Time { return in.passed }

// Advance returns the samples that have waited long enough at time now.
func (in *Input) Advance(now time.Time) []Sample { return in.release(now.Add(-in.cfg.Lateness)) }

// Flush returns all samples that wait for earlier ones. A sample that is held back because
// it is far ahead stays held back.
func (in *Input) Flush() []Sample { return in.release(in.newest) }

func (in *Input) release(until time.Time) []Sample {
	n := sort.Search(len(in.waiting), func(i int) bool { return in.waiting[i].Time.After(until) })
	n = max(n, len(in.waiting)-maxWaiting)
	if n == 0 {
		return nil
	}
	out := slices.Clone(in.waiting[:n])
	in.waiting = slices.Delete(in.waiting, 0, n)
	in.stats.Passed += uint64(n)
	for _, sample := range out {
		in.step(sample.Time)
		in.clean(sample)
	}
	return out
}

// clean turns counters into rates and impossible values into NaN.
func (in *Input) clean(sample Sample) {
	for j, v := range sample.Values {
		r := in.rules[j]
		if math.IsInf(v, 0) || r.Min < r.Max && (v < r.Min || v > r.Max) {
			in.stats.Invalid++
			v = math.NaN()
		}
		if r.Counter {
			v = in.rate(j, sample.Time, v)
		}
		sample.Values[j] = v
	}
}

// rate returns the increase per second of metric j, a counter with the total v at time t.
func (in *Input) rate(j int, t time.Time, v float64) float64 {
	rate, outcome := in.counters[j].Next(counter.Approximate(v), t)
	switch outcome {
	case counter.Wrapped:
		in.stats.Wraps++
	case counter.Reset:
		in.stats.Resets++
	}
	return rate
}
