package counter

import "time"

// State is what a Counter remembers, in a form to be stored.
type State struct {
	Seen  bool
	Value float64 // last total, rounded to float64
	At    time.Time
	Top   float64 // largest rate so far
	Most  float64 // largest total so far; 0 in states from before there was this field
}

// State returns what the counter remembers.
func (c *Counter) State() State {
	return State{Seen: c.seen, Value: c.last.value, At: c.at, Top: c.topRate, Most: c.most}
}

// Resume returns a Counter that goes on from a State. Its last total is Approximate.
func Resume(s State) Counter {
	c := Counter{seen: s.Seen, last: Approximate(s.Value), at: s.At, topRate: s.Top, most: s.Most}
	if s.Seen {
		c.most = max(c.most, s.Value)
	}
	return c
}
