package alarm

import (
	"fmt"
	"slices"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/internal/format"
)

// Next takes the sample x of time t, in the metrics' own units. NaN is a missing value; 0 is
// a value like any other. A time that is not after the last one (ErrOrder), a wrong width
// (dagmm.ErrWidth) or an infinite value (dagmm.ErrNotFinite) is an error and leaves the
// detector as it was. A detector whose model has context opens no alarm with the first 20
// samples, nor with the first 20 after a gap of more than 20 intervals.
func (d *Detector) Next(t time.Time, x []float64) (Result, error) {
	if d.m == nil {
		return Result{}, fmt.Errorf("alarm: detector: %w", ErrNotMade)
	}
	if d.samples > 0 && !t.After(d.last) {
		return Result{}, fmt.Errorf("alarm: %s after %s: %w", t.Format(time.RFC3339Nano), d.last.Format(time.RFC3339Nano), ErrOrder)
	}
	raw := x
	x = Learned(d.values.longest, x)
	if err := d.m.Check(x); err != nil {
		return Result{}, fmt.Errorf("alarm: %w", err)
	}
	d.silence(t)
	afresh := d.silent
	if d.samples > 0 && t.Sub(d.scored) > dagmm.ContextWarmUp*d.cfg.Interval {
		d.stream.Reset()
		d.calm = nil
	}
	d.last = t
	d.samples++
	before := d.Threshold()
	d.against = before
	shift := d.shift()
	v, completeness, err := d.stream.Impute(d.m.Season().Deseasonalised(t, x))
	if err != nil {
		return Result{}, fmt.Errorf("alarm: %w", err)
	}
	if completeness != dagmm.Empty {
		v.Energy = d.recovered(t, v.Energy)
		d.score(t, v.Energy)
		d.watchStuck(t, x)
		d.watchAbsence(t, raw, afresh)
		d.adapt(completeness, v.Energy)
	}
	expected := d.expects(t)
	d.outlive(t)
	return Result{Energy: v.Energy, Expected: expected, Threshold: before, Score: d.scoreOf(v.Energy, before, shift), PValue: d.tail.PValue(v.Energy), Completeness: completeness,
		Flagged: d.flagged && completeness != dagmm.Empty, Open: d.alarm.open, Events: d.takeEvents()}, nil
}

// Tick tells the detector that it is now although no sample has come, and returns the
// events that follow: NoData. A stream that is fed regularly needs no Tick.
func (d *Detector) Tick(now time.Time) []Event {
	d.silence(now)
	return d.takeEvents()
}

func (d *Detector) silence(now time.Time) {
	if !d.FallsSilent(now) {
		return
	}
	d.silent = true
	d.emit(Event{Kind: NoData, Time: d.heard(now).Add(d.cfg.NoData + d.cfg.Interval), Detail: "nothing to score since " + stamp(d.scored)})
}

// score takes the energy of a sample.
func (d *Detector) score(t time.Time, energy float64) {
	if d.silent {
		d.silent = false
		d.emit(Event{Kind: DataResumed, Time: t, Detail: fmt.Sprintf("after %s", t.Sub(d.scored))})
	}
	d.scored = t
	d.scores++
	height := d.heights.of(energy - d.shift())
	if d.alarm.open && t.Sub(d.alarm.end) > d.cfg.Gap {
		d.close(t)
	}
	if d.expects(t) {
		d.flagged = false
		if height > d.level() {
			d.excused = t
		}
		return
	}
	d.flagged = height > d.level() && d.stream.Warm() && d.admissible()
	d.count(t)
	switch {
	case d.alarm.open:
		d.proceed(t, energy, height)
	case !d.flagged || t.Sub(d.closed) < d.cfg.Cooldown:
	case d.alarm.number > 0 && t.Sub(d.alarm.end) <= d.cfg.Merge:
		d.reopen(t, energy, height)
	case d.opens(energy):
		d.open(t, energy, height)
	}
	if d.cfg.budgeted() {
		d.budget.pass(moment{height: height, interval: d.cfg.Interval, perSample: steps(d.span) * d.perSample(), open: d.alarm.open,
			moved: d.heights.of(d.recent.median()) > d.budget.floor, capped: d.cfg.Cap})
		d.recent.observe(energy)
	}
}

// count keeps the flagged among the last Config.Of samples.
func (d *Detector) count(t time.Time) {
	d.flags = slices.DeleteFunc(d.flags, func(f flag) bool {
		return d.scores-f.score >= uint64(d.cfg.Of) || t.Sub(f.time) > d.cfg.Gap
	})
	if d.flagged {
		d.flags = append(d.flags, flag{d.scores, t})
	}
}

// opens reports whether the flagged sample and those before it make an alarm.
func (d *Detector) opens(energy float64) bool {
	return len(d.flags) >= d.cfg.Open || d.tail.PValue(energy-d.shift()) <= d.cfg.Sudden
}

const causeShare = .4 // of the energy, from which a metric that is not the first is a cause

// admissible reports whether the rules let the last sample pass.
func (d *Detector) admissible() bool {
	if len(d.cfg.Metrics) == 0 {
		return true
	}
	e, err := d.stream.ExplainAt(d.Threshold())
	if err != nil {
		return true
	}
	for i, c := range e.Contributions {
		if (i == 0 || c.Share >= causeShare) && d.cfg.Metrics[c.Metric].passes(c) {
			return true
		}
	}
	return false
}

func (d *Detector) watchStuck(t time.Time, x []float64) {
	if d.expects(t) {
		return
	}
	for j, v := range x {
		if v != v || !d.values.next(j, v) {
			continue
		}
		d.emitMetric(Event{Kind: Stuck, Time: t, Metric: d.columns[j], Detail: "has kept the value " + format.Number(v)})
	}
}

// emitMetric emits an event of a metric, which belongs to the alarm that is open.
func (d *Detector) emitMetric(e Event) {
	if d.alarm.open {
		e.Alarm = d.alarm.number
	}
	d.emit(e)
}

// stamp is how the sentences of events write a time.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// adapt lets the detector's model follow the sample that it has just scored.
func (d *Detector) adapt(q dagmm.Completeness, energy float64) {
	if d.adapter == nil || q != dagmm.Complete || d.alarm.open || d.expects(d.last) || !d.stream.Warm() || !(d.tail.PValue(energy) > d.adapter.cfg.Ignore) {
		return
	}
	m, err := d.adapter.observe(d.m, d.stream)
	if err != nil {
		// The mixtures stay as they are, and following starts afresh from them.
		if fresh, err := newAdapter(d.m, d.adapter.cfg); err == nil {
			d.adapter = fresh
		}
		return
	}
	if m != nil {
		d.m = m
		d.stream.Use(m)
	}
}
