package dagmm

import (
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
	next atomic.Pointer[outcome] // of a training, until the next sample

	mu        sync.Mutex
	gone      bool // evicted
	input     *Input
	detector  *Detector // nil while it warms up
	delivered uint64
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
}

type timeRange struct{ From, To time.Time }

const (
	driftMemory = 500 // samples
	driftShare  = .1  // of them with p ≤ gateP start a training
	driftPause  = 4   // at most so many trainings per Retrain interval
)

// process takes a sample in its turn.
func (m *Monitor) process(s *stream, sample Sample) error {
	s.Samples++
	if s.detector == nil {
		return m.warmUp(s, sample)
	}
	r, err := s.detector.Next(sample.Time, sample.Values)
	if err != nil {
		m.dropped.Add(1) // Input lets nothing through that Next refuses
		return nil
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
	if err := m.deliver(s, events); err != nil {
		return err
	}
	m.schedule(s, sample.Time, r)
	return nil
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
func (m *Monitor) warmUp(s *stream, sample Sample) error {
	s.Window.add(m.cfg.Window, m.cfg.Interval, sample.Time, sample.Values, s.incident(sample.Time, false))
	if s.Samples == 1 {
		e := Event{Kind: WarmingUp, Time: sample.Time, Detail: fmt.Sprintf("the first model is trained after %d samples", m.cfg.WarmUp)}
		if err := m.deliver(s, []Event{e}); err != nil {
			return err
		}
	}
	if s.Samples >= uint64(m.cfg.WarmUp) && (s.Trained.IsZero() || sample.Time.Sub(s.Trained) >= time.Duration(m.cfg.WarmUp/4)*m.cfg.Interval) {
		m.begin(s, sample.Time, "first model")
	}
	return nil
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
	if m.journal == nil || !m.journal.replaying {
		m.launch(s)
	}
}

// launch hands the stream's window to a worker; s.mu is held.
func (m *Monitor) launch(s *stream) {
	j := job{s: s, window: s.Window.training(m.cfg.Columns, m.cfg.Interval, s.detector != nil), reason: s.Reason}
	j.window.Stream, j.window.Number = s.id, s.Trainings-1
	if s.detector != nil {
		j.old = s.detector.m
	}
	m.training.Add(1)
	if m.cfg.Synchronous {
		s.next.Store(m.train(j))
		return
	}
	m.jobs.put(j)
}

// job is a training to do.
type job struct {
	s      *stream
	old    *Model
	window *Window
	reason string
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
		j, ok := m.jobs.get()
		if !ok {
			return
		}
		if o := m.train(j); o != nil {
			j.s.next.Store(o)
		}
	}
}

// train does a job. It returns nil when the Monitor is being closed.
func (m *Monitor) train(j job) *outcome {
	defer m.training.Add(-1)
	season, why, err := m.season(j.window)
	var model *Model
	if err == nil {
		model, err = m.cfg.Train(m.ctx, j.window.without(season))
	}
	if m.ctx.Err() != nil {
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
		o.File, err = m.saveModel(j.s.id, j.window.Number, model)
	}
	return err
}

// takeOutcome takes over what a training has brought, if one has ended; s.mu is held.
func (m *Monitor) takeOutcome(s *stream) error {
	o := s.next.Swap(nil)
	if o == nil {
		return nil
	}
	if m.journal != nil {
		n, err := m.journal.outcome(s.id, o)
		if err != nil {
			s.next.Store(o)
			return err
		}
		s.Applied = n
	}
	return m.applyOutcome(s, o)
}

func (m *Monitor) applyOutcome(s *stream, o *outcome) error {
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
	return m.deliver(s, []Event{{Kind: o.Kind, Time: t, Detail: o.Detail}})
}

// prime gives a new detector the context and the baseline of the samples before the next one.
func (s *stream) prime() {
	const enough = 200 // weights of older samples in the slowest usual level are below 1e-4
	w, d := &s.Window, s.detector
	n := len(w.Times)
	if n == 0 {
		return
	}
	width := len(w.X) / n
	for i := max(0, n-max(enough, d.s.Baseline.span())); i < n; i++ {
		if i > 0 && w.Times[i]-w.Times[i-1] > staleFor*int64(d.cfg.Interval) {
			d.fill.forget()
		}
		x := d.m.deseasonalised(time.Unix(0, w.Times[i]), w.X[i*width:(i+1)*width])
		energy := nan
		if d.s.Baseline.due() && complete(x) {
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

// jobQueue is an unbounded queue of trainings; a stream has at most one in it.
type jobQueue struct {
	mu     sync.Mutex
	some   *sync.Cond
	list   []job
	closed bool
}

func (q *jobQueue) init() { q.some = sync.NewCond(&q.mu) }

func (q *jobQueue) put(j job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = append(q.list, j)
	q.some.Signal()
}

func (q *jobQueue) get() (job, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.list) == 0 && !q.closed {
		q.some.Wait()
	}
	if q.closed {
		return job{}, false
	}
	j := q.list[0]
	q.list = slices.Delete(q.list, 0, 1)
	return j, true
}

func (q *jobQueue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed, q.list = true, nil
	q.some.Broadcast()
}
