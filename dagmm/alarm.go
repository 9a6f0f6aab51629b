package dagmm

import (
	"math"
	"slices"
	"time"
)

// detectorState is all of a Detector that changes with the samples, but for the context
// and the values carried (filler).
type detectorState struct {
	Controller controller
	Samples    uint64
	Last       time.Time // sample
	Scored     time.Time // last sample with a score
	Silent     bool      // NoData was emitted
	Scores     uint64    // samples with a score
	Flags      []flagged // among the last Of
	Baseline   baseline
	Seq        uint64 // of the last event
	Alarm      alarmState
	ClosedAt   time.Time
	Runs       []int // samples for which each metric has kept its value
	Values     []float64
	StuckNow   []bool

	flagged bool
	events  []Event
}

// flagged is a sample above the threshold.
type flagged struct {
	Score uint64 // its number
	Time  time.Time
}

type alarmState struct {
	Open       bool
	Number     uint64
	Start, End time.Time // of the first and last flagged sample
	Samples    int
	Severity   Severity
	Peak       Peak
	Told       time.Time // last event
	Admitted   bool      // NewNormal was emitted (Monitor)
	PeakLevel  float64   // of Peak above its threshold
	// Explained is the peak's explanation where its context is gone.
	Explained *Explanation
}

// severity of an energy under the threshold in force.
func (d *Detector) severity(energy float64) Severity {
	ordinary := d.levels.Low + d.shift()
	ratio := (energy - ordinary) / max(d.Threshold()-ordinary, 1e-12*d.levels.Spread)
	switch {
	case ratio > 5:
		return Critical
	case ratio > 2:
		return Major
	}
	return Minor
}

func (d *Detector) open(t time.Time, energy, u float64) {
	s := &d.s
	s.Alarm = alarmState{Open: true, Number: s.Alarm.Number + 1, Start: s.Flags[0].Time, End: t, Samples: len(s.Flags), Severity: d.severity(energy)}
	d.setPeak(t, energy, u)
	d.tell(Opened, t)
	if d.cfg.Budget > 0 {
		s.Controller.opened()
	}
}

// reopen goes on with the last alarm.
func (d *Detector) reopen(t time.Time, energy, u float64) {
	d.s.Alarm.Open = true
	d.extend(t, energy, u)
	d.tell(Reopened, t)
}

// proceed takes a sample of an open alarm.
func (d *Detector) proceed(t time.Time, energy, u float64) {
	if !d.s.flagged && (d.cfg.Recover == 1 || !(energy > d.quiet(d.Threshold())) || !d.admissible()) {
		return
	}
	graver := d.extend(t, energy, u)
	if graver || d.cfg.Repeat > 0 && t.Sub(d.s.Alarm.Told) >= d.cfg.Repeat {
		d.tell(Continued, t)
	}
}

// extend makes a sample part of the alarm and tells whether it became more severe.
func (d *Detector) extend(t time.Time, energy, u float64) (graver bool) {
	a := &d.s.Alarm
	a.End = t
	a.Samples++
	higher := energy > a.Peak.Energy
	if a.Explained != nil {
		higher = u-d.s.Controller.Threshold > a.PeakLevel
	}
	if higher {
		d.setPeak(t, energy, u)
	}
	if d.cfg.Budget > 0 && t.Sub(a.Start) > absorbing {
		d.s.Controller.persists(u)
	}
	grade := d.severity(energy)
	graver = grade > a.Severity
	a.Severity = max(grade, a.Severity)
	return graver
}

// tell emits what is known of the alarm.
func (d *Detector) tell(kind EventKind, t time.Time) {
	d.s.Alarm.Told = t
	e := d.event(kind, t)
	e.Explanation = d.explainPeak()
	d.emit(e)
}

func (d *Detector) setPeak(t time.Time, energy, u float64) {
	d.s.Alarm.PeakLevel, d.s.Alarm.Explained = u-d.s.Controller.Threshold, nil
	d.s.Alarm.Peak = Peak{Time: t, Energy: energy, Threshold: d.Threshold(), PValue: d.tail.PValue(energy), Values: slices.Clone(d.fill.filled)}
	d.peak = d.fill.s.last.clone()
}

// explainPeak explains the highest sample of the alarm: what keeps it open, and the value
// at which it would not.
func (d *Detector) explainPeak() *Explanation {
	a := &d.s.Alarm
	if d.peak == nil {
		return a.Explained
	}
	e, err := d.m.withThreshold(d.quiet(a.Peak.Threshold)).explain(a.Peak.Values, d.peak)
	if err != nil {
		return nil
	}
	e.Verdict.Threshold = a.Peak.Threshold
	return e
}

func (d *Detector) close(t time.Time) {
	s := &d.s
	s.Alarm.Explained = d.explainPeak()
	s.Alarm.Open, s.ClosedAt, d.peak = false, t, nil
	d.tell(Closed, t)
}

func (d *Detector) event(kind EventKind, t time.Time) Event {
	a := &d.s.Alarm
	return Event{Kind: kind, Time: t, Alarm: a.Number, Start: a.Start, End: a.End, Samples: a.Samples, Severity: a.Severity, Peak: a.Peak}
}

const (
	stuckFactor = 3 // times the longest run in training
	stuckLeast  = 30
)

// watchStuck counts for how long each metric has kept its value.
func (d *Detector) watchStuck(t time.Time, x []float64) {
	s := &d.s
	if s.StuckNow == nil {
		s.StuckNow = make([]bool, len(x))
	}
	for j, v := range x {
		if v != v {
			continue
		}
		if s.Runs[j] == 0 || v != s.Values[j] {
			s.Runs[j], s.Values[j], s.StuckNow[j] = 1, v, false
			continue
		}
		s.Runs[j] = min(s.Runs[j]+1, math.MaxInt32)
		if d.longest == nil || s.StuckNow[j] || d.m.p.Scaler.Columns[j].Constant {
			continue
		}
		if s.Runs[j] > max(stuckLeast, stuckFactor*d.longest[j]) {
			s.StuckNow[j] = true
			e := Event{Kind: Stuck, Time: t, Metric: d.m.p.Columns[j], Detail: "has kept the value " + number(v)}
			if s.Alarm.Open {
				e.Alarm = s.Alarm.Number
			}
			d.emit(e)
		}
	}
}
