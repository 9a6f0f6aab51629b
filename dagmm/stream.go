package dagmm

// Stream scores one host's samples as they come and carries the model's context from
// sample to sample, with the same bits as Series. It belongs to one goroutine; several
// streams may share a model.
type Stream struct {
	m    *Model
	h    *history
	s    *scratch
	last *history  // context before the last sample, for Explain
	row  []float64 // the last sample
}

// Stream starts a stream with empty context.
func (m *Model) Stream() *Stream {
	return &Stream{m: m, h: newHistory(m.p.Context, len(m.p.Columns)), s: m.newScratch(1), row: make([]float64, len(m.p.Columns))}
}

// Next scores the sample x, in the metrics' own units. A missing value (NaN) makes the
// Verdict's Energy NaN; the other metrics still enter the context. A wrong width or an
// infinite value is an error and leaves the stream as it was.
func (s *Stream) Next(x []float64) (Verdict, error) {
	complete, err := s.m.checkRow("stream", x, true)
	if err != nil {
		return Verdict{}, err
	}
	copy(s.row, x)
	s.keep()
	y := s.s.scaled
	s.m.scale(y, x)
	v := s.m.verdict(nan)
	if complete {
		s.h.features(s.s.features, y)
		v = s.m.verdict(s.m.energies(s.s, 1)[0])
	}
	s.h.observe(y)
	return v, nil
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

// Explain explains the sample last given to Next.
func (s *Stream) Explain() (*Explanation, error) {
	if s.last == nil {
		return nil, errNothingToExplain
	}
	return s.m.explain(s.row, s.last)
}
