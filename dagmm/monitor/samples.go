package monitor

import (
	"fmt"
	"slices"
	"time"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/ingest"
)

const (
	driftMemory = 500 // samples
	driftShare  = .1  // of them with p ≤ gateP start a training
	driftPause  = 4   // at most so many trainings per Retrain interval
	admitPause  = 2   // at most so many per Admit while an accepted alarm stays open,
	admitMost   = 24  // and per Retrain interval
)

// process takes a sample in its turn.
func (m *Monitor) process(s *stream, sample ingest.Sample) {
	s.samples++
	if s.memory.reaches(sample.Time) {
		m.rewind(s, sample.Time)
	}
	if s.detector == nil {
		m.warmUp(s, sample)
		return
	}
	r, err := s.detector.Next(sample.Time, sample.Values)
	if err != nil {
		m.dropped.Add(1) // Input lets nothing through that Next refuses
		return
	}
	m.remember(s, sample, r.Open && !s.detector.Status().Accepted)
	s.prolong(sample.Time)
	r.Events = m.raise(s, append(r.Events, m.admit(s, sample.Time)...)...)
	if m.cfg.Scored != nil && !m.replaying() {
		s.results = append(s.results, result{sample.Time, r})
	}
	m.schedule(s, sample.Time, r)
}

// remember adds a sample to those that are learned.
func (m *Monitor) remember(s *stream, sample ingest.Sample, incident bool) {
	s.memory.add(m.cfg.Window, m.cfg.Interval, sample.Time, sample.Values, incident)
	// Samples were away. Where the Store cannot be read the next sample tries again.
	if s.memory.full(m.cfg.Window) && m.recall(s) == nil && s.memory.full(m.cfg.Window) {
		s.memory.prune(m.cfg.Window, m.cfg.Interval)
	}
}

// admit accepts as normal what an alarm reports, once it has lasted long enough outside of
// known incidents.
func (m *Monitor) admit(s *stream, t time.Time) []alarm.Event {
	a := s.detector.Status()
	if !a.Open || a.Accepted || m.cfg.Admit < 0 {
		return nil
	}
	since := a.Start
	for _, r := range s.named {
		if !r.from.After(t) && r.to.After(since) {
			since = r.to
		}
	}
	if t.Sub(since) < m.cfg.Admit {
		return nil
	}
	s.changed = since
	s.memory.admit(since, t)
	return []alarm.Event{s.detector.AcceptAsNormal(t, fmt.Sprintf("the alarm has lasted %s; its samples count as normal from now on", m.cfg.Admit))}
}

// warmUp collects samples for the first model.
func (m *Monitor) warmUp(s *stream, sample ingest.Sample) {
	m.remember(s, sample, false)
	if s.samples == 1 {
		e := alarm.Event{Kind: alarm.WarmingUp, Time: sample.Time, Detail: fmt.Sprintf("the first model is trained after %d samples", m.cfg.WarmUp)}
		if s.lost != "" {
			e.Detail += "; the stream begins anew because its state was damaged, and is kept as " + s.lost
		}
		m.raise(s, e)
	}
	if n := int64(s.samples) - int64(m.cfg.WarmUp); n >= 0 && n%int64(max(1, m.cfg.WarmUp/4)) == 0 {
		m.begin(s, sample.Time, "first model")
	}
}

// schedule starts a training when it is time for one, when a host of which little was known
// has been known for twice as long, when too many samples are improbable, or when an alarm has been
// accepted as normal: at once, and again while it stays open. A verdict starts one too.
func (m *Monitor) schedule(s *stream, t time.Time, r alarm.Result) {
	accepted := r.Open && s.detector.Status().Accepted
	if p := r.PValue; p == p && !r.Expected && (!r.Open || accepted) { // an alarm is no drift until it is accepted
		var improbable float64
		if p <= gateP {
			improbable = 1
		}
		s.drift += (improbable - s.drift) / driftMemory
	}
	age := t.Sub(s.trained)
	pause := m.cfg.Retrain
	if pause <= 0 {
		pause = 24 * time.Hour
	}
	switch {
	case s.falsified && age >= pause/driftPause:
		m.begin(s, t, correction)
	case accepted && (s.trained.Before(s.changed.Add(m.cfg.Admit)) || age >= max(m.cfg.Admit/admitPause, pause/admitMost)):
		m.begin(s, t, "new normal")
	case m.cfg.Retrain > 0 && age >= m.cfg.Retrain:
		m.begin(s, t, "schedule")
	case m.cfg.Retrain > 0 && age >= max(s.detector.Span(), m.warmUpTime()) && s.detector.Span() < m.cfg.Retrain/driftPause:
		m.begin(s, t, "the host has been known for twice as long")
	case s.drift > driftShare && age >= pause/driftPause:
		m.begin(s, t, fmt.Sprintf("drift: %.0f %% of recent samples with p ≤ %g", 100*s.drift, gateP))
	}
}

// rewind makes the stream ready for a sample of time t that is not later than those before
// it, because the host's clock was set back (ingest.Config.Behind). What is remembered of t
// and later is forgotten, and an alarm that was open is over.
func (m *Monitor) rewind(s *stream, t time.Time) {
	s.memory.before(t)
	s.named = slices.DeleteFunc(s.named, func(r span) bool { return r.alarm > 0 && !r.from.Before(t) })
	if s.trained.After(t) {
		s.trained = t
	}
	if !s.changed.Before(t) {
		s.changed = time.Time{}
	}
	if s.detector == nil {
		s.samples = uint64(s.memory.len()) + 1 // the first model learns from as many as ever
		return
	}
	m.raise(s, s.detector.Rewind()...)
}

// warmUpTime returns how long the samples before a first model last.
func (m *Monitor) warmUpTime() time.Duration {
	return time.Duration(m.cfg.WarmUp) * m.cfg.Interval
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
