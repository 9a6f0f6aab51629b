package monitor

import (
	"slices"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

// raise numbers events and lets them wait until the stream's state is whole again: a
// receiver that panics then interrupts nothing. It returns the events with their numbers.
func (m *Monitor) raise(s *stream, events ...alarm.Event) []alarm.Event {
	for i := range events {
		e := &events[i]
		s.seq++
		e.Seq, e.Stream = s.seq, s.id
		s.remember(*e)
		m.events.Add(1)
		if e.Kind == alarm.Opened {
			m.alarms.Add(1)
		}
	}
	s.pending = append(s.pending, events...)
	return events
}

// deliver hands out the results and the events that wait. Events that the receiver has are
// left out. What a receiver panics at does not come again.
func (m *Monitor) deliver(s *stream) {
	for len(s.results) > 0 {
		r := s.results[0]
		s.results = slices.Delete(s.results, 0, 1)
		m.cfg.Scored(s.id, r.time, r.Result)
	}
	for len(s.pending) > 0 {
		e := s.pending[0]
		s.pending = slices.Delete(s.pending, 0, 1)
		if e.Seq <= s.delivered {
			continue
		}
		s.delivered = e.Seq
		if m.cfg.Handle != nil {
			m.cfg.Handle(e)
		}
		m.note(s)
	}
	m.note(s)
}

// note journals how far the events have been handed out. Where that fails it is tried again
// with the next sample, whose own record tells of the failure.
func (m *Monitor) note(s *stream) {
	if m.journal == nil || s.noted == s.delivered {
		return
	}
	if m.journal.delivered(s.id, s.delivered) == nil {
		s.noted = s.delivered
	}
}

// ask lets the receiver of events say what it has.
func (m *Monitor) ask(s *stream) {
	if m.cfg.Delivered != nil {
		s.delivered = max(s.delivered, m.cfg.Delivered(s.id))
	}
	s.noted = s.delivered
}

// number lets the events of a stream whose state is lost, or older than what the receiver
// has, go on after those: the receiver would take them for the same events. A replay raises
// them again and numbers them as they were.
func (m *Monitor) number(s *stream) error {
	if s.seq >= s.delivered || m.replaying() {
		return nil
	}
	s.seq = s.delivered
	if m.journal == nil {
		return nil
	}
	n, err := m.journal.seq(s.id, s.seq)
	s.applied = n
	return err
}
