package alarm

import (
	"slices"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
)

// severity grades an energy under the threshold in force.
func (d *Detector) severity(energy float64) Severity {
	ordinary := d.heights.low + d.shift()
	return SeverityOf(energy, max(d.Threshold(), ordinary+1e-12*d.heights.spread), ordinary)
}

func (d *Detector) open(t time.Time, energy, height float64) {
	d.alarm = episode{open: true, number: d.alarm.number + 1, start: d.flags[0].time, end: t, samples: len(d.flags), severity: d.severity(energy)}
	d.keep()
	d.blame()
	d.setPeak(t, energy, height)
	d.tell(Opened, t)
	if d.cfg.budgeted() {
		d.latest().cost = d.budget.opened(price(steps(d.span), height-d.level()))
	}
}

// reopen goes on with the last alarm.
func (d *Detector) reopen(t time.Time, energy, height float64) {
	d.alarm.open, d.latest().closed = true, time.Time{}
	d.extend(t, energy, height)
	d.tell(Reopened, t)
}

// proceed takes a sample of an open alarm.
func (d *Detector) proceed(t time.Time, energy, height float64) {
	if !d.flagged && (d.cfg.Recover == 1 || !(energy > d.quiet(d.Threshold())) || !d.admissible()) {
		return
	}
	graver := d.extend(t, energy, height)
	if graver || d.cfg.Repeat > 0 && t.Sub(d.alarm.told) >= d.cfg.Repeat {
		d.tell(Continued, t)
	}
}

// extend makes a sample part of the alarm and reports whether the alarm became more severe.
func (d *Detector) extend(t time.Time, energy, height float64) (graver bool) {
	a := &d.alarm
	r := d.latest()
	a.end, r.end = t, t
	a.samples++
	if d.flagged && a.blame.Rows > 0 { // none in states from before there was a blame: its onset is past
		d.blame()
	}
	higher := energy > a.peak.Energy
	if a.explained != nil {
		higher = height-d.level() > a.peakHeight
	}
	if higher {
		d.setPeak(t, energy, height)
	}
	if d.cfg.budgeted() && t.Sub(a.start) > absorbing && !r.real {
		d.budget.persists(height)
	}
	grade := d.severity(energy)
	graver = grade > a.severity
	a.severity = max(grade, a.severity)
	return graver
}

// tell emits what is known of the alarm.
func (d *Detector) tell(kind Kind, t time.Time) {
	d.alarm.told = t
	e := d.alarm.event(kind, t)
	e.Explanation = d.explainPeak()
	d.emit(e)
}

func (d *Detector) setPeak(t time.Time, energy, height float64) {
	a := &d.alarm
	a.peakHeight, a.explained = height-d.level(), nil
	a.peak = Peak{Time: t, Energy: energy, Threshold: d.Threshold(), PValue: d.tail.PValue(energy), Values: d.stream.Row()}
	a.past, a.before = d.stream.Past(), false
	if d.calm != nil && !slices.Equal(d.calm.Levels, a.past.Levels) {
		// The levels have followed the fault: against them the peak would look ordinary.
		a.past, a.before = d.calm, true
	}
}

// blame lets the sample just scored say who is to blame, if it is among the alarm's first.
func (d *Detector) blame() {
	if b := &d.alarm.blame; b.Rows < dagmm.BlameRows {
		_ = d.stream.Add(b) // of the same model, which has scored a sample
	}
}

// explainPeak explains the highest sample of the alarm: what keeps the alarm open, and the
// value at which it would not.
func (d *Detector) explainPeak() *dagmm.Explanation {
	a := &d.alarm
	if a.past == nil {
		return a.explained
	}
	e, err := d.m.ExplainBlamed(a.peak.Values, a.past, d.quiet(a.peak.Threshold), &a.blame)
	if err != nil {
		return nil
	}
	e.Verdict.Energy, e.Verdict.Threshold, e.Verdict.PValue, e.Before = a.peak.Energy, a.peak.Threshold, d.m.PValue(a.peak.Energy), a.before
	return e
}

func (d *Detector) close(t time.Time) {
	d.alarm.explained = d.explainPeak()
	d.alarm.open, d.closed, d.latest().closed, d.alarm.past = false, t, t, nil
	d.tell(Closed, t)
}
