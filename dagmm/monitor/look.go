package monitor

import (
	"fmt"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"

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

// Streams returns the names of the streams in memory, in their order.
func (m *Monitor) Streams() []string {
	all := m.all()
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = s.id
	}
	return out
}

// Columns returns the metrics of every stream.
func (m *Monitor) Columns() []string { return slices.Clone(m.cfg.Columns) }

// Recent returns the latest samples of a stream in memory, at most n of them and at most as
// many as Config.Window remembers: their times and a matrix with a row for each, which are the
// caller's. NaN is a missing value. Without samples the times are nil and the matrix is empty.
func (m *Monitor) Recent(id string, n int) (times []time.Time, x *mat.Dense) {
	x = new(mat.Dense)
	m.look(id, func(s *stream) {
		if len(s.memory.times) < n {
			_ = m.recall(s)
		}
		w := s.memory
		w.away = away{}
		from := max(0, w.len()-max(0, n))
		if from == w.len() {
			return
		}
		width := len(w.values) / w.len()
		latest := memory{times: w.times[from:], values: w.values[from*width:]}
		times, x = latest.rows()
	})
	return times, x
}

// Alarm is what a Monitor knows of one alarm of a stream.
type Alarm struct {
	alarm.Status
	Seq uint64 // of the alarm's latest event, by which Judge knows it
}

// Alarms returns the alarms of a stream in memory that can be judged, in their order, with the
// verdicts on them.
func (m *Monitor) Alarms(id string) (out []Alarm) {
	m.look(id, func(s *stream) {
		if s.detector == nil {
			return
		}
		place := map[uint64]int{} // by the alarm's number
		for _, e := range s.alarms {
			if k, ok := place[e.alarm]; ok {
				out[k].Seq = e.seq
				continue
			}
			if status, ok := s.detector.Alarm(e.alarm); ok {
				place[e.alarm] = len(out)
				out = append(out, Alarm{Status: status, Seq: e.seq})
			}
		}
	})
	return out
}

// Expectation is a time in which what happens is expected, both ends included.
type Expectation struct{ From, Until time.Time }

// Expected returns what Expect has said of a stream in memory, in the order in which it was
// said. Expectations that ended before the remembered samples may be gone.
func (m *Monitor) Expected(id string) (out []Expectation) {
	m.look(id, func(s *stream) {
		for _, r := range s.named {
			if r.expected {
				out = append(out, Expectation{r.from, r.to})
			}
		}
	})
	return out
}
