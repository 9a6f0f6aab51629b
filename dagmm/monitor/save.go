package monitor

import (
	"fmt"
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
	m.settle() // what they have written stands in the old files
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
	now, err := m.snapshot(s)
	if err != nil {
		return err
	}
	if err := m.writeSnapshot(s, now); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.gone {
		m.rest(s, now.rows, now.version, sumOf(now.text))
	}
	return nil
}
