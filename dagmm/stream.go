package dagmm

import (
	"fmt"
	"math"
	"slices"
)

// Stream scores one host's samples as they come and carries the model's context from
// sample to sample, with the same bits as Series. It belongs to one goroutine; several
// streams may share a model.
type Stream struct {
	m    *Model
	h    *history
	s    *scratch
	last *history  // context before the last sample, for Explain
	row  []float64 // the last sample, completed where it was imputed

	known   []float64 // last value of each metric; NaN before the first
	missing []int     // samples since each metric had a value
	seen    int       // samples in the context, up to ContextWarmUp
}

// ContextWarmUp is how many samples a Stream takes before its context means anything: the
// energies of a model with context are not to be relied on before that.
const ContextWarmUp = 20

// Stream starts a stream with empty context.
func (m *Model) Stream() *Stream {
	d := len(m.p.Columns)
	s := &Stream{m: m, s: m.newScratch(1), row: make([]float64, d), known: make([]float64, d), missing: make([]int, d)}
	s.Reset()
	return s
}

// Next scores the sample x, in the metrics' own units. A missing value (NaN) makes the
// Verdict's Energy NaN; the other metrics still enter the context. A wrong width (ErrWidth)
// or an infinite value (ErrNotFinite) is an error and leaves the stream as it was.
func (s *Stream) Next(x []float64) (Verdict, error) {
	if _, err := s.m.checkRow("stream", x, true); err != nil {
		return Verdict{}, err
	}
	return s.score(x, s.note(x) == len(x)), nil
}

// note remembers which metrics have a value and returns how many have.
func (s *Stream) note(x []float64) (present int) {
	for j, v := range x {
		if v != v {
			s.missing[j]++
			continue
		}
		s.known[j], s.missing[j] = v, 0
		present++
	}
	s.seen = min(s.seen+1, ContextWarmUp)
	return present
}

// score scores the sample, if it is complete, and takes it into the context.
func (s *Stream) score(x []float64, complete bool) Verdict {
	copy(s.row, x)
	s.keep()
	y := s.s.scaled
	s.m.scale(y, x)
	v := s.m.verdict(math.NaN())
	if complete {
		s.h.features(s.s.features, y)
		v = s.m.verdict(s.m.energies(s.s, 1)[0])
	}
	s.h.observe(y)
	return v
}

// keep remembers the context before the sample without allocating again.
func (s *Stream) keep() {
	if s.last == nil {
		s.last = s.h.clone()
		return
	}
	copy(s.last.seen, s.h.seen)
	copy(s.last.levels, s.h.levels)
	copy(s.last.previous, s.h.previous)
}

// Peek returns the energy that the sample x would have, without taking it into the
// context. A missing value is completed as Impute does. Errors are those of Next.
func (s *Stream) Peek(x []float64) (float64, error) {
	if _, err := s.m.checkRow("stream", x, true); err != nil {
		return 0, err
	}
	y := s.s.scaled
	s.m.scale(y, x)
	return s.complete(y, missingIn(y)), nil
}

// Skip takes the sample x into the context without scoring it. Errors are those of Next.
func (s *Stream) Skip(x []float64) error {
	if _, err := s.m.checkRow("stream", x, true); err != nil {
		return err
	}
	y := s.s.scaled
	s.m.scale(y, x)
	s.h.observe(y)
	for j, v := range x {
		if v == v {
			s.known[j] = v
		}
	}
	s.seen = min(s.seen+1, ContextWarmUp)
	return nil
}

// Reset starts the context afresh, as after a gap in the samples.
func (s *Stream) Reset() {
	s.h = newHistory(s.m.p.Context, len(s.m.p.Columns))
	s.seen = 0
	for j := range s.known {
		s.known[j] = math.NaN()
	}
}

// Warm reports whether the context has seen ContextWarmUp samples. The stream of a model
// without context is always warm.
func (s *Stream) Warm() bool { return !s.m.HasContext() || s.seen >= ContextWarmUp }

// Row returns a copy of the last sample as it was scored: where Impute completed it,
// missing values are replaced by those it assumed.
func (s *Stream) Row() []float64 { return slices.Clone(s.row) }

// Past returns a copy of the context before the last sample; nil before the first. With it
// and Row, Model.ExplainAt explains the sample later.
func (s *Stream) Past() *Past {
	if s.last == nil {
		return nil
	}
	return s.last.past()
}

// Explain explains the sample last given to Next or Impute.
func (s *Stream) Explain() (*Explanation, error) { return s.ExplainAt(s.m.p.Threshold) }

// ExplainAt is Explain with another threshold than the model's: energies above it are
// anomalous.
func (s *Stream) ExplainAt(threshold float64) (*Explanation, error) {
	if s.last == nil {
		return nil, errNothingToExplain
	}
	return s.m.withThreshold(threshold).explain(s.row, s.last)
}

// Latent returns the latent vector z of the sample scored last, as the mixtures of the
// model's i-th member see it. It is overwritten by the next sample.
func (s *Stream) Latent(i int) []float64 { return s.s.single.members[i].z }

// Use lets another model score from the next sample on, which differs from the stream's in
// nothing but its mixtures (Model.WithMixtures). The context stays.
func (s *Stream) Use(m *Model) { s.m, s.s = m, m.newScratch(1) }

// Past is the context at a moment: for each metric its recent levels and its previous
// value, all scaled.
type Past struct {
	Seen     []bool    // by metric: there are levels
	Levels   []float64 // level by level, each as wide as the metrics
	Previous []float64
}

// StreamState is what a Stream remembers, in a form to be stored.
type StreamState struct {
	Past    Past
	Known   []float64 // last value of each metric; NaN before the first
	Missing []int     // samples since each metric had a value
	Seen    int       // samples in the context, up to ContextWarmUp
}

// State returns a copy of what the stream remembers.
func (s *Stream) State() StreamState {
	return StreamState{Past: *s.h.past(), Known: slices.Clone(s.known), Missing: slices.Clone(s.missing), Seen: s.seen}
}

// Resume makes a stream that goes on from a state of the same model. A state of another
// model is ErrState.
func (m *Model) Resume(state StreamState) (*Stream, error) {
	s := m.Stream()
	if len(state.Known) != len(s.known) || len(state.Missing) != len(s.missing) {
		return nil, fmt.Errorf("dagmm: stream: state of %d metrics, model of %d columns: %w", len(state.Known), len(s.known), ErrState)
	}
	var err error
	if s.h, err = m.history(&state.Past); err != nil {
		return nil, err
	}
	copy(s.known, state.Known)
	copy(s.missing, state.Missing)
	s.seen = state.Seen
	return s, nil
}

// history makes the context of a Past; an empty one of nil.
func (m *Model) history(p *Past) (*history, error) {
	h := newHistory(m.p.Context, len(m.p.Columns))
	if p == nil {
		return h, nil
	}
	if len(p.Seen) != len(h.seen) || len(p.Levels) != len(h.levels) || len(p.Previous) != len(h.previous) {
		return nil, fmt.Errorf("dagmm: context of %d metrics with %d levels, model of %d columns with %d: %w",
			len(p.Seen), len(p.Levels), len(h.seen), len(h.levels), ErrState)
	}
	copy(h.seen, p.Seen)
	copy(h.levels, p.Levels)
	copy(h.previous, p.Previous)
	return h, nil
}

// past copies the context.
func (h *history) past() *Past {
	c := h.clone()
	return &Past{Seen: c.seen, Levels: c.levels, Previous: c.previous}
}
