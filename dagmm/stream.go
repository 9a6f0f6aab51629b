package dagmm

import (
	"math"
	"slices"
)

// Stream scores one host's samples as they come and carries the model's context from
// sample to sample, with the same bits as Series. It belongs to one goroutine; several
// streams may share a model.
type Stream struct {
	m    *Model
	h    *history
	s    *scratch  // while a sample is scored; all the time where Latent is used
	own  bool      // s is kept
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
	s := &Stream{m: m, row: make([]float64, d), known: make([]float64, d), missing: make([]int, d)}
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

// begin lends the stream memory to score in, until end.
func (s *Stream) begin() {
	if s.s == nil {
		s.s = s.m.borrow()
	}
}

func (s *Stream) end() {
	if !s.own {
		s.m.giveBack(s.s)
		s.s = nil
	}
}

// score scores the sample, if it is complete, and takes it into the context.
func (s *Stream) score(x []float64, complete bool) Verdict {
	s.begin()
	defer s.end()
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

// Skip takes the sample x into the context without scoring it. Errors are those of Next.
func (s *Stream) Skip(x []float64) error {
	if _, err := s.m.checkRow("stream", x, true); err != nil {
		return err
	}
	s.begin()
	y := s.s.scaled
	s.m.scale(y, x)
	s.h.observe(y)
	s.end()
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
	s.h = newHistory(s.m.p.RecentLevels, len(s.m.p.Columns))
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

// Latent returns the latent vector z of the sample scored last, as the mixtures of the
// model's i-th member see it. It is overwritten by the next sample.
func (s *Stream) Latent(i int) []float64 {
	if !s.own {
		// Few streams are asked, so that only those keep the memory that they were scored in.
		s.s, s.own = s.m.newScratch(1), true
		s.again()
	}
	return s.s.single.members[i].z
}

// again scores the last sample, if it had a score, as it was.
func (s *Stream) again() {
	if s.last == nil || len(missingIn(s.row)) > 0 {
		return
	}
	s.m.scale(s.s.scaled, s.row)
	s.last.features(s.s.features, s.s.scaled)
	s.m.energies(s.s, 1)
}

// Use lets another model score from the next sample on, which differs from the stream's in
// nothing but its mixtures (Model.WithMixtures). The context stays.
func (s *Stream) Use(m *Model) {
	s.m = m
	if s.own {
		s.s = m.newScratch(1)
	}
}
