package monitor

import (
	"fmt"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
)

// look calls f with a stream in memory, which is held meanwhile, and does not count as a use
// of it. It returns false where there is no such stream.
func (m *Monitor) look(id string, f func(*stream)) bool {
	m.mu.RLock()
	s := m.streams[id]
	m.mu.RUnlock()
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
	return true
}

// Model returns the model that scores a stream; nil while it warms up, or for a stream that
// is not in memory.
func (m *Monitor) Model(id string) (model *dagmm.Model) {
	m.look(id, func(s *stream) {
		if s.detector != nil {
			model = s.detector.Model()
		}
	})
	return model
}

// Explain explains the last sample of a stream, flagged or not: see alarm.Detector.Explain. A
// stream that is not in memory, that warms up, or of which nothing has been scored since Open, is
// ErrShort.
func (m *Monitor) Explain(id string) (e *dagmm.Explanation, err error) {
	err = fmt.Errorf("monitor: stream %q has nothing to explain: %w", id, ErrShort)
	m.look(id, func(s *stream) {
		if s.detector == nil {
			return
		}
		var why error
		if e, why = s.detector.Explain(); why != nil {
			err = fmt.Errorf("monitor: stream %q: %w: %w", id, ErrShort, why)
			return
		}
		err = nil
	})
	return e, err
}

// OpenAlarms returns the alarms that are open in memory, by the name of the stream: for pages, and
// for receivers that want to be told again and again. Each is an event of the kind Continued
// with the Seq of the alarm's latest event.
func (m *Monitor) OpenAlarms() (out []alarm.Event) {
	for _, s := range m.all() {
		m.look(s.id, func(s *stream) {
			if s.detector == nil {
				return
			}
			if e, open := s.detector.Current(); open {
				e.Stream, e.Seq = s.id, s.latestOf(e.Alarm)
				out = append(out, e)
			}
		})
	}
	return out
}
