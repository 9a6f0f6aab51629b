package alarm

import (
	"slices"
	"time"
)

// mostExpected bounds the expectations that a Detector holds; beyond, those that end first go.
const mostExpected = 1000

// span is a time, both ends included.
type span struct{ from, until time.Time }

func (s span) holds(t time.Time) bool { return !t.Before(s.from) && !t.After(s.until) }

// Expect says that what happens from from to until, both included, is expected: maintenance,
// a load test, a fault that somebody works on. Samples of that time are scored, but none is
// flagged, no alarm opens or goes on, no NoData, MetricMissing or Stuck is sent, and nothing of it
// counts towards the Budget. What still lasts afterwards is reported then.
//
// The time may have begun, or be over. Alarms that opened in it give their Budget back, and the
// one that is open is over; Expect returns its event.
func (d *Detector) Expect(from, until time.Time) []Event {
	if d.m == nil || until.Before(from) {
		return nil
	}
	window := span{from, until}
	for i := range d.records {
		if r := &d.records[i]; !r.start.IsZero() && window.holds(r.start) {
			d.refund(r)
		}
	}
	if !until.Before(d.last) {
		d.expected = append(d.expected, window)
		slices.SortStableFunc(d.expected, func(a, b span) int { return a.until.Compare(b.until) })
		d.expected = slices.Delete(d.expected, 0, max(0, len(d.expected)-mostExpected))
	}
	if d.alarm.open && window.holds(d.alarm.start) && window.holds(d.last) {
		d.close(d.last)
		d.events[len(d.events)-1].Detail = "expected until " + stamp(until)
	}
	return d.takeEvents()
}

// expects reports whether what happens at t is expected.
func (d *Detector) expects(t time.Time) bool {
	return slices.ContainsFunc(d.expected, func(s span) bool { return s.holds(t) })
}

// outlive forgets expectations that were over before t.
func (d *Detector) outlive(t time.Time) {
	d.expected = slices.DeleteFunc(d.expected, func(s span) bool { return s.until.Before(t) })
}

// heard returns the time from which silence counts: that of the last scored sample, or the
// end of an expectation that has begun since.
func (d *Detector) heard(now time.Time) time.Time {
	t := d.scored
	for _, s := range d.expected {
		if s.from.Before(now) && s.until.After(t) {
			t = s.until
		}
	}
	return t
}
