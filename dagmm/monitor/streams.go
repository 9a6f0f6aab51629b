package monitor

import (
	"cmp"
	"fmt"
	"maps"
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

// knows reports whether there is a stream of that name, in memory or stored.
func (m *Monitor) knows(id string) (bool, error) {
	m.mu.RLock()
	s := m.streams[id]
	m.mu.RUnlock()
	if s != nil || m.store == nil {
		return s != nil, nil
	}
	names, err := m.store.Names(stateName(id))
	return slices.Contains(names, stateName(id)), err
}

// claim reserves a name for a call that adds or removes its stream: another such call of the
// name waits, and so do Save and Close. It takes long where Store or receivers do, so no lock
// is held meanwhile that calls for other streams need.
func (m *Monitor) claim(id string) (release func(), err error) {
	for {
		m.mu.Lock()
		if m.closed {
			m.mu.Unlock()
			return nil, fmt.Errorf("monitor: %w", ErrClosed)
		}
		other := m.claimed[id]
		if other == nil {
			break
		}
		m.mu.Unlock()
		<-other
	}
	done := make(chan struct{})
	m.claimed[id] = done
	m.mu.Unlock()
	return func() {
		m.mu.Lock()
		delete(m.claimed, id)
		m.mu.Unlock()
		close(done)
	}, nil
}

// settle waits for the calls that add or remove streams at this moment.
func (m *Monitor) settle() {
	m.mu.RLock()
	claims := slices.Collect(maps.Values(m.claimed))
	m.mu.RUnlock()
	for _, done := range claims {
		<-done
	}
}

func (m *Monitor) add(id string) (*stream, error) {
	release, err := m.claim(id)
	if err != nil {
		return nil, err
	}
	defer release()
	m.mu.RLock()
	s := m.streams[id]
	m.mu.RUnlock()
	if s != nil {
		return s, nil
	}
	if err := m.makeRoom(); err != nil {
		return nil, err
	}
	if s, err = m.load(id); err != nil {
		return nil, err
	}
	s.used.Store(m.clock.Add(1))
	if s.inTraining {
		s.mu.Lock()
		defer s.mu.Unlock()
		m.launch(s)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.streams[id] = s
	return s, nil
}

// makeRoom evicts streams until there is room for those that are being added.
func (m *Monitor) makeRoom() error {
	for {
		oldest, free := m.surplus()
		if oldest == nil {
			return nil
		}
		if !free {
			oldest.mu.Lock()
		}
		if err := m.evict(oldest); err != nil {
			return err
		}
	}
}

// surplus returns the stream to be evicted, nil where there is room: the one that was used
// least recently of those that no call holds. It is then locked (free). Where calls hold all
// of them it is the least recent one.
func (m *Monitor) surplus() (s *stream, free bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if len(m.streams)+len(m.claimed) <= m.cfg.MaxStreams || len(m.streams) == 0 {
		return nil, false
	}
	oldest := m.leastRecent(nil)
	held := map[*stream]bool{}
	for s := oldest; s != nil; s = m.leastRecent(held) {
		if s.mu.TryLock() {
			return s, true
		}
		held[s] = true
	}
	return oldest, false
}

// leastRecent returns the stream that was used least recently, of those not left out; nil
// where there is none. m.mu is held.
func (m *Monitor) leastRecent(leftOut map[*stream]bool) (oldest *stream) {
	for _, s := range m.streams {
		if !leftOut[s] && (oldest == nil || s.used.Load() < oldest.used.Load()) {
			oldest = s
		}
	}
	return oldest
}

// evict saves and drops a stream, which is held, unless somebody else has. With a Store its
// training goes on, and its outcome waits for the stream to come back. It lets go of the
// stream.
func (m *Monitor) evict(s *stream) error {
	defer s.mu.Unlock()
	s.file.Lock()
	defer s.file.Unlock()
	if s.gone {
		return nil
	}
	if m.store == nil {
		m.trainings.forget(s.id)
	} else if err := m.saveHeld(s); err != nil {
		return err
	}
	m.drop(s)
	m.trainings.slim(s.id)
	m.evicted.Add(1)
	return nil
}

// drop takes a stream, which is held with both locks, out of memory.
func (m *Monitor) drop(s *stream) {
	s.gone = true
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.streams[s.id] == s {
		delete(m.streams, s.id)
	}
}

// Remove forgets a stream for good, with its training and its stored state: for a host that
// is gone, or one that shall begin anew. A later sample of the name begins a new stream,
// whose events are numbered from 1, or go on after what Config.Delivered says. Removing an
// unknown stream is no error. Remove waits for a call of the same stream that is under way,
// and calls of other streams do not wait for it. After an error call it again. A stream that
// has been removed stays so, whether the process dies or the power fails.
func (m *Monitor) Remove(id string) error {
	release, err := m.claim(id)
	if err != nil {
		return err
	}
	defer release()
	m.mu.RLock()
	s := m.streams[id]
	m.mu.RUnlock()
	if s == nil {
		s = &stream{id: id} // evicted, or never seen
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
	m.drop(s)
	m.trainings.forget(id)
	if m.store == nil {
		return nil
	}
	return m.store.erase(id)
}
