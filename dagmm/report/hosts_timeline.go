package report

import (
	"fmt"
	"html/template"
	"time"
)

// timeAxis is the time that the rows of all hosts cover, on one axis. It is zero where a host
// has no times or they do not go forward.
type timeAxis struct{ first, last time.Time }

func (d Hosts) axis() timeAxis {
	var a timeAxis
	for _, h := range d.Hosts {
		if !goForward(h.Times) {
			return timeAxis{}
		}
		first, last := h.Times[0], h.Times[len(h.Times)-1]
		if a.first.IsZero() || first.Before(a.first) {
			a.first = first
		}
		if last.After(a.last) {
			a.last = last
		}
	}
	return a
}

func (a timeAxis) ticks() []tick { return timeTicks(a.first, a.last, 4) }

// at is the place of a time.
func (a timeAxis) at(t time.Time) float64 {
	return stripWidth * float64(t.Sub(a.first)) / float64(a.last.Sub(a.first))
}

// timeline is one line that shows when a host was recorded, and when it had incidents: below
// each other, those of several hosts show what happened at the same time.
type timeline struct {
	Recorded template.HTMLAttr
	Areas    []area
}

func (h judged) timeline(a timeAxis) timeline {
	if a.first.IsZero() {
		return timeline{}
	}
	c := course{at: make([]float64, len(h.Times))}
	for i, t := range h.Times {
		c.at[i] = a.at(t)
	}
	const middle = stripHeight / 2
	return timeline{
		Recorded: path(fmt.Sprintf("M%.1f,%gH%.1f", c.at[0], middle, c.at[len(c.at)-1])),
		Areas:    c.incidents(h.found),
	}
}
