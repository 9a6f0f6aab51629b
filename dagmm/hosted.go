package dagmm

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gonum.org/v1/gonum/mat"
)

// stream is one host of a Monitor.
type stream struct {
	id   string
	used atomic.Uint64

	file sync.Mutex // held while the state file is written; after mu where both are held

	mu        sync.Mutex
	gone      bool // evicted; set with both locks held, so either is enough to read it
	input     *Input
	detector  *Detector // nil while it warms up
	delivered uint64    // last event handed out
	noted     uint64    // in the journal: the last one handed out
	training  *training // under way, or ended and not taken over
	streamState
}

// streamState is what Save keeps of a stream beside its input, detector and model.
type streamState struct {
	Applied   uint64 // journal record
	Seq       uint64 // of the last event
	Samples   uint64
	Window    window
	Known     []timeRange // incidents
	Training  bool        // a training is under way
	Reason    string      // of it
	Trained   time.Time   // when the last training began, in the stream's time
	Trainings uint64
	Drift     float64 // mean of recent samples with p ≤ gateP
	ModelFile string  // in the folder, with Dir
	Pending   []Event // raised and not handed out yet
	Lost      string  // file of the damaged state before this one
}

type timeRange struct{ From, To time.Time }

const (
	driftMemory = 500 // samples
	driftShare  = .1  // of them with p ≤ gateP start a training
	driftPause  = 4   // at most so many trainings per Retrain interval
)

// process takes a sample in its turn.
func (m *Monitor) process(s *stream, sample Sample) {
	s.Samples++
	if s.detector == nil {
		m.warmUp(s, sample)
		return
	}
	r, err := s.detector.Next(sample.Time, sample.Values)
	if err != nil {
		m.dropped.Add(1) // Input lets nothing through that Next refuses
		return
	}
	s.Window.add(m.cfg.Window, m.cfg.Interval, sample.Time, sample.Values, s.incident(sample.Time, r.Open))
	events := r.Events
	a := &s.detector.s.Alarm
	if a.Open && !a.Admitted && m.cfg.Admit > 0 && sample.Time.Sub(a.Start) >= m.cfg.Admit {
		a.Admitted = true
		s.Window.mark(a.Start, sample.Time, false)
		e := s.detector.outward(s.detector.event(NewNormal, sample.Time))
		e.Detail = fmt.Sprintf("the alarm has lasted %s; its samples count as normal from now on", m.cfg.Admit)
		events = append(events, e)
		m.begin(s, sample.Time, "new normal")
	}
	m.raise(s, events...)
	m.schedule(s, sample.Time, r)
}

// incident tells whether a sample stays out of training.
func (s *stream) incident(t time.Time, open bool) bool {
	if open && !s.detector.s.Alarm.Admitted {
		return true
	}
	return slices.ContainsFunc(s.Known, func(r timeRange) bool { return !t.Before(r.From) && !t.After(r.To) })
}

func (s *stream) exclude(from, to time.Time) {
	const most = 1000
	s.Known = append(s.Known, timeRange{from, to})
	s.Known = s.Known[max(0, len(s.Known)-most):]
	s.Window.mark(from, to, true)
}

// warmUp collects samples for the first model.
func (m *Monitor) warmUp(s *stream, sample Sample) {
	s.Window.add(m.cfg.Window, m.cfg.Interval, sample.Time, sample.Values, s.incident(sample.Time, false))
	if s.Samples == 1 {
		e := Event{Kind: WarmingUp, Time: sample.Time, Detail: fmt.Sprintf("the first model is trained after %d samples", m.cfg.WarmUp)}
		if s.Lost != "" {
			e.Detail += "; the stream begins anew because its state was damaged, and is kept as " + s.Lost
		}
		m.raise(s, e)
	}
	if s.Samples >= uint64(m.cfg.WarmUp) && (s.Trained.IsZero() || sample.Time.Sub(s.Trained) >= time.Duration(m.cfg.WarmUp/4)*m.cfg.Interval) {
		m.begin(s, sample.Time, "first model")
	}
}

// schedule starts a training when it is time, or when too many samples are improbable.
func (m *Monitor) schedule(s *stream, t time.Time, r Result) {
	if p := r.PValue; p == p && !r.Open { // what an alarm holds is no drift until it is admitted
		var improbable float64
		if p <= gateP {
			improbable = 1
		}
		s.Drift += (improbable - s.Drift) / driftMemory
	}
	age := t.Sub(s.Trained)
	pause := m.cfg.Retrain
	if pause <= 0 {
		pause = 24 * time.Hour
	}
	switch {
	case m.cfg.Retrain > 0 && age >= m.cfg.Retrain:
		m.begin(s, t, "schedule")
	case s.Drift > driftShare && age >= pause/driftPause:
		m.begin(s, t, fmt.Sprintf("drift: %.0f %% of recent samples with p ≤ %g", 100*s.Drift, gateP))
	}
}

// begin starts a training unless one is under way.
func (m *Monitor) begin(s *stream, t time.Time, reason string) {
	if s.Training {
		return
	}
	s.Training, s.Reason, s.Trained, s.Drift = true, reason, t, 0
	s.Trainings++
	s.Window.prune(m.cfg.Window, m.cfg.Interval)
	m.launch(s)
}

// launch gets the training of the stream going, unless it is; s.mu is held. While a
// Monitor restores, nothing is trained: the outcome may follow in the journal.
func (m *Monitor) launch(s *stream) {
	if m.journal != nil && m.journal.replaying {
		return
	}
	t, fresh := m.trainings.begin(m.ctx, s.id)
	s.training = t
	switch {
	case !fresh:
	case m.cfg.Synchronous:
		if o := m.train(s.job(m.cfg, t)); o != nil {
			t.done.Store(o)
		}
	default:
		m.trainings.put(t)
	}
}

// job is a training to do.
type job struct {
	*training
	old    *Model
	window *Window
	reason string
}

// job copies from the stream what the training needs; s.mu is held.
func (s *stream) job(cfg MonitorConfig, t *training) job {
	s.Window.prune(cfg.Window, cfg.Interval)
	j := job{training: t, window: s.Window.training(cfg.Columns, cfg.Interval, s.detector != nil), reason: s.Reason}
	j.window.Stream, j.window.Number = s.id, s.Trainings-1
	if s.detector != nil {
		j.old = s.detector.m
	}
	return j
}

// jobOf makes the job of a training whose turn has come. The samples of a stream that has
// been evicted are in its file.
func (m *Monitor) jobOf(t *training) (job, error) {
	for {
		m.mu.RLock()
		s := m.streams[t.id]
		m.mu.RUnlock()
		if s == nil && m.cfg.Dir == "" {
			return job{}, fmt.Errorf("dagmm: monitor: stream %q is gone: %w", t.id, ErrShort)
		}
		if s == nil {
			var err error
			if s, err = m.read(m.stateFile(t.id)); err != nil {
				return job{}, err
			}
		}
		if j, ok := s.tryJob(m.cfg, t); ok {
			return j, nil
		}
	}
}

// tryJob is job of a stream that may have been evicted between look-up and lock.
func (s *stream) tryJob(cfg MonitorConfig, t *training) (job, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return job{}, false
	}
	return s.job(cfg, t), true
}

// outcome is what a training brings.
type outcome struct {
	Kind   EventKind
	Detail string
	File   string // of the model
	Start  float64
	// Longest runs of equal values, by metric.
	Longest  []int
	detector *Detector // nil unless Kind is Retrained
}

func (m *Monitor) work() {
	defer m.workers.Done()
	for {
		t := m.trainings.next()
		if t == nil {
			return
		}
		o := &outcome{Kind: RetrainFailed}
		if j, err := m.jobOf(t); err != nil {
			o.Detail = err.Error()
		} else if o = m.train(j); o == nil {
			continue
		}
		t.done.Store(o)
		m.mu.RLock()
		here := m.streams[t.id] != nil
		m.mu.RUnlock()
		if !here {
			t.slim()
		}
	}
}

// train does a job. It returns nil when the training is no longer wanted.
func (m *Monitor) train(j job) *outcome {
	season, why, err := m.season(j.window)
	var model *Model
	if err == nil {
		model, err = m.fit(j.ctx, j.window.without(season))
	}
	if j.ctx.Err() != nil {
		return nil
	}
	o := &outcome{Kind: RetrainFailed}
	if err == nil && model == nil {
		err = fmt.Errorf("no model: %w", ErrModel)
	}
	if err == nil && !slices.Equal(model.p.Columns, m.cfg.Columns) {
		err = fmt.Errorf("model of columns %q: %w", model.p.Columns, ErrWidth)
	}
	if err == nil {
		model, err = model.WithSeason(season)
	}
	if err == nil {
		j.reason += why
		err = m.judge(o, j, model)
	}
	if err != nil {
		o.Kind, o.Detail = RetrainFailed, fmt.Sprintf("%s: %v", j.reason, err)
	}
	return o
}

// fit calls the training function; a panic of it is an error like any other.
func (m *Monitor) fit(ctx context.Context, w *Window) (model *Model, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("training panicked: %v", p)
		}
	}()
	return m.cfg.Train(ctx, w)
}

// judge lets the model pass the gate and prepares its detector.
func (m *Monitor) judge(o *outcome, j job, model *Model) error {
	o.Kind, o.Detail = Retrained, j.reason
	if j.old != nil {
		v, err := challenge(j.old, model, j.window)
		if err != nil {
			return err
		}
		o.Detail = j.reason + "; " + v.Reason
		if !v.Accepted {
			o.Kind = Kept
			return nil
		}
	}
	energies, err := model.Series(nil, model.p.Season.subtract(j.window.Times, j.window.X))
	if err != nil {
		return err
	}
	for i := range energies {
		if j.window.leftOut(i) {
			energies[i] = nan
		}
	}
	o.Longest = longestRuns(j.window.X)
	if o.detector, err = newDetector(model, energies, o.Longest, m.cfg.Detector); err != nil {
		return err
	}
	o.Start = o.detector.s.Controller.Start
	if m.cfg.Dir != "" {
		o.File, err = m.saveModel(j.training, model)
	}
	return err
}

// takeOutcome takes over what a training has brought, if one has ended; s.mu is held.
func (m *Monitor) takeOutcome(s *stream) error {
	if s.training == nil {
		return nil
	}
	done := s.training.done.Load()
	if done == nil {
		return nil
	}
	o := *done
	if err := m.revive(&o); err != nil {
		o = outcome{Kind: RetrainFailed, Detail: err.Error()}
	}
	if m.journal != nil {
		n, err := m.journal.outcome(s.id, &o)
		if err != nil {
			return err
		}
		s.Applied = n
	}
	m.trainings.forget(s.id)
	s.training = nil
	m.applyOutcome(s, &o)
	return nil
}

// revive makes the detector of an outcome that was left to its file.
func (m *Monitor) revive(o *outcome) error {
	if o.Kind != Retrained || o.detector != nil {
		return nil
	}
	model, err := m.loadModel(o.File)
	if err != nil {
		return err
	}
	if o.detector, err = newDetector(model, nil, o.Longest, m.cfg.Detector); err != nil {
		return err
	}
	o.detector.s.Controller = controller{Start: o.Start, Threshold: o.Start}
	return nil
}

func (m *Monitor) applyOutcome(s *stream, o *outcome) {
	s.Training = false
	t := s.input.s.Passed
	switch o.Kind {
	case Retrained:
		m.trained.Add(1)
		if s.detector != nil {
			o.detector.succeed(s.detector)
		}
		s.detector, s.ModelFile = o.detector, o.File
		s.prime()
	case Kept:
		m.kept.Add(1)
	default:
		m.failed.Add(1)
	}
	m.raise(s, Event{Kind: o.Kind, Time: t, Detail: o.Detail})
}

// prime gives a new detector the context of the samples before the next one.
func (s *stream) prime() {
	const enough = 200 // weights of older samples in the slowest usual level are below 1e-4
	w, f := &s.Window, s.detector.fill
	n := len(w.Times)
	if n == 0 {
		return
	}
	d := len(w.X) / n
	for i := max(0, n-enough); i < n; i++ {
		if i > 0 && w.Times[i]-w.Times[i-1] > staleFor*int64(s.detector.cfg.Interval) {
			f.forget()
		}
		f.observe(s.detector.m.deseasonalised(time.Unix(0, w.Times[i]), w.X[i*d:(i+1)*d]))
	}
	if s.detector.s.Scored.IsZero() {
		last := time.Unix(0, w.Times[n-1]).UTC()
		s.detector.s.Scored = last
	}
}

// succeed takes over the open alarm and the bookkeeping of the detector before.
func (d *Detector) succeed(old *Detector) {
	c := d.s.Controller
	d.s = old.s
	d.s.Controller = c
	a := &d.s.Alarm
	if !a.Open {
		return
	}
	if old.peak != nil {
		a.Explained, _ = old.m.withThreshold(a.Peak.Threshold).explain(a.Peak.Values, old.peak)
	}
	// Energies of different models do not compare: the next flagged sample is judged by
	// its level, the peak so far stays unless that one is more severe.
	a.PeakLevel = old.levels.level(a.Peak.Energy) - old.levels.level(a.Peak.Threshold)
	a.reseason(old.m, d.m)
}

// season returns the profile of a window where the Monitor takes seasons and the window
// shows one, and for the report what there is; nil for none.
func (m *Monitor) season(w *Window) (p *Profile, why string, err error) {
	if !m.cfg.Seasonal {
		return nil, "", nil
	}
	x := mat.DenseCopyOf(w.X)
	for r := range w.Exclude {
		if w.leftOut(r) {
			blank(x.RawRowView(r))
		}
	}
	p, err = NewProfile(w.Columns, w.Times, x, m.cfg.Zone)
	switch {
	case err != nil:
		return nil, "", err
	case !p.finite():
		return nil, "; no season: a metric has no values", nil
	case p.Kind == ProfileFlat:
		return nil, "; no season: " + p.Reason, nil
	}
	return p, fmt.Sprintf("; %s season", p.Kind), nil
}

// without returns the window with its rows deseasonalised.
func (w *Window) without(p *Profile) *Window {
	out := *w
	out.X = p.subtract(w.Times, w.X)
	return &out
}
