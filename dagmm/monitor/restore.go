package monitor

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/ingest"
)

// Save writes the state of all streams to the Store and shortens the journal. Each stream
// is held only while its state is copied; one Save waits for another. Where there is a
// journal nothing is lost without Save, but the journal grows and the next start takes
// longer: call it every few minutes. Without a Store it is ErrConfig.
func (m *Monitor) Save() error {
	if m.store == nil {
		return fmt.Errorf("monitor: no store to save to: %w", ErrConfig)
	}
	m.saving.Lock()
	defer m.saving.Unlock()
	var old []string
	if m.journal != nil {
		var err error
		if old, err = m.journal.log.Rotate(); err != nil {
			return journalError(err)
		}
	}
	for _, s := range m.all() {
		if err := m.save(s); err != nil {
			return err
		}
	}
	if m.journal == nil {
		return nil
	}
	return journalError(m.journal.log.Drop(old))
}

// save writes the state of a stream, which goes on meanwhile.
func (m *Monitor) save(s *stream) error {
	text, model, err := m.snapshot(s)
	if err != nil {
		return err
	}
	return m.writeSnapshot(s, text, model)
}

func (m *Monitor) snapshot(s *stream) (text []byte, model string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, err = m.encode(s)
	return text, s.model, err
}

// writeSnapshot writes what snapshot has returned. What an eviction has written since is
// newer and stays.
func (m *Monitor) writeSnapshot(s *stream, text []byte, model string) error {
	s.file.Lock()
	defer s.file.Unlock()
	if s.gone {
		return nil
	}
	return m.write(s, text, model)
}

// saveHeld writes the state of a stream that is held with both locks.
func (m *Monitor) saveHeld(s *stream) error {
	text, err := m.encode(s)
	if err != nil {
		return err
	}
	return m.write(s, text, s.model)
}

// write replaces the state of a stream, whose file lock is held, and removes models older
// than the one that the state names.
func (m *Monitor) write(s *stream, text []byte, model string) error {
	if err := m.store.Save(stateName(s.id), text); err != nil {
		return err
	}
	if model == s.pruned {
		return nil
	}
	number, err := modelNumber(model)
	if err != nil {
		return err
	}
	if err := m.store.removeModels(s.id, number); err != nil {
		return err
	}
	s.pruned = model
	return nil
}

// saveModel writes what a training has made, under a number above all earlier ones of the
// stream. It is an error once the training is not wanted any more.
func (m *Monitor) saveModel(t *training, model *dagmm.Model) (string, error) {
	t.file.Lock()
	defer t.file.Unlock()
	if err := t.ctx.Err(); err != nil {
		return "", err
	}
	if m.journal != nil {
		return m.store.saveModel(t.id, m.journal.log.Reserve(), model)
	}
	number, err := m.store.nextModel(t.id)
	if err != nil {
		return "", err
	}
	return m.store.saveModel(t.id, number, model)
}

// load makes a stream, from its stored state where there is one that can be used.
func (m *Monitor) load(id string) (*stream, error) {
	s, err := m.stored(stateName(id))
	if err != nil {
		return nil, err
	}
	if s == nil {
		return m.fresh(id)
	}
	m.ask(s)
	return s, m.number(s)
}

// fresh makes a stream without a past. Where its state was damaged, what the journal still
// has of it is no beginning: the new state says that those records are done with.
func (m *Monitor) fresh(id string) (*stream, error) {
	in, err := ingest.New(m.cfg.Columns, m.cfg.Input)
	if err != nil {
		return nil, err
	}
	m.trainings.forget(id) // of an earlier stream of this name
	s := &stream{id: id, input: in}
	m.ask(s)
	if err := m.number(s); err != nil || m.store == nil {
		return s, err
	}
	if s.lost, err = m.store.aside(id); err != nil || s.lost == "" {
		return s, err
	}
	if m.journal != nil {
		s.applied = m.journal.log.Reserve()
	}
	return s, m.saveHeld(s)
}

// stored reads the state of a name; nil without one. One that is damaged is put aside, so
// that the other streams need not wait for its repair.
func (m *Monitor) stored(name string) (*stream, error) {
	if m.store == nil {
		return nil, nil
	}
	s, err := m.readState(name)
	switch {
	case errors.Is(err, errDamaged):
		m.damaged.Add(1)
		return nil, m.store.putAside(name)
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	}
	return s, err
}

// read reads the state of a stream that must be there.
func (m *Monitor) read(id string) (*stream, error) { return m.readState(stateName(id)) }

func (m *Monitor) readState(name string) (*stream, error) {
	text, err := m.store.Load(name)
	if err != nil {
		return nil, err
	}
	stored, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("monitor: %s: %w: %w", name, ErrState, err)
	}
	s, err := m.revived(stored)
	if err != nil {
		return nil, fmt.Errorf("monitor: %s: %w: %w", name, ErrState, err)
	}
	return s, nil
}

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
		if m.journal, err = openJournal(m.cfg.Dir); err != nil {
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
		if store, err = Folder(m.cfg.Dir); err != nil {
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
	s, err := m.stored(name)
	if s == nil {
		return err
	}
	if number, ok := past.removed[s.id]; ok && s.applied <= number {
		return m.store.Remove(name)
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
		s.exclude(r.time, r.until)
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
	switch {
	case errors.Is(err, errDamaged):
		o = outcome{kind: alarm.RetrainFailed, detail: err.Error()}
	case err != nil:
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	m.applyOutcome(s, &o)
	return nil
}
