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
	Known     []timeRange // incidents that somebody has named
	Training  bool        // a training is under way
	Reason    string      // of it
	Trained   time.Time   // when the last training began, in the stream's time
	Trainings uint64
	Drift     float64   // mean of recent samples with p ≤ gateP
	Changed   time.Time // for good: the beginning of the last alarm that was admitted
	ModelFile string    // in the folder, with Dir
	Pending   []Event   // raised and not handed out yet
	Lost      string    // file of the damaged state before this one
}

type timeRange struct{ From, To time.Time }

const (
	driftMemory = 500 // samples
	driftShare  = .1  // of them with p ≤ gateP start a training
	driftPause  = 4   // at most so many trainings per Retrain interval
	admitPause  = 2   // at most so many per Admit while an admitted alarm stays open,
	admitMost   = 24  // and per Retrain interval
)

// process takes a sample in its turn.
func (m *Monitor) process(s *stream, sample Sample) {
	s.Samples++
	if n := len(s.Window.Times); n > 0 && sample.Time.UnixNano() <= s.Window.Times[n-1] {
		m.turnBack(s, sample.Time)
	}
	if s.detector == nil {
		m.warmUp(s, sample)
		return
	}
	r, err := s.detector.Next(sample.Time, learned(sample.Values, s.detector.longest))
	if err != nil {
		m.dropped.Add(1) // Input lets nothing through that Next refuses
		return
	}
	s.Window.add(m.cfg.Window, m.cfg.Interval, sample.Time, sample.Values, r.Open && !s.detector.s.Alarm.Admitted)
	m.raise(s, append(r.Events, m.admit(s, sample.Time)...)...)
	m.schedule(s, sample.Time, r)
}

// admit takes an alarm that has lasted long enough outside of known incidents for normal.
func (m *Monitor) admit(s *stream, t time.Time) []Event {
	a := &s.detector.s.Alarm
	if !a.Open || a.Admitted || m.cfg.Admit < 0 {
		return nil
	}
	since := a.Start
	for _, r := range s.Known {
		if !r.From.After(t) && r.To.After(since) {
			since = r.To
		}
	}
	if t.Sub(since) < m.cfg.Admit {
		return nil
	}
	a.Admitted, s.Changed = true, since
	s.Window.admit(since, t)
	e := s.detector.outward(s.detector.event(NewNormal, t))
	e.Detail = fmt.Sprintf("the alarm has lasted %s; its samples count as normal from now on", m.cfg.Admit)
	return []Event{e}
}

// exclude remembers a known incident, of at most a thousand that have not left the window.
func (s *stream) exclude(from, to time.Time) {
	const most = 1000
	if w := &s.Window; len(w.Times) > 0 {
		s.Known = slices.DeleteFunc(s.Known, func(r timeRange) bool { return r.To.UnixNano() < w.Times[0] })
	}
	s.Known = append(s.Known, timeRange{from, to})
	s.Known = s.Known[max(0, len(s.Known)-most):]
}

// known marks the rows of the window that lie in known incidents.
func (s *stream) known() []bool {
	out := make([]bool, len(s.Window.Times))
	for _, r := range s.Known {
		from, to := r.From.UnixNano(), r.To.UnixNano()
		for i, t := range s.Window.Times {
			out[i] = out[i] || t >= from && t <= to
		}
	}
	return out
}

// warmUp collects samples for the first model.
func (m *Monitor) warmUp(s *stream, sample Sample) {
	s.Window.add(m.cfg.Window, m.cfg.Interval, sample.Time, sample.Values, false)
	if s.Samples == 1 {
		e := Event{Kind: WarmingUp, Time: sample.Time, Detail: fmt.Sprintf("the first model is trained after %d samples", m.cfg.WarmUp)}
		if s.Lost != "" {
			e.Detail += "; the stream begins anew because its state was damaged, and is kept as " + s.Lost
		}
		m.raise(s, e)
	}
	if n := int64(s.Samples) - int64(m.cfg.WarmUp); n >= 0 && n%int64(max(1, m.cfg.WarmUp/4)) == 0 {
		m.begin(s, sample.Time, "first model")
	}
}

// schedule starts a training when it is time, when too many samples are improbable, or
// when an alarm has been admitted: at once, and again while it stays open.
func (m *Monitor) schedule(s *stream, t time.Time, r Result) {
	a := &s.detector.s.Alarm
	admitted := r.Open && a.Admitted
	if p := r.PValue; p == p && (!r.Open || admitted) { // what an alarm holds is no drift until it is admitted
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
	case admitted && (s.Trained.Before(s.Changed.Add(m.cfg.Admit)) || age >= max(m.cfg.Admit/admitPause, pause/admitMost)):
		m.begin(s, t, "new normal")
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
	old    contender // without a model for the first
	window *Window
	reason string
}

// job copies from the stream what the training needs; s.mu is held.
func (s *stream) job(cfg MonitorConfig, t *training) job {
	s.Window.prune(cfg.Window, cfg.Interval)
	j := job{training: t, window: s.Window.training(cfg.Columns, cfg.Interval, s.known()), reason: s.Reason}
	j.window.Stream, j.window.Number = s.id, s.Trainings-1
	if s.detector != nil {
		j.old = contender{s.detector.m, s.detector.longest}
		j.window.hold()
	}
	j.window.favour(s.Changed)
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
	j.reason += j.window.pace()
	c, w, why, err := m.learn(j)
	if j.ctx.Err() != nil {
		return nil
	}
	o := &outcome{}
	if err == nil {
		j.reason += why
		err = m.judge(o, j, c, w)
	}
	if err != nil {
		o.Kind, o.Detail = RetrainFailed, fmt.Sprintf("%s: %v", j.reason, err)
	}
	return o
}

// learn makes a model of the job's window. It returns the window as the model has learned
// it, and for the report what was taken out.
func (m *Monitor) learn(j job) (c contender, learned *Window, why string, err error) {
	w := j.window
	if err := w.check(); err != nil {
		return c, nil, "", err
	}
	c.longest = w.runs()
	learned, why = w.learned(c.longest)
	season, found, err := m.season(learned)
	if err != nil {
		return c, nil, "", err
	}
	learned = learned.without(season)
	model, err := m.fit(j.ctx, learned)
	switch {
	case err != nil:
	case model == nil:
		err = fmt.Errorf("no model: %w", ErrModel)
	case !slices.Equal(model.p.Columns, m.cfg.Columns):
		err = fmt.Errorf("model of columns %q: %w", model.p.Columns, ErrWidth)
	default:
		c.Model, err = model.WithSeason(season)
	}
	return c, learned, why + found, err
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

// judge lets the model pass the gate and prepares its detector; w is what it has learned.
func (m *Monitor) judge(o *outcome, j job, c contender, w *Window) error {
	o.Kind, o.Detail = Retrained, j.reason
	if j.old.Model != nil {
		v, err := challenge(j.old, c, j.window)
		if err != nil {
			return err
		}
		o.Detail = j.reason + "; " + v.Reason
		if !v.Accepted {
			o.Kind = Kept
			return nil
		}
	}
	energies, err := c.Series(nil, w.X)
	if err != nil {
		return err
	}
	for i, out := range w.out {
		if out {
			energies[i] = nan
		}
	}
	o.Longest = c.longest
	if o.detector, err = newDetector(c.Model, energies, o.Longest, m.cfg.Detector); err != nil {
		return err
	}
	o.Start = o.detector.s.Controller.Start
	if m.cfg.Dir != "" {
		o.File, err = m.saveModel(j.training, c.Model)
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

// contextRows is how many samples make a context: the weights of older ones in the slowest
// usual level are below 1e-4.
const contextRows = 200

// prime gives a new detector the context and the baseline of the samples before the next one.
func (s *stream) prime() {
	w, d, c := &s.Window, s.detector, contender{s.detector.m, s.detector.longest}
	n := len(w.Times)
	if n == 0 {
		return
	}
	width := len(w.X) / n
	for i := max(0, n-max(contextRows, d.s.Baseline.span())); i < n; i++ {
		if i > 0 && w.Times[i]-w.Times[i-1] > staleFor*int64(d.cfg.Interval) {
			d.fill.forget()
		}
		x := c.row(time.Unix(0, w.Times[i]), w.X[i*width:(i+1)*width])
		energy := nan
		if d.s.Baseline.due() && !empty(x) {
			energy = d.fill.peek(x)
		}
		d.s.Baseline.observe(energy)
		d.fill.observe(x)
	}
	if d.s.Scored.IsZero() {
		d.s.Scored = time.Unix(0, w.Times[n-1]).UTC()
	}
}

// succeed takes over the alarm and the bookkeeping of the detector before.
func (d *Detector) succeed(old *Detector) {
	c, b := d.s.Controller, d.s.Baseline
	d.s = old.s
	d.s.Controller, d.s.Baseline = c, b
	a := &d.s.Alarm
	if old.peak != nil {
		a.Explained = old.explainPeak()
	}
	// Energies of different models do not compare: the next flagged sample is judged by
	// its level, the peak so far stays unless that one is more severe.
	a.reseason(old.m, d.m)
}

// season returns the profile of a window where the Monitor takes seasons and the window
// shows one, and for the report what there is; nil for none.
func (m *Monitor) season(w *Window) (p *Profile, why string, err error) {
	if !m.cfg.Seasonal {
		return nil, "", nil
	}
	x := mat.DenseCopyOf(w.X)
	for r, out := range w.out {
		if out {
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
