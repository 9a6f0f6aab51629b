package dagmm

import (
	"fmt"
	"math"
	"slices"
)

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
// model, or one that no stream has, is ErrState.
func (m *Model) Resume(state StreamState) (*Stream, error) {
	s := m.Stream()
	if len(state.Known) != len(s.known) || len(state.Missing) != len(s.missing) {
		return nil, fmt.Errorf("dagmm: stream: state of %d metrics, model of %d columns: %w", len(state.Known), len(s.known), ErrState)
	}
	if slices.ContainsFunc(state.Known, func(v float64) bool { return math.IsInf(v, 0) }) {
		return nil, fmt.Errorf("dagmm: stream: state with an infinite last value: %w", ErrState)
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
	h := newHistory(m.p.RecentLevels, len(m.p.Columns))
	if p == nil {
		return h, nil
	}
	if len(p.Seen) != len(h.seen) || len(p.Levels) != len(h.levels) || len(p.Previous) != len(h.previous) {
		return nil, fmt.Errorf("dagmm: context of %d metrics with %d levels, model of %d columns with %d: %w",
			len(p.Seen), len(p.Levels), len(h.seen), len(h.levels), ErrState)
	}
	for _, values := range [][]float64{p.Levels, p.Previous} {
		if slices.ContainsFunc(values, func(v float64) bool { return !(math.Abs(v) <= limit) }) {
			return nil, fmt.Errorf("dagmm: context with a scaled value that is not between ±%g: %w", limit, ErrState)
		}
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

// Past returns a copy of the context before the last sample; nil before the first. With it
// and Row, Model.ExplainAt explains the sample later.
func (s *Stream) Past() *Past {
	if s.last == nil {
		return nil
	}
	return s.last.past()
}

// PeekAt returns the energy that the sample x, which has no missing value, would have if the
// context were past. It leaves the stream as it is. Errors are those of Next, and ErrState for
// a past of another model.
func (s *Stream) PeekAt(past *Past, x []float64) (float64, error) {
	if _, err := s.m.checkRow("stream", x, false); err != nil {
		return 0, err
	}
	h, err := s.m.history(past)
	if err != nil {
		return 0, err
	}
	s.begin()
	defer s.end()
	y := s.s.scaled
	s.m.scale(y, x)
	h.features(s.s.features, y)
	return s.m.energies(s.s, 1)[0], nil
}

// Return sets the context back to past, as if the samples since had not come. A past of another
// model is ErrState.
func (s *Stream) Return(past *Past) error {
	h, err := s.m.history(past)
	if err == nil {
		s.h = h
	}
	return err
}
