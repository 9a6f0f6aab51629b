package dataset

import (
	"slices"
	"time"
)

// At the end of summer time the clock goes back, and times without an offset come twice. The
// order of the rows tells which of the two is meant: the one nearer to
// the row before.

// timeOrder is what the times so far tell of those that could mean several.
type timeOrder struct {
	last    int64     // time before, in nanoseconds since 1970
	started bool      // last is set
	falls   bool      // the last step went back
	stands  bool      // a time has come twice
	ref     time.Time // a time without year or date is the one nearest to ref
}

// byOrder reports whether what a time means depends on those before.
func (p *timeReader) byOrder() bool { return p.local || p.noYear || p.noDate }

// anew returns the order of a recording that begins here. Its date, where times have none, is
// that of the first recording; its year is the one that has been reached.
func (p *timeReader) anew() timeOrder {
	if p.noYear {
		return timeOrder{ref: p.ref}
	}
	return timeOrder{}
}

// inOrder returns the time that t, at nanoseconds since 1970, means after the time before.
func (p *timeReader) inOrder(t time.Time, at int64) int64 {
	if other, twice := otherReading(t); twice {
		early, late := min(at, other), max(at, other)
		at = early
		if p.started && p.prefersLate(early-p.last, late-p.last) {
			at = late
		}
	}
	if p.started {
		p.stands = p.stands || at == p.last
		p.falls = at < p.last
	}
	p.last, p.started = at, true
	return at
}

// prefersLate reports whether the later of two times is meant, which lie so far from the time
// before. A time that does not move is meant only where others do not; of two that are as near,
// the one in the direction of the rows is.
func (p *timeReader) prefersLate(early, late int64) bool {
	switch near, far := max(early, -early), max(late, -late); {
	case early == 0 && !p.stands:
		return true
	case late == 0 && !p.stands:
		return false
	case near != far:
		return far < near
	}
	return !p.falls
}

// otherReading returns the other time with the same date and clock as t, if there is one.
func otherReading(t time.Time) (at int64, twice bool) {
	start, end := t.ZoneBounds()
	_, offset := t.Zone()
	if !start.IsZero() {
		_, before := start.Add(-time.Second).Zone()
		if back := time.Duration(before-offset) * time.Second; back > 0 && t.Sub(start) < back {
			return t.Add(-back).UnixNano(), true
		}
	}
	if !end.IsZero() {
		_, after := end.Zone()
		if back := time.Duration(offset-after) * time.Second; back > 0 && end.Sub(t) <= back {
			return t.Add(back).UnixNano(), true
		}
	}
	return 0, false
}

// hasNoClock reports whether a layout has a date only.
func hasNoClock(layout string) bool {
	at := time.Date(2001, 2, 3, 4, 5, 6, 7, time.UTC)
	return at.Format(layout) == at.Add(9*time.Hour+10*time.Minute+11*time.Second).Format(layout)
}

// twelveHours reports whether times are those of a clock of 12 hours without AM and PM: no hour is
// beyond 12, and where others go forward by a step, one goes back by 12 hours less that step.
func twelveHours(t *Table) bool {
	if slices.ContainsFunc(t.Times, func(at time.Time) bool { return at.Hour() < 1 || at.Hour() > 12 }) {
		return false
	}
	usual := t.Interval()
	for i := 1; i < len(t.Times) && usual > 0 && usual <= 2*time.Hour; i++ {
		off := t.Times[i].Sub(t.Times[i-1]) + 12*time.Hour - usual
		if off.Abs() <= usual/10 {
			return true
		}
	}
	return false
}
