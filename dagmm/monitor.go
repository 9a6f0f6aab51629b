package dagmm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// TrainFunc makes a model of a stream's window: in this process with package
// dagmm/train, or elsewhere. It is called by background workers, by several at once where
// MonitorConfig.Workers says so, and must return soon after ctx is canceled. It must not
// modify the window: what it leaves there the new model is judged by. A panic of it is an
// error, and makes a RetrainFailed event as any other.
type TrainFunc func(ctx context.Context, w *Window) (*Model, error)

// MonitorConfig sets up a Monitor. Columns and Train are required; everything else works
// as 0.
type MonitorConfig struct {
	// Columns of every stream, in the order of its rows. A metric that a stream hardly ever
	// reports (values in less than a tenth of the remembered samples) is no part of its model
	// until a later training sees more; the Retrained event names it.
	Columns []string
	Train   TrainFunc
	// Interval between samples; 0 means one minute. Samples more than 1.5 intervals apart have
	// a gap between them, and the 20 after a gap are not learned from: Retrained and
	// RetrainFailed say so where the samples come at another pace.
	Interval time.Duration
	Detector DetectorConfig
	Input    InputConfig
	Window   WindowConfig

	// Handle takes the events: those of one stream one after the other in the order of
	// Event.Seq, those of several streams at the same time. It is called by Push and Tick
	// while they hold the stream, and by OpenMonitor, so it must not call the Monitor. A panic
	// of it goes through to their callers, who may recover: the stream is whole, the sample is
	// taken, the event does not come again, and those after it come with the next call. nil
	// drops the events.
	Handle func(Event)
	// Delivered returns the highest Seq that the receiver of events has of a stream; with
	// it no event comes twice after a crash, and the numbers of a stream whose state is lost
	// (no Dir, another folder) go on after it. nil: the events that were being handled when the
	// process died come again with the same Seq, and such a stream's numbers begin again at 1.
	Delivered func(stream string) uint64

	WarmUp  int           // samples before the first training; 0 means 1000
	Retrain time.Duration // between trainings by the samples' times; 0 means a day, negative: only on drift
	// Admit is after how long an open alarm counts as the new normal: its samples enter
	// training, and one starts at once and again every half of Admit while the alarm stays
	// open, at most 24 times per Retrain. At least a fifth of what later trainings learn came
	// since it opened. 0 means 6 hours, negative never.
	Admit   time.Duration
	Workers int // training at once; 0 means 1
	// Seasonal takes the time of day, and of the week, out of the samples before they are
	// learned and scored, once a stream's window shows a season (Window.Days above 3, for
	// weeks above 14). The Retrained event says what was found. Zone is NewProfile's, by its
	// name in the time zone database; nil is UTC.
	Seasonal bool
	Zone     *time.Location
	// Synchronous trains within Push: a replay then gives the same events every time.
	Synchronous bool
	// MaxStreams bounds the streams in memory; the least recently used one goes. With Dir
	// its state is on disk and comes back with its next sample, without it is lost. 0 means
	// 10,000. Where more are active, every sample may cost a state file read and one written.
	MaxStreams int
	// Dir keeps state: a journal of samples, written before they are scored, and what Save
	// writes. "" keeps nothing. One Monitor at a time may use a folder: on Unix
	// another one gets ErrInUse, elsewhere see to it. A stream whose state file or model is
	// damaged begins anew and its WarmingUp event says so; the file is kept with .damaged
	// after its name until Remove. A damaged journal, or state of other Columns or of a later
	// version, is ErrState: nothing is touched.
	Dir string
}

func (c MonitorConfig) resolved() (MonitorConfig, error) {
	def := func(v *time.Duration, value time.Duration) {
		if *v == 0 {
			*v = value
		}
	}
	count := func(v *int, value int) {
		if *v == 0 {
			*v = value
		}
	}
	def(&c.Interval, time.Minute)
	def(&c.Retrain, 24*time.Hour)
	def(&c.Admit, 6*time.Hour)
	count(&c.WarmUp, 1000)
	count(&c.Workers, 1)
	count(&c.MaxStreams, 10000)
	def(&c.Detector.Interval, c.Interval)
	c.Window = c.Window.resolved()
	c.Columns = slices.Clone(c.Columns)
	switch {
	case len(c.Columns) == 0 || c.Train == nil:
		return c, fmt.Errorf("dagmm: monitor: %d columns, training function given: %t: %w", len(c.Columns), c.Train != nil, ErrDetector)
	case c.Interval < 0 || c.WarmUp < 0 || c.Workers < 0 || c.MaxStreams < 0 || c.Window.Recent < 0 || c.Window.PerHour < 0:
		return c, fmt.Errorf("dagmm: monitor: interval %s, warm-up %d, workers %d, streams %d, window %d and %d: negative: %w",
			c.Interval, c.WarmUp, c.Workers, c.MaxStreams, c.Window.Recent, c.Window.PerHour, ErrDetector)
	case c.WarmUp > c.Window.rows():
		return c, fmt.Errorf("dagmm: monitor: warm-up of %d samples, window of %d: %w", c.WarmUp, c.Window.rows(), ErrDetector)
	}
	if c.Zone != nil {
		if _, err := time.LoadLocation(c.Zone.String()); err != nil {
			return c, fmt.Errorf("dagmm: monitor: time zone %q is not in the time zone database: %w", c.Zone, ErrDetector)
		}
	}
	if _, err := c.Detector.resolved(&Model{p: Parameters{Columns: c.Columns}}); err != nil {
		return c, fmt.Errorf("dagmm: monitor: %w", err)
	}
	_, err := NewInput(c.Columns, c.Input)
	return c, err
}

// ErrClosed reports a call of a Monitor after Close.
var ErrClosed = errors.New("monitor is closed")

// MonitorStats are numbers for a service to export, a copy that nobody else reads or
// writes. Counts are since the Monitor was made, of all streams there have been, what was
// replayed included: they never fall.
type MonitorStats struct {
	Streams, WarmingUp, OpenAlarms int // now, in memory
	Training                       int // now: under way or waiting for a worker, evicted streams' too
	WindowRows                     int // remembered, over all streams
	Samples                        uint64
	Dropped                        uint64 // late, duplicate or of a wrong clock: see InputStats
	Invalid, Wraps, Resets         uint64 // values: see InputStats
	Events, Alarms                 uint64
	Trained, Kept, Failed          uint64 // models swapped in, refused by the gate, errors
	Evicted                        uint64
	Damaged                        uint64 // state files set aside: see MonitorConfig.Dir
}

// Monitor watches many streams: it collects samples, trains a model per stream in the
// background, scores, and raises events. All its methods may be called from many
// goroutines; samples of one stream are handled one after the other in the order of the
// calls. Scoring waits neither for training nor for other streams, except while a new
// stream is added.
type Monitor struct {
	cfg     MonitorConfig
	ctx     context.Context
	cancel  context.CancelFunc
	workers sync.WaitGroup
	journal *journal // nil without Dir

	trainings trainings
	saving    sync.Mutex // one Save at a time

	mu      sync.RWMutex
	streams map[string]*stream
	closed  bool
	clock   atomic.Uint64 // for the least recently used

	samples, dropped, events, alarms, trained, kept, failed, evicted atomic.Uint64
	invalid, wraps, resets, damaged                                  atomic.Uint64
}

// OpenMonitor starts a Monitor, with the state in cfg.Dir where there is one: samples
// that were journaled after the last Save are replayed, and the events they give that had
// not been handled are handled now. Close ends it.
func OpenMonitor(cfg MonitorConfig) (*Monitor, error) {
	cfg, err := cfg.resolved()
	if err != nil {
		return nil, err
	}
	m := &Monitor{cfg: cfg, streams: map[string]*stream{}}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	m.trainings.init()
	if cfg.Dir != "" {
		if err := m.restore(); err != nil {
			return nil, err
		}
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
			if s.Training {
				m.launch(s)
			}
			return nil
		})
	}
}

func (m *Monitor) all() []*stream {
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := make([]*stream, 0, len(m.streams))
	for _, s := range m.streams {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *stream) int { return compareStrings(a.id, b.id) })
	return out
}

func compareStrings(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Push takes a sample of a stream, in the metrics' own units, NaN where a value is
// missing. Samples that are late or come twice are dropped and counted. A wrong width
// (ErrWidth), a failure to write the journal, or a closed Monitor (ErrClosed) is an error,
// and the sample is then not taken. A failure to journal that events have been handled is
// none: it is tried again with the next sample, and should the process die before, those
// events come again with the same Seq.
func (m *Monitor) Push(id string, t time.Time, x []float64) error {
	if len(x) != len(m.cfg.Columns) {
		return fmt.Errorf("dagmm: monitor: stream %q: row of width %d, want %d: %w", id, len(x), len(m.cfg.Columns), ErrWidth)
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

// do locks a stream, calls f, and hands out the events that it raises. It returns false
// where the stream has been evicted between look-up and lock.
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
		s.Applied = n
	}
	return m.take(s, t, x)
}

// take handles a journaled sample.
func (m *Monitor) take(s *stream, t time.Time, x []float64) error {
	m.samples.Add(1)
	before := s.input.Stats()
	samples, err := s.input.Push(t, x)
	if err != nil {
		return err
	}
	m.count(before, s.input.Stats())
	for _, sample := range samples {
		m.process(s, sample)
	}
	return nil
}

// count takes what an Input has counted.
func (m *Monitor) count(before, after InputStats) {
	m.dropped.Add(after.Late + after.Duplicate + after.Outliers - before.Late - before.Duplicate - before.Outliers)
	m.invalid.Add(after.Invalid - before.Invalid)
	m.wraps.Add(after.Wraps - before.Wraps)
	m.resets.Add(after.Resets - before.Resets)
}

// Tick tells all streams that it is now: samples that waited for earlier ones are
// scored, streams that have fallen silent say so, and new models are taken over. Call it
// about once an interval; a stream that is fed regularly does without.
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
		if !s.wants(now, m.cfg) {
			return nil
		}
		n, err := m.journal.tick(s.id, now)
		if err != nil {
			return err
		}
		s.Applied = n
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
		return nil, fmt.Errorf("dagmm: monitor: %w", ErrClosed)
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
		return nil, fmt.Errorf("dagmm: monitor: %w", ErrClosed)
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
	if s.Training {
		s.mu.Lock()
		defer s.mu.Unlock()
		m.launch(s)
	}
	return s, nil
}

// evict saves and drops the stream that was used least recently. With Dir its training
// goes on, and waits for it to come back. m.mu is held.
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
	if m.cfg.Dir == "" {
		m.trainings.forget(oldest.id)
	} else if err := m.store(oldest); err != nil {
		return err
	}
	oldest.gone = true
	delete(m.streams, oldest.id)
	m.trainings.slim(oldest.id)
	m.evicted.Add(1)
	return nil
}

// raise numbers events. They wait until the stream's state is whole again: a receiver that
// panics then interrupts nothing.
func (m *Monitor) raise(s *stream, events ...Event) {
	for _, e := range events {
		s.Seq++
		e.Seq, e.Stream = s.Seq, s.id
		m.events.Add(1)
		if e.Kind == Opened {
			m.alarms.Add(1)
		}
		s.Pending = append(s.Pending, e)
	}
}

// Remove forgets a stream for good, with its training and its files: for a host that is
// gone, or one that shall begin anew. A later sample of the name begins a new stream, whose
// events are numbered from 1, or go on after what MonitorConfig.Delivered says. A stream
// that is not known is no error. It waits for a call of the same stream that is under way,
// and others' first samples wait with it. After an error call it again.
func (m *Monitor) Remove(id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return fmt.Errorf("dagmm: monitor: %w", ErrClosed)
	}
	s := m.streams[id]
	if s == nil {
		s = &stream{} // evicted, or never seen
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.file.Lock()
	defer s.file.Unlock()
	var number uint64
	if m.journal != nil {
		var err error
		if number, err = m.journal.remove(id); err != nil {
			return err
		}
	}
	s.gone = true
	delete(m.streams, id)
	m.trainings.forget(id)
	if m.journal == nil {
		return nil
	}
	return m.erase(id, number)
}

// deliver hands out the events that wait, but for those that the receiver has. One at
// which it panics does not come again.
func (m *Monitor) deliver(s *stream) {
	for len(s.Pending) > 0 {
		e := s.Pending[0]
		s.Pending = slices.Delete(s.Pending, 0, 1)
		if e.Seq <= s.delivered {
			continue
		}
		s.delivered = e.Seq
		if m.cfg.Handle != nil {
			m.cfg.Handle(e)
		}
		m.note(s)
	}
	m.note(s)
}

// note journals how far the events have been handed out. Where that fails it is tried
// again with the next sample, whose own record tells of the failure.
func (m *Monitor) note(s *stream) {
	if m.journal == nil || s.noted == s.delivered {
		return
	}
	if m.journal.delivered(s.id, s.delivered) == nil {
		s.noted = s.delivered
	}
}

// Exclude leaves the samples of a known incident out of the stream's trainings, those
// that have come and those to come, however many they are: only of what an open alarm
// leaves out, more than a tenth of the remembered samples is learned all the same. The
// time in a known incident does not count towards MonitorConfig.Admit. Of more than a
// thousand incidents that the remembered samples reach back to, the last are kept.
func (m *Monitor) Exclude(id string, from, to time.Time) error {
	if to.Before(from) {
		return fmt.Errorf("dagmm: monitor: incident ends %s before it begins %s: %w", to, from, ErrDetector)
	}
	return m.on(id, func(s *stream) error {
		if m.journal != nil {
			n, err := m.journal.incident(id, from, to)
			if err != nil {
				return err
			}
			s.Applied = n
		}
		s.exclude(from, to)
		return nil
	})
}

// Model returns the model that scores a stream; nil while it warms up, or for a stream
// that is not in memory.
func (m *Monitor) Model(id string) *Model {
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
	return s.detector.m
}

// Profile returns the profile of what the Monitor remembers of a stream, incidents left
// out: its Limits are the statistical limits beside the model's verdict, and its Kind and
// Reason tell what seasons the stream supports. zone is NewProfile's. It is computed by
// each call: keep it for an hour. A stream that is not in memory or has too few samples is
// ErrShort.
func (m *Monitor) Profile(id string, zone *time.Location) (*Profile, error) {
	m.mu.RLock()
	s := m.streams[id]
	m.mu.RUnlock()
	if s == nil {
		return nil, fmt.Errorf("dagmm: monitor: stream %q is not in memory: %w", id, ErrShort)
	}
	s.mu.Lock()
	if len(s.Window.Times) == 0 {
		s.mu.Unlock()
		return nil, fmt.Errorf("dagmm: monitor: stream %q has no samples: %w", id, ErrShort)
	}
	incident := s.known()
	w := s.Window.training(m.cfg.Columns, m.cfg.Interval, slices.Clone(incident))
	for r, out := range s.Window.Incident {
		incident[r] = incident[r] || out
	}
	s.mu.Unlock()
	for r, out := range incident {
		if out {
			blank(w.X.RawRowView(r))
		}
	}
	return NewProfile(w.Columns, w.Times, w.X, zone)
}

// Stats counts.
func (m *Monitor) Stats() MonitorStats {
	out := MonitorStats{Samples: m.samples.Load(), Dropped: m.dropped.Load(), Events: m.events.Load(), Alarms: m.alarms.Load(),
		Trained: m.trained.Load(), Kept: m.kept.Load(), Failed: m.failed.Load(), Evicted: m.evicted.Load(),
		Invalid: m.invalid.Load(), Wraps: m.wraps.Load(), Resets: m.resets.Load(), Damaged: m.damaged.Load(), Training: m.trainings.underway()}
	for _, s := range m.all() {
		s.mu.Lock()
		out.Streams++
		out.WindowRows += len(s.Window.Times)
		switch {
		case s.detector == nil:
			out.WarmingUp++
		case s.detector.s.Alarm.Open:
			out.OpenAlarms++
		}
		s.mu.Unlock()
	}
	return out
}

// Close stops the workers, cancels trainings, and saves the state where there is a Dir.
// Samples that wait for earlier ones stay waiting.
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
	if m.journal == nil {
		return nil
	}
	return errors.Join(m.Save(), m.journal.close())
}
