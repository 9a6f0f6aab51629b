package monitor

import (
	"fmt"
	"slices"
	"time"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

// mostAlarmEvents is how many of a stream's latest events of alarms can be judged.
const mostAlarmEvents = 1000

// correction is why a training begins that a verdict has asked for.
const correction = "an alarm was false"

// alarmEvent tells of which alarm an event is.
type alarmEvent struct{ seq, alarm uint64 }

// Judge takes an operator's verdict on the alarm of an event, which has number seq in its
// stream (Event.Seq): whether something real was behind it. The last verdict counts. It is
// synced to the journal before Judge returns.
//
// The samples of a real alarm stay out of every training from now on, however many they
// are, and do not count towards Config.Admit. Those of a false one are learned: a training
// begins for that with the next sample, but not before a quarter of Config.Retrain has passed
// since the last one. alarm.Detector.Judge says what becomes of the alarm's Budget.
//
// An event that is not of one of the stream's latest alarms is ErrUnknown.
func (m *Monitor) Judge(id string, seq uint64, genuine bool) error {
	known, err := m.knows(id)
	if err != nil {
		return err
	}
	if !known {
		return fmt.Errorf("monitor: stream %q: %w", id, ErrUnknown)
	}
	return m.on(id, func(s *stream) error {
		if err := s.judgeable(seq); err != nil {
			return err
		}
		if m.journal != nil {
			n, err := m.journal.verdict(s.id, seq, genuine)
			if err != nil {
				return err
			}
			s.applied = n
		}
		s.judge(seq, genuine)
		return nil
	})
}

// Expect says that what happens on a stream from from to until, both included, is expected,
// for example during maintenance. Samples are scored (Config.Scored) and stay out of training,
// but no alarm opens, and none goes on; nothing is said of silence and missing values, and nothing
// counts towards the Budget. What still lasts afterwards is reported then.
//
// The time may have begun or be over: for an alarm that is expected until then, from is
// its Event.Start. The alarm is over with Expect. The expectation is synced to the journal before
// Expect returns. There is room for a thousand as in Exclude.
func (m *Monitor) Expect(id string, from, until time.Time) error {
	if until.Before(from) {
		return fmt.Errorf("monitor: expectation ends %s before it begins %s: %w", until, from, ErrConfig)
	}
	return m.on(id, func(s *stream) error {
		if m.journal != nil {
			n, err := m.journal.expectation(id, from, until)
			if err != nil {
				return err
			}
			s.applied = n
		}
		m.expect(s, from, until)
		return nil
	})
}

func (m *Monitor) expect(s *stream, from, until time.Time) {
	s.exclude(span{from: from, to: until, expected: true})
	if s.detector != nil {
		m.raise(s, s.detector.Expect(from, until)...)
	}
}

// inherit tells a stream's first detector what is expected.
func (s *stream) inherit(d *alarm.Detector) {
	for _, r := range s.named {
		if r.expected {
			d.Expect(r.from, r.to)
		}
	}
}

// remember keeps of which alarm an event is.
func (s *stream) remember(e alarm.Event) {
	if e.Alarm == 0 {
		return
	}
	s.alarms = append(s.alarms, alarmEvent{e.Seq, e.Alarm})
	s.alarms = slices.Delete(s.alarms, 0, max(0, len(s.alarms)-mostAlarmEvents))
}

// alarmOf returns the alarm of an event; 0 where it is not known.
func (s *stream) alarmOf(seq uint64) uint64 {
	for _, e := range s.alarms {
		if e.seq == seq {
			return e.alarm
		}
	}
	return 0
}

// latestOf returns the number of an alarm's latest event; 0 where it is not known.
func (s *stream) latestOf(number uint64) (seq uint64) {
	for _, e := range s.alarms {
		if e.alarm == number {
			seq = e.seq
		}
	}
	return seq
}

// judgeable reports an event that cannot be judged.
func (s *stream) judgeable(seq uint64) error {
	if s.detector != nil {
		if _, ok := s.detector.Alarm(s.alarmOf(seq)); ok {
			return nil
		}
	}
	return fmt.Errorf("monitor: stream %q: event %d of %d is of no alarm that is remembered: %w", s.id, seq, s.seq, ErrUnknown)
}

// judge applies a verdict.
func (s *stream) judge(seq uint64, genuine bool) {
	number := s.alarmOf(seq)
	if s.detector == nil || s.detector.Judge(number, genuine) != nil {
		return
	}
	s.named = slices.DeleteFunc(s.named, func(r span) bool { return r.alarm == number })
	a, _ := s.detector.Alarm(number)
	s.falsified = s.falsified || !genuine
	if a.Start.IsZero() {
		return // by a clock that has been set back since
	}
	end := a.Over
	if end.IsZero() {
		end = s.input.LastPassed()
	}
	if genuine {
		s.exclude(span{from: a.Start, to: end, alarm: number})
		return
	}
	s.memory.admit(a.Start, end)
}

// prolong keeps the samples of an open alarm out of training that somebody has called real.
func (s *stream) prolong(t time.Time) {
	a := s.detector.Status()
	if !a.Open || !a.Real {
		return
	}
	for i := range s.named {
		if r := &s.named[i]; r.alarm == a.Number {
			r.to = t
		}
	}
}
