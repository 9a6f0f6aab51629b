package monitor

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/ingest"
)

// snapshot is the state of a stream at a moment.
type snapshot struct {
	text    []byte
	model   string // its stored name
	rows    int    // remembered
	version uint64 // of the memory
}

func (m *Monitor) snapshot(s *stream) (snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, err := m.encode(s)
	return snapshot{text, s.model, s.memory.len(), s.memory.version}, err
}

// writeSnapshot writes what snapshot has returned. What an eviction has written since is
// newer and stays.
func (m *Monitor) writeSnapshot(s *stream, now snapshot) error {
	s.file.Lock()
	defer s.file.Unlock()
	if s.gone {
		return nil
	}
	return m.write(s, now.text, now.model)
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
	s, err := m.stored(stateName(id), past{})
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
// that the other streams need not wait for its repair. One of a stream that was removed
// afterwards is forgotten, whatever it holds: its model may be gone before it.
func (m *Monitor) stored(name string, past past) (*stream, error) {
	if m.store == nil {
		return nil, nil
	}
	var s *stream
	stored, sum, err := m.readStored(name)
	if err == nil {
		if number, ok := past.removed[stored.ID]; ok && stored.Applied <= number {
			return nil, m.store.Remove(name)
		}
		if s, err = m.reviveStored(name, stored); err == nil {
			m.rest(s, s.memory.len(), s.memory.version, sum)
		}
	}
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
func (m *Monitor) read(id string) (*stream, error) {
	stored, _, err := m.readStored(stateName(id))
	if err != nil {
		return nil, err
	}
	return m.reviveStored(stateName(id), stored)
}

// readStored reads a stored state, and returns the sum of its text.
func (m *Monitor) readStored(name string) (*storedStream, uint32, error) {
	text, err := m.store.Load(name)
	if err != nil {
		return nil, 0, err
	}
	stored, err := decode(text)
	if err != nil {
		return nil, 0, fmt.Errorf("monitor: %s: %w: %w", name, ErrState, err)
	}
	return stored, sumOf(text), nil
}

func (m *Monitor) reviveStored(name string, stored *storedStream) (*stream, error) {
	if want := stateName(stored.ID); name != want {
		return nil, fmt.Errorf("monitor: %s: it is of stream %q, whose state is %s: %w", name, stored.ID, want, ErrState)
	}
	s, err := m.revived(stored)
	if err != nil {
		return nil, fmt.Errorf("monitor: %s: %w: %w", name, ErrState, err)
	}
	return s, nil
}
