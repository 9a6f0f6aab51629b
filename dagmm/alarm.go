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
	Recent     uint64    // flags of the last samples, the latest in the lowest bit
	Seq        uint64    // of the last event
	Alarm      alarmState
	ClosedAt   time.Time
	Runs       []int // samples for which each metric has kept its value
	Values     []float64
	StuckNow   []bool

	flagged bool
	events  []Event
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
	// Explained is the peak's explanation where another model has scored it.
	Explained *Explanation
}

// severity of an energy under the threshold in force.
func (d *Detector) severity(energy float64) Severity {
	ratio := (energy - d.levels.Low) / max(d.Threshold()-d.levels.Low, 1e-12*d.levels.Spread)
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
	s.Alarm = alarmState{Open: true, Number: s.Alarm.Number + 1, Start: t, End: t, Samples: 1, Severity: d.severity(energy), Told: t}
	d.setPeak(t, energy, u)
	e := d.event(Opened, t)
	e.Explanation, _ = d.explain(s.Alarm.Peak.Values, d.peak)
	if d.cfg.Budget > 0 {
		s.Controller.opened()
	}
	d.emit(e)
}

// extend takes a sample of an open alarm.
func (d *Detector) extend(t time.Time, energy, u float64) {
	s := &d.s
	a := &s.Alarm
	quiet := d.levels.Low + d.cfg.Recover*(d.Threshold()-d.levels.Low)
	if !s.flagged && (d.cfg.Recover == 1 || !(energy > quiet) || !d.admissible()) {
		return
	}
	a.End = t
	a.Samples++
	higher := energy > a.Peak.Energy
	if a.Explained != nil {
		higher = u-s.Controller.Threshold > a.PeakLevel
	}
	if higher {
		d.setPeak(t, energy, u)
	}
	if d.cfg.Budget > 0 && t.Sub(a.Start) > absorbing {
		s.Controller.persists(u)
	}
	grade := d.severity(energy)
	if grade > a.Severity || d.cfg.Repeat > 0 && t.Sub(a.Told) >= d.cfg.Repeat {
		a.Severity, a.Told = max(grade, a.Severity), t
		d.emit(d.event(Continued, t))
	}
}

func (d *Detector) setPeak(t time.Time, energy, u float64) {
	d.s.Alarm.PeakLevel, d.s.Alarm.Explained = u-d.s.Controller.Threshold, nil
	d.s.Alarm.Peak = Peak{Time: t, Energy: energy, Threshold: d.Threshold(), PValue: d.tail.PValue(energy), Values: slices.Clone(d.fill.filled)}
	d.peak = d.fill.s.last.clone()
}

func (d *Detector) close(t time.Time) {
	s := &d.s
	e := d.event(Closed, t)
	e.Explanation = s.Alarm.Explained
	if d.peak != nil {
		e.Explanation, _ = d.m.withThreshold(s.Alarm.Peak.Threshold).explain(s.Alarm.Peak.Values, d.peak)
	}
	s.Alarm.Open, s.ClosedAt, d.peak = false, t, nil
	d.emit(e)
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
