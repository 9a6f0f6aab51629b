package alarm

import (
	"fmt"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
)

// Status is what a Detector knows of its alarm, open or last.
type Status struct {
	Open     bool
	Accepted bool      // as normal: see AcceptAsNormal and Judge
	Number   uint64    // of the alarm, from 1; 0 before the first
	Start    time.Time // of its first flagged sample
	End      time.Time // of its last flagged sample so far
	Over     time.Time // when it closed; zero while it is open
	Judged   bool      // somebody has said whether it was real
	Real     bool      // and it was
}

// Status returns what the detector knows of its alarm.
func (d *Detector) Status() Status {
	a := &d.alarm
	if a.number == 0 {
		return Status{}
	}
	s := d.latest().status()
	s.Open, s.Accepted, s.Start, s.End = a.open, a.accepted, a.start, a.end
	return s
}

// Alarm returns what the detector knows of one of its alarms, of which it remembers the latest
// 200. Its times are zero where the host's clock has been set back since.
func (d *Detector) Alarm(number uint64) (Status, bool) {
	r := d.record(number)
	switch {
	case r == nil:
		return Status{}, false
	case number == d.alarm.number:
		return d.Status(), true
	}
	return r.status(), true
}

func (r *record) status() Status {
	return Status{Number: r.number, Start: r.start, End: r.end, Over: r.closed, Judged: r.judged, Real: r.real}
}

// Current returns the open alarm as an event of the kind Continued that was not sent: for
// receivers that want to be told again and again. It returns false where no alarm is open.
func (d *Detector) Current() (Event, bool) {
	if !d.alarm.open {
		return Event{}, false
	}
	e := d.alarm.event(Continued, d.alarm.end)
	e.Explanation = d.explainPeak()
	return d.outward(e), true
}

// Explain explains the last sample, flagged or not, under the threshold that it was held
// against. Low and High of each Contribution are what a dashboard draws beside the metric's
// value. It takes some hundred times as long as a score, and is an error before the first sample and after Resume.
func (d *Detector) Explain() (*dagmm.Explanation, error) {
	if d.m == nil {
		return nil, fmt.Errorf("alarm: detector: %w", ErrNotMade)
	}
	e, err := d.stream.ExplainAt(d.against)
	if err != nil {
		return nil, fmt.Errorf("alarm: %w", err)
	}
	if season := d.m.Season(); season != nil {
		e = shiftedExplanation(e, d.columns, season.Offsets(d.last))
	}
	return e, nil
}

// AcceptAsNormal takes what keeps the open alarm open for the new normal, and returns the
// event that says so: NewNormal with the given detail. The alarm stays open until its
// samples are quiet, as they are under a model that has learned them.
func (d *Detector) AcceptAsNormal(t time.Time, detail string) Event {
	d.alarm.accepted = true
	e := d.outward(d.alarm.event(NewNormal, t))
	d.seq++
	e.Seq, e.Detail = d.seq, detail
	return e
}

// Rewind makes the detector ready for samples that are earlier than those it has seen,
// because the host's clock was set back. It forgets all times and the context. An alarm
// that was open is over; Rewind returns its event.
func (d *Detector) Rewind() []Event {
	if d.m == nil {
		return nil
	}
	if d.alarm.open {
		d.close(d.last)
	}
	d.stream.Reset()
	d.calm = nil
	d.samples, d.silent, d.flags = 0, false, nil
	d.last, d.scored, d.closed = time.Time{}, time.Time{}, time.Time{}
	d.alarm = episode{number: d.alarm.number}
	for i := range d.records {
		r := &d.records[i]
		r.start, r.end, r.closed = time.Time{}, time.Time{}, time.Time{}
	}
	d.excused = time.Time{}
	d.absences.rewind()
	return d.takeEvents()
}
