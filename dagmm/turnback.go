package dagmm

import (
	"sort"
	"time"
)

// turnBack makes the stream ready for a sample of time t that is not later than those
// before it: the host's clock has been set back (InputConfig.Behind). What is remembered of
// t and later is forgotten, and an alarm that was open is over.
func (m *Monitor) turnBack(s *stream, t time.Time) {
	s.Window.before(t)
	if s.Trained.After(t) {
		s.Trained = t
	}
	if !s.Changed.Before(t) {
		s.Changed = time.Time{}
	}
	if s.detector == nil {
		s.Samples = uint64(len(s.Window.Times)) + 1 // the first model learns from as many as ever
		return
	}
	m.raise(s, s.detector.turnBack()...)
}

func (w *window) before(t time.Time) {
	n := len(w.Times)
	if n == 0 {
		return
	}
	k := sort.Search(n, func(i int) bool { return w.Times[i] >= t.UnixNano() })
	w.Times, w.Incident, w.X = w.Times[:k], w.Incident[:k], w.X[:k*(len(w.X)/n)]
}

// turnBack forgets all times and the context, and returns the event of an alarm that it
// closes.
func (d *Detector) turnBack() []Event {
	s := &d.s
	if s.Alarm.Open {
		d.close(s.Last)
	}
	d.fill.forget()
	s.Samples, s.Silent, s.Flags = 0, false, nil
	s.Last, s.Scored, s.ClosedAt = time.Time{}, time.Time{}, time.Time{}
	s.Alarm = alarmState{Number: s.Alarm.Number}
	return d.takeEvents()
}
