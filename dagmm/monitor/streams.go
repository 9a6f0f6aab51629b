package monitor

import (
	"cmp"
	"fmt"
	"slices"
)

// all returns the streams in memory, by name.
func (m *Monitor) all() []*stream {
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := make([]*stream, 0, len(m.streams))
	for _, s := range m.streams {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *stream) int { return cmp.Compare(a.id, b.id) })
	return out
}

// on calls f with the named stream.
func (m *Monitor) on(id string, f func(*stream) error) error {
	for {
		s, err := m.stream(id)
		if err != nil {
			return err
		}
		if here, err := m.do(s, f); here {
			return err
		}
	}
}

// do locks a stream, calls f, and hands out what it brings. It returns false where the
// stream was evicted between look-up and lock.
func (m *Monitor) do(s *stream, f func(*stream) error) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return false, nil
	}
	err := f(s)
	m.deliver(s)
	return true, err
}

// stream returns the named stream, a new one where there is none.
func (m *Monitor) stream(id string) (*stream, error) {
	m.mu.RLock()
	s, closed := m.streams[id], m.closed
	m.mu.RUnlock()
	if closed {
		return nil, fmt.Errorf("monitor: %w", ErrClosed)
	}
	if s == nil {
		var err error
		if s, err = m.add(id); err != nil {
			return nil, err
		}
	}
	s.used.Store(m.clock.Add(1))
	return s, nil
}

func (m *Monitor) add(id string) (*stream, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, fmt.Errorf("monitor: %w", ErrClosed)
	}
	if s := m.streams[id]; s != nil {
		return s, nil
	}
	for len(m.streams) >= m.cfg.MaxStreams {
		if err := m.evict(); err != nil {
			return nil, err
		}
	}
	s, err := m.load(id)
	if err != nil {
		return nil, err
	}
	s.used.Store(m.clock.Add(1))
	m.streams[id] = s
	if s.inTraining {
		s.mu.Lock()
		defer s.mu.Unlock()
		m.launch(s)
	}
	return s, nil
}

// evict saves and drops the stream that was used least recently. With a Store its training
// goes on, and its outcome waits for the stream to come back. m.mu is held.
func (m *Monitor) evict() error {
	var oldest *stream
	for _, s := range m.streams {
		if oldest == nil || s.used.Load() < oldest.used.Load() {
			oldest = s
		}
	}
	oldest.mu.Lock()
	defer oldest.mu.Unlock()
	oldest.file.Lock()
	defer oldest.file.Unlock()
	if m.store == nil {
		m.trainings.forget(oldest.id)
	} else if err := m.saveHeld(oldest); err != nil {
		return err
	}
	oldest.gone = true
	delete(m.streams, oldest.id)
	m.trainings.slim(oldest.id)
	m.evicted.Add(1)
	return nil
}

// Remove forgets a stream for good, with its training and its stored state: for a host that
// is gone, or one that shall begin anew. A later sample of the name begins a new stream,
// whose events are numbered from 1, or go on after what Config.Delivered says. Removing an
// unknown stream is no error. Remove waits for a call of the same stream that is under way,
// and first samples of other streams wait with it. After an error call it again.
func (m *Monitor) Remove(id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return fmt.Errorf("monitor: %w", ErrClosed)
	}
	s := m.streams[id]
	if s == nil {
		s = &stream{} // evicted, or never seen
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.file.Lock()
	defer s.file.Unlock()
	if m.journal != nil {
		if _, err := m.journal.remove(id); err != nil {
			return err
		}
	}
	s.gone = true
	delete(m.streams, id)
	m.trainings.forget(id)
	if m.store == nil {
		return nil
	}
	return m.store.erase(id)
}
