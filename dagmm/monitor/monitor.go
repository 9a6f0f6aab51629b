package monitor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/season"
)

// Monitor watches many streams: it collects samples, trains a model per stream in the
// background, scores, and raises events. All its methods may be called from many
// goroutines. Samples of one stream are handled one after the other in the order of the
// calls. Scoring waits neither for training nor for other streams, except while a new
// stream is added.
//
// Locks are taken in this order: Monitor.mu, stream.mu, stream.file, training.file, and last
// those of the queue and of the journal.
type Monitor struct {
	cfg     Config
	ctx     context.Context
	cancel  context.CancelFunc
	workers sync.WaitGroup
	journal *journal // nil without Config.Dir
	store   *states  // nil without a Store

	trainings trainings
	saving    sync.Mutex // one Save at a time

	mu      sync.RWMutex
	streams map[string]*stream
	closed  bool
	clock   atomic.Uint64 // counts look-ups, to tell the least recently used stream

	samples, dropped, events, alarms, trained, kept, failed, evicted atomic.Uint64
	invalid, wraps, resets, damaged                                  atomic.Uint64
}

// Open starts a Monitor, with the state in its Store and journal where there is one.
// Samples that were journaled after the last Save are replayed, and the events they give
// that had not been handled are handled now. Close ends it.
func Open(cfg Config) (*Monitor, error) {
	cfg, err := cfg.resolved()
	if err != nil {
		return nil, err
	}
	m := &Monitor{cfg: cfg, streams: map[string]*stream{}}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	m.trainings.init()
	if err := m.restore(); err != nil {
		return nil, err
	}
	if !cfg.Synchronous {
		for range cfg.Workers {
			m.workers.Add(1)
			go m.work()
		}
	}
	m.resume()
	return m, nil
}

// resume starts the trainings that were under way when the state was written.
func (m *Monitor) resume() {
	for _, s := range m.all() {
		_, _ = m.do(s, func(s *stream) error {
			if s.inTraining {
				m.launch(s)
			}
			return nil
		})
	}
}

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

// Push takes the sample x of a stream at time t, in the metrics' own units, NaN where a
// value is missing. Samples that are late or come twice are dropped and counted. A wrong
// width (dagmm.ErrWidth), a failure to write the journal, or a closed Monitor (ErrClosed)
// is an error, and the sample is then not taken. A failure to journal that events have been
// handled is not an error: it is tried again with the next sample, and if the process dies
// before, those events come again with the same Seq.
func (m *Monitor) Push(id string, t time.Time, x []float64) error {
	if len(x) != len(m.cfg.Columns) {
		return fmt.Errorf("monitor: stream %q: row of width %d, want %d: %w", id, len(x), len(m.cfg.Columns), dagmm.ErrWidth)
	}
	return m.on(id, func(s *stream) error { return m.push(s, t, x) })
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

func (m *Monitor) push(s *stream, t time.Time, x []float64) error {
	if err := m.takeOutcome(s); err != nil {
		return err
	}
	if m.journal != nil {
		n, err := m.journal.sample(s.id, t, x)
		if err != nil {
			return err
		}
		s.applied = n
	}
	return m.take(s, t, x)
}

// take handles a journaled sample.
func (m *Monitor) take(s *stream, t time.Time, x []float64) error {
	m.samples.Add(1)
	before := s.input.Stats()
	samples, err := s.input.Push(t, x)
	if err != nil {
		return fmt.Errorf("monitor: stream %q: %w", s.id, err)
	}
	m.count(before, s.input.Stats())
	for _, sample := range samples {
		m.process(s, sample)
	}
	return nil
}

// Tick tells all streams that it is now: samples that waited for earlier ones are scored,
// streams that have fallen silent raise NoData, and new models take over. Call it about
// once an interval. A stream that is fed regularly needs no Tick.
func (m *Monitor) Tick(now time.Time) error {
	for _, s := range m.all() {
		if _, err := m.do(s, func(s *stream) error { return m.tick(s, now) }); err != nil {
			return err
		}
	}
	return nil
}

func (m *Monitor) tick(s *stream, now time.Time) error {
	if err := m.takeOutcome(s); err != nil {
		return err
	}
	if m.journal != nil {
		// Only a tick that changes something is worth a record.
		if !s.input.Due(now) && (s.detector == nil || !s.detector.FallsSilent(now)) {
			return nil
		}
		n, err := m.journal.tick(s.id, now)
		if err != nil {
			return err
		}
		s.applied = n
	}
	m.takeTick(s, now)
	return nil
}

func (m *Monitor) takeTick(s *stream, now time.Time) {
	before := s.input.Stats()
	samples := s.input.Advance(now)
	m.count(before, s.input.Stats())
	for _, sample := range samples {
		m.process(s, sample)
	}
	if s.detector != nil {
		m.raise(s, s.detector.Tick(now)...)
	}
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

// Exclude leaves the samples of a known incident, from and to included, out of the
// stream's trainings: those that have come and those to come, however many they are. (Of
// the samples of an open alarm, Monitor learns those beyond a tenth of the window all the
// same.) The time in a known incident does not count towards Config.Admit. Exclude keeps
// the last thousand incidents that the remembered samples reach back to.
func (m *Monitor) Exclude(id string, from, to time.Time) error {
	if to.Before(from) {
		return fmt.Errorf("monitor: incident ends %s before it begins %s: %w", to, from, ErrConfig)
	}
	return m.on(id, func(s *stream) error {
		if m.journal != nil {
			n, err := m.journal.incident(id, from, to)
			if err != nil {
				return err
			}
			s.applied = n
		}
		s.exclude(from, to)
		return nil
	})
}

// Model returns the model that scores a stream; nil while it warms up, or for a stream that
// is not in memory.
func (m *Monitor) Model(id string) *dagmm.Model {
	m.mu.RLock()
	s := m.streams[id]
	m.mu.RUnlock()
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.detector == nil {
		return nil
	}
	return s.detector.Model()
}

// Profile returns the season profile of what the Monitor remembers of a stream, without
// incidents. Its Limits are the statistical limits beside the model's verdict; its Kind and
// Reason tell what seasons the stream shows. zone is that of season.New. Every call computes
// the profile: keep it for an hour. A stream that is not in memory or has too few samples is
// ErrShort.
func (m *Monitor) Profile(id string, zone *time.Location) (*season.Profile, error) {
	m.mu.RLock()
	s := m.streams[id]
	m.mu.RUnlock()
	if s == nil {
		return nil, fmt.Errorf("monitor: stream %q is not in memory: %w", id, ErrShort)
	}
	s.mu.Lock()
	if s.memory.len() == 0 {
		s.mu.Unlock()
		return nil, fmt.Errorf("monitor: stream %q has no samples: %w", id, ErrShort)
	}
	incident := s.known()
	w := s.memory.window(m.cfg.Columns, m.cfg.Interval, slices.Clone(incident))
	for r, out := range s.memory.incident {
		incident[r] = incident[r] || out
	}
	s.mu.Unlock()
	for r, out := range incident {
		if out {
			blank(w.X.RawRowView(r))
		}
	}
	p, err := season.New(w.Columns, w.Times, w.X, zone)
	if errors.Is(err, season.ErrShort) {
		return nil, fmt.Errorf("monitor: stream %q: %w: %w", id, ErrShort, err)
	}
	return p, err
}

// Close stops the workers, cancels trainings, and saves the state where there is a Store.
// Samples that wait for earlier ones go on waiting after the next Open.
func (m *Monitor) Close() error {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil
	}
	m.closed = true
	m.mu.Unlock()
	m.cancel()
	m.trainings.close()
	m.workers.Wait()
	var errs []error
	if m.store != nil {
		errs = append(errs, m.Save())
	}
	if m.journal != nil {
		errs = append(errs, m.journal.close())
	}
	return errors.Join(errs...)
}
