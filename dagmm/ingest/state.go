package ingest

import (
	"fmt"
	"slices"
	"time"

	"github.com/metric-streams/anomaly/internal/counter"
)

// State is everything an Input remembers, in a form to be stored. Its field names and types
// are those of the stored state of a Monitor: they do not change when Input does.
type State struct {
	Newest           time.Time // latest time taken
	Passed           time.Time // time of the last sample passed on
	Waiting          []Sample  // in order of time
	Ahead            []Sample  // held back because they are far ahead, in the order they came
	LateFrom, LateTo time.Time // of the samples that came too late, one after the other
	Steps            [2]time.Duration
	Counters         []CounterState // one per metric
	Stats            Stats
}

// CounterState is what an Input remembers of one metric that is a counter.
type CounterState struct {
	Seen  bool
	Value float64
	At    time.Time
	Top   float64 // largest rate so far
	Most  float64 // largest value so far; 0 where the state is older than this field
}

// State returns a copy of what the Input remembers.
func (in *Input) State() State {
	out := State{Newest: in.newest, Passed: in.passed, Waiting: cloneSamples(in.waiting), Ahead: cloneSamples(in.ahead),
		LateFrom: in.late.from, LateTo: in.late.to, Steps: in.steps, Stats: in.stats}
	for _, c := range in.counters {
		out.Counters = append(out.Counters, CounterState(c.State()))
	}
	return out
}

// Resume makes an Input that goes on from a State. A State of another number of metrics is
// ErrState; other errors are those of New.
func Resume(columns []string, cfg Config, s State) (*Input, error) {
	in, err := New(columns, cfg)
	if err != nil {
		return nil, err
	}
	if len(s.Counters) != len(columns) {
		return nil, fmt.Errorf("ingest: state of %d metrics, want %d: %w", len(s.Counters), len(columns), ErrState)
	}
	for _, sample := range slices.Concat(s.Waiting, s.Ahead) {
		if len(sample.Values) != len(columns) {
			return nil, fmt.Errorf("ingest: state with a sample of %d values, want %d: %w", len(sample.Values), len(columns), ErrState)
		}
	}
	in.newest, in.passed, in.waiting, in.ahead = s.Newest, s.Passed, cloneSamples(s.Waiting), cloneSamples(s.Ahead)
	in.late, in.steps, in.stats = span{s.LateFrom, s.LateTo}, s.Steps, s.Stats
	for j, c := range s.Counters {
		in.counters[j] = counter.Resume(counter.State(c))
	}
	return in, nil
}

func cloneSamples(samples []Sample) []Sample {
	out := make([]Sample, len(samples))
	for i, s := range samples {
		out[i] = Sample{s.Time, slices.Clone(s.Values)}
	}
	return out
}
