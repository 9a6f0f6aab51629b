package monitor

import (
	"errors"
	"fmt"
	"strings"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

// restore opens journal and Store, reads the states, and replays the journal.
func (m *Monitor) restore() (err error) {
	restored := false
	defer func() { // also where the receiver of events panics
		if !restored {
			m.cancel()
			if m.journal != nil {
				err = errors.Join(err, m.journal.close())
			}
		}
	}()
	past := past{}
	if m.cfg.Dir != "" {
		if m.journal, err = openJournal(m.disk, m.cfg.Dir); err != nil {
			return err
		}
		m.journal.replaying = true
		if past, err = m.journal.recover(); err != nil {
			return err
		}
	}
	if err := m.openStore(); err != nil {
		return err
	}
	if err := m.readAll(past); err != nil {
		return err
	}
	if m.journal != nil {
		if err := m.replayAll(past); err != nil {
			return err
		}
	}
	restored = true
	return nil
}

func (m *Monitor) openStore() error {
	store := m.cfg.Store
	if store == nil && m.cfg.Dir != "" {
		var err error
		if store, err = folderOn(m.disk, m.cfg.Dir); err != nil {
			return err
		}
	}
	if store != nil {
		m.store = &states{store}
	}
	return nil
}

// replayAll applies the journal to the states that have been read, and saves what comes of
// it.
func (m *Monitor) replayAll(past past) error {
	for id, number := range past.removed { // the process may have died while it removed them
		if err := m.store.removeModels(id, number); err != nil {
			return err
		}
	}
	if err := m.journal.read(func(r record) error { return m.replay(r, past) }); err != nil {
		return err
	}
	m.journal.replaying = false
	for _, s := range m.all() {
		s.seq = max(s.seq, s.delivered) // the journal may have lost its end with a power failure
	}
	return m.Save()
}

// readAll reads the streams' states, as many as may be in memory.
func (m *Monitor) readAll(past past) error {
	if m.store == nil {
		return nil
	}
	names, err := m.store.Names(statePrefix)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !strings.HasSuffix(name, stateSuffix) {
			continue
		}
		if err := m.readOne(name, past); err != nil {
			return err
		}
	}
	return nil
}

func (m *Monitor) readOne(name string, past past) error {
	s, err := m.stored(name, past)
	if s == nil {
		return err
	}
	m.ask(s)
	if m.journal != nil {
		m.journal.log.Advance(s.applied)
	}
	if len(m.streams) < m.cfg.MaxStreams {
		m.streams[s.id] = s
	}
	return nil
}

// replay applies a record that the stream's state does not have yet.
func (m *Monitor) replay(r record, past past) error {
	if r.number <= past.removed[r.stream] {
		return nil
	}
	s, err := m.stream(r.stream)
	if err != nil {
		return err
	}
	_, err = m.do(s, func(s *stream) error { return m.apply(s, r, past) })
	return err
}

func (m *Monitor) apply(s *stream, r record, past past) error {
	s.delivered = max(s.delivered, past.delivered[r.stream])
	if r.kind == recordDelivered || r.number <= s.applied {
		return nil
	}
	s.applied = r.number
	switch r.kind {
	case recordSample:
		if len(r.values) != len(m.cfg.Columns) {
			return fmt.Errorf("row of width %d, want %d: %w", len(r.values), len(m.cfg.Columns), ErrState)
		}
		_ = m.take(s, r.time, r.values) // what the input refuses, Push has refused
	case recordTick:
		m.takeTick(s, r.time)
	case recordIncident:
		s.exclude(span{from: r.time, to: r.until})
	case recordExpectation:
		m.expect(s, r.time, r.until)
	case recordVerdict:
		s.judge(r.seq, r.real)
	case recordSeq:
		s.seq = max(s.seq, r.seq)
	case recordOutcome:
		return m.applyStored(s, r.outcome)
	}
	return nil
}

// applyStored applies the outcome of a training that the journal tells of.
func (m *Monitor) applyStored(s *stream, o outcome) error {
	err := m.revive(&o)
	if err == nil && o.detector != nil {
		err = m.recall(s) // the new detector has to know the latest samples
	}
	switch {
	case errors.Is(err, errDamaged):
		o = outcome{kind: alarm.RetrainFailed, detail: err.Error()}
	case err != nil:
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	m.applyOutcome(s, &o)
	return nil
}
