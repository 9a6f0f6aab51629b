package monitor

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/season"
)

// Push takes the sample x of a stream at time t, in the metrics' own units, NaN where a
// value is missing. Samples that are late or come twice are dropped and counted. A wrong
// width (dagmm.ErrWidth), a failure to write the journal, or a closed Monitor (ErrClosed)
// is an error, and the sample is then not taken. A failure to journal that events have been
// handled is not an error: it is tried again with the next sample, and if the process dies
// before, those events come again with the same Seq.
func (m *Monitor) Push(id string, t time.Time, x []float64) error {
	if len(x) != len(m.cfg.Columns) {
		return fmt.Errorf("monitor: stream %q: row of width %d, want %d: %w", id, len(x), len(m.cfg.Columns), dagmm.ErrWidth)
	}
	return m.on(id, func(s *stream) error { return m.push(s, t, x) })
}

func (m *Monitor) push(s *stream, t time.Time, x []float64) error {
	if err := m.takeOutcome(s); err != nil {
		return err
	}
	if m.journal != nil {
		n, err := m.journal.sample(s.id, t, x)
		if err != nil {
			return err
		}
		s.applied = n
	}
	return m.take(s, t, x)
}

// take handles a journaled sample.
func (m *Monitor) take(s *stream, t time.Time, x []float64) error {
	m.samples.Add(1)
	before := s.input.Stats()
	samples, err := s.input.Push(t, x)
	if err != nil {
		return fmt.Errorf("monitor: stream %q: %w", s.id, err)
	}
	m.count(before, s.input.Stats())
	for _, sample := range samples {
		m.process(s, sample)
	}
	return nil
}

// Tick tells all streams in memory that it is now: samples that waited for earlier ones are
// scored, streams that have fallen silent raise NoData, and new models take over. Call it
// about once an interval. A stream that is fed regularly needs no Tick.
func (m *Monitor) Tick(now time.Time) error {
	for _, s := range m.all() {
		if _, err := m.do(s, func(s *stream) error { return m.tick(s, now) }); err != nil {
			return err
		}
	}
	return nil
}

func (m *Monitor) tick(s *stream, now time.Time) error {
	if err := m.takeOutcome(s); err != nil {
		return err
	}
	if m.journal != nil {
		// Only a tick that changes something is worth a record.
		if !s.input.Due(now) && (s.detector == nil || !s.detector.FallsSilent(now)) {
			return nil
		}
		n, err := m.journal.tick(s.id, now)
		if err != nil {
			return err
		}
		s.applied = n
	}
	m.takeTick(s, now)
	return nil
}

func (m *Monitor) takeTick(s *stream, now time.Time) {
	before := s.input.Stats()
	samples := s.input.Advance(now)
	m.count(before, s.input.Stats())
	for _, sample := range samples {
		m.process(s, sample)
	}
	if s.detector != nil {
		m.raise(s, s.detector.Tick(now)...)
	}
}

// Exclude leaves the samples of a known incident, from and to included, out of the
// stream's trainings: those that have come and those to come, however many they are. (Of
// the samples of an open alarm, Monitor learns those beyond a tenth of the window all the
// same.) The time in a known incident does not count towards Config.Admit. Exclude keeps
// the last thousand incidents that the remembered samples reach back to.
func (m *Monitor) Exclude(id string, from, to time.Time) error {
	if to.Before(from) {
		return fmt.Errorf("monitor: incident ends %s before it begins %s: %w", to, from, ErrConfig)
	}
	return m.on(id, func(s *stream) error {
		if m.journal != nil {
			n, err := m.journal.incident(id, from, to)
			if err != nil {
				return err
			}
			s.applied = n
		}
		s.exclude(span{from: from, to: to})
		return nil
	})
}

// Profile returns the season profile of what the Monitor remembers of a stream, without
// incidents. Its Limits are the statistical limits beside the model's verdict; its Kind and
// Reason tell what seasons the stream shows. zone is that of season.New. Every call computes
// the profile: keep it for an hour. A stream that is not in memory or has too few samples is
// ErrShort.
func (m *Monitor) Profile(id string, zone *time.Location) (*season.Profile, error) {
	var incident []bool
	var w *Window
	var err error
	m.look(id, func(s *stream) {
		if err = m.recall(s); err != nil || s.memory.len() == 0 {
			return
		}
		incident = s.known()
		w = s.memory.window(m.cfg.Columns, m.cfg.Interval, slices.Clone(incident))
		for r, out := range s.memory.incident {
			incident[r] = incident[r] || out
		}
	})
	if err != nil {
		return nil, fmt.Errorf("monitor: stream %q: %w", id, err)
	}
	if w == nil {
		return nil, fmt.Errorf("monitor: stream %q is not in memory, or has no samples: %w", id, ErrShort)
	}
	for r, out := range incident {
		if out {
			blank(w.X.RawRowView(r))
		}
	}
	p, err := season.New(w.Columns, w.Times, w.X, zone)
	if errors.Is(err, season.ErrShort) {
		return nil, fmt.Errorf("monitor: stream %q: %w: %w", id, ErrShort, err)
	}
	return p, err
}
