package alarm

import (
	"fmt"
	"slices"
	"time"
)

// mostRecords is how many of the latest alarms can be judged.
const mostRecords = 200

// record is what a Detector keeps of an alarm so that somebody can judge it later.
type record struct {
	number       uint64
	start, end   time.Time // of the first and the last flagged sample; zero once the clock was set back
	closed       time.Time // zero while it is open
	cost         float64   // by which it raised the threshold
	refunded     bool
	judged, real bool
}

// record returns what is kept of an alarm; nil where nothing is.
func (d *Detector) record(number uint64) *record {
	i := slices.IndexFunc(d.records, func(r record) bool { return r.number == number })
	if i < 0 {
		return nil
	}
	return &d.records[i]
}

// keep begins the record of the alarm that has just opened.
func (d *Detector) keep() {
	a := &d.alarm
	d.records = append(d.records, record{number: a.number, start: a.start, end: a.end})
	d.records = slices.Delete(d.records, 0, max(0, len(d.records)-mostRecords))
}

// latest returns the record of the alarm that is open or was last.
func (d *Detector) latest() *record { return &d.records[len(d.records)-1] }

// Judge takes an operator's verdict on an alarm: whether something real was behind it. The
// last verdict counts.
//
// A real alarm was no false one, so it gives its Budget back at once. It is not taken for
// a host that has changed for good, however long it lasts. A false alarm is what the Budget is
// for: the threshold stays raised, by a whole step even where the alarm was far above it.
//
// A Detector remembers its latest 200 alarms; any other number is ErrUnknown.
func (d *Detector) Judge(number uint64, genuine bool) error {
	r := d.record(number)
	if r == nil {
		return fmt.Errorf("alarm: number %d of %d, of which the latest %d are remembered: %w", number, d.alarm.number, len(d.records), ErrUnknown)
	}
	r.judged, r.real = true, genuine
	if genuine {
		d.refund(r)
	} else if d.cfg.budgeted() {
		d.charge(r)
	}
	if d.alarm.number == number {
		d.alarm.accepted = !genuine
	}
	return nil
}

// refund gives back by how much an alarm has raised the threshold.
func (d *Detector) refund(r *record) {
	if !r.refunded {
		d.budget.refund(r.cost)
		r.refunded = true
	}
}

// charge makes an alarm cost what a false one does.
func (d *Detector) charge(r *record) {
	cost := max(r.cost, raise)
	if !r.refunded {
		d.budget.threshold -= r.cost
	}
	d.budget.threshold += cost
	r.cost, r.refunded = cost, false
}
