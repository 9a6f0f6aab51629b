package monitor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/season"
)

// begin starts a training unless one is under way.
func (m *Monitor) begin(s *stream, t time.Time, reason string) {
	if s.inTraining {
		return
	}
	s.inTraining, s.reason, s.trained, s.drift = true, reason, t, 0
	s.falsified = s.falsified && reason != correction
	s.trainings++
	if s.memory.away.rows == 0 { // else the training does it
		s.memory.prune(m.cfg.Window, m.cfg.Interval)
	}
	m.launch(s)
}

// launch gets the training of the stream going, unless it is under way; s.mu is held. While
// a Monitor replays its journal nothing is trained: the outcome may follow in the journal.
func (m *Monitor) launch(s *stream) {
	if m.replaying() {
		return
	}
	t, fresh := m.trainings.begin(m.ctx, s.id)
	s.training = t
	switch {
	case !fresh:
	case m.cfg.Synchronous:
		if o := m.trainNow(s, t); o != nil {
			t.done.Store(o)
		}
	default:
		m.trainings.put(t)
	}
}

// trainNow trains within the call that has begun the training; s.mu is held.
func (m *Monitor) trainNow(s *stream, t *training) *outcome {
	if err := m.recall(s); err != nil {
		return &outcome{kind: alarm.RetrainFailed, detail: err.Error()}
	}
	return m.train(s.job(m.cfg, t))
}

// job is a training to do.
type job struct {
	*training
	old    contender // without a model for the first
	window *Window
	reason string
}

// job copies from the stream what the training needs; s.mu is held, and no sample is away.
func (s *stream) job(cfg Config, t *training) job {
	s.memory.prune(cfg.Window, cfg.Interval)
	j := job{training: t, window: s.memory.window(cfg.Columns, cfg.Interval, s.known()), reason: s.reason}
	j.window.Stream, j.window.Number = s.id, s.trainings-1
	if s.detector != nil {
		j.old = contender{s.detector.Model(), s.metrics, s.detector.Span(), s.learned}
		j.window.Model = j.old.Model
		j.window.hold()
	}
	j.window.changed = s.changed
	j.window.favour(s.changed)
	return j
}

// jobOf makes the job of a training whose turn has come. The samples of an evicted stream
// are in the Store.
func (m *Monitor) jobOf(t *training) (job, error) {
	for {
		m.mu.RLock()
		s := m.streams[t.id]
		m.mu.RUnlock()
		if s == nil && m.store == nil {
			return job{}, fmt.Errorf("monitor: stream %q is gone: %w", t.id, ErrShort)
		}
		if s == nil {
			var err error
			if s, err = m.read(t.id); err != nil {
				return job{}, err
			}
		}
		if j, ok, err := m.tryJob(s, t); ok {
			return j, err
		}
	}
}

// tryJob is job for a stream that may have been evicted between look-up and lock.
func (m *Monitor) tryJob(s *stream, t *training) (j job, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return job{}, false, nil
	}
	if err := m.recall(s); err != nil {
		return job{}, true, err
	}
	return s.job(m.cfg, t), true, nil
}

func (m *Monitor) work() {
	defer m.workers.Done()
	for {
		t := m.trainings.next()
		if t == nil {
			return
		}
		o := &outcome{kind: alarm.RetrainFailed}
		if j, err := m.jobOf(t); err != nil {
			o.detail = err.Error()
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
	corrects := j.reason == correction
	j.reason += j.window.pace()
	if fits, why := j.old.fits(j.window); fits && !corrects {
		return m.keep(j, why)
	}
	c, why, err := m.learn(j)
	if j.ctx.Err() != nil {
		return nil
	}
	o := &outcome{}
	if err == nil {
		j.reason += why
		err = m.judge(o, j, c)
	}
	if err != nil {
		return failed(j.reason, err)
	}
	return o
}

func failed(reason string, err error) *outcome {
	return &outcome{kind: alarm.RetrainFailed, detail: fmt.Sprintf("%s: %v", reason, err)}
}

// learn makes a model of the job's window, and says for the report what was taken out of it.
func (m *Monitor) learn(j job) (c contender, why string, err error) {
	w := j.window
	if err := w.check(); err != nil {
		return c, "", err
	}
	c.metrics, c.span = w.runs(), w.span()
	learned, why := w.learned(c.metrics)
	profile, found, err := m.season(learned)
	if err != nil {
		return c, "", err
	}
	model, err := m.fit(j.ctx, learned.without(profile))
	switch {
	case err != nil:
	case model == nil:
		err = fmt.Errorf("no model: %w", dagmm.ErrModel)
	case !slices.Equal(model.Columns(), m.cfg.Columns):
		err = fmt.Errorf("model of columns %q: %w", model.Columns(), dagmm.ErrWidth)
	default:
		c.Model, err = model.WithSeason(profile)
	}
	return c, why + found, err
}

// fit calls the training function; a panic of it is an error like any other.
func (m *Monitor) fit(ctx context.Context, w *Window) (model *dagmm.Model, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("training panicked: %v", p)
		}
	}()
	return m.cfg.Train(ctx, w)
}

// judge lets the model pass the gate and makes its detector.
func (m *Monitor) judge(o *outcome, j job, c contender) error {
	o.kind, o.detail = alarm.Retrained, j.reason
	if j.old.Model != nil {
		v, err := challenge(j.old, c, j.window)
		if err != nil {
			return err
		}
		o.detail = j.reason + "; " + v.reason
		if !v.accepted {
			o.kind = alarm.Kept
			return nil
		}
	}
	energies, err := c.energies(j.window)
	if err != nil {
		return err
	}
	return m.employ(o, j, c, energies)
}

// employ makes the detector of an outcome, whose threshold starts from the energies of the
// window, NaN where a row takes no part. The model goes to the Store.
func (m *Monitor) employ(o *outcome, j job, c contender, energies []float64) (err error) {
	o.metrics, o.span = c.metrics, c.span
	o.detector, err = alarm.NewTrained(c.Model, alarm.Training{Energies: energies, Span: o.span, Longest: c.metrics.longest(), Recalibrated: o.kind == alarm.Kept}, m.cfg.Detector)
	if err != nil {
		return err
	}
	o.start = o.detector.Start()
	if m.store != nil {
		o.model, err = m.saveModel(j.training, c.Model)
	}
	return err
}

// takeOutcome takes over what a training has brought, if it has ended; s.mu is held.
func (m *Monitor) takeOutcome(s *stream) error {
	if s.training == nil {
		return nil
	}
	done := s.training.done.Load()
	if done == nil {
		return nil
	}
	if (done.detector != nil || done.model != "") && m.recall(s) != nil {
		return nil // the new detector has to know the latest samples, and can wait
	}
	o := *done
	if err := m.revive(&o); err != nil {
		o = outcome{kind: alarm.RetrainFailed, detail: err.Error()}
	}
	if m.journal != nil {
		n, err := m.journal.outcome(s.id, &o)
		if err != nil {
			return err
		}
		s.applied = n
	}
	m.trainings.forget(s.id)
	s.training = nil
	m.applyOutcome(s, &o)
	return nil
}

// revive makes the detector of an outcome that was left to its stored model.
func (m *Monitor) revive(o *outcome) error {
	if o.model == "" || o.detector != nil {
		return nil
	}
	model, err := m.store.loadModel(o.model)
	if err != nil {
		return err
	}
	o.detector, err = alarm.NewTrained(model, alarm.Training{Span: o.span, Longest: o.metrics.longest(), Start: &o.start, Recalibrated: o.kind == alarm.Kept}, m.cfg.Detector)
	return err
}

func (m *Monitor) applyOutcome(s *stream, o *outcome) {
	s.inTraining = false
	if o.detector != nil {
		if err := m.replace(s, o); err != nil {
			o.kind, o.detail = alarm.RetrainFailed, err.Error()
		}
	}
	switch o.kind {
	case alarm.Retrained:
		m.trained.Add(1)
	case alarm.Kept:
		m.kept.Add(1)
	default:
		m.failed.Add(1)
	}
	m.raise(s, alarm.Event{Kind: o.kind, Time: s.input.LastPassed(), Detail: o.detail})
}

// replace lets the detector of a new model take over.
func (m *Monitor) replace(s *stream, o *outcome) error {
	if s.detector != nil {
		if err := o.detector.Succeed(s.detector); err != nil {
			return err
		}
	} else {
		s.inherit(o.detector)
	}
	times, x := s.memory.rows()
	for i := range times {
		x.SetRow(i, o.metrics.learned(x.RawRowView(i)))
	}
	if err := o.detector.Prime(times, x); err != nil {
		return err
	}
	s.detector, s.metrics, s.model = o.detector, o.metrics, o.model
	if o.kind == alarm.Retrained {
		s.learned = s.input.LastPassed()
	}
	return nil
}

// season returns the profile of a window, and for the report what it shows. The profile is
// nil where the Monitor does not take seasons out or the window shows none.
func (m *Monitor) season(w *Window) (p *season.Profile, why string, err error) {
	if !m.cfg.Seasonal {
		return nil, "", nil
	}
	x := mat.DenseCopyOf(w.X)
	for r, out := range w.out {
		if out {
			blank(x.RawRowView(r))
		}
	}
	p, err = season.New(w.Columns, w.Times, x, m.cfg.Zone)
	switch {
	case err != nil:
		return nil, "", err
	case !p.Complete():
		return nil, "; no season: a metric has no values", nil
	case p.Kind == season.Flat:
		return nil, "; no season: " + p.Reason, nil
	}
	return p, fmt.Sprintf("; %s season", p.Kind), nil
}

// without returns the window with its rows deseasonalised.
func (w *Window) without(p *season.Profile) *Window {
	out := *w
	out.X = p.DeseasonalisedRows(w.Times, w.X)
	return &out
}
