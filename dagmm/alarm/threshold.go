package alarm

import (
	"math"
	"time"
)

const (
	raise = .2 // by which an alarm raises the threshold
	swing = 9. // by which the threshold may rise above its start

	// ordinaryP is the p-value above which no sample is flagged where there is a Budget.
	ordinaryP = .05

	absorb    = .02           // share of the excess by which each flagged sample of a long alarm raises what is absorbed
	absorbing = time.Hour     // after which an alarm is long
	releasing = 2 * time.Hour // in which a quiet host gives back all but 1/e of what was absorbed

	patience = 48 * time.Hour // without an alarm, after which the threshold falls faster
)

// controller holds the height of the threshold at which a budget of alarms a day is spent.
// An alarm raises the threshold, and every scored sample lowers it by what the budget
// allows. After an hour within one alarm the threshold also follows the samples, so that a
// host that has changed for good falls silent. It gives back what it has absorbed like that
// once the host is as before, and keeps it on a host that has moved.
type controller struct {
	start     float64 // at which the training stream spends the budget
	threshold float64 // without what is absorbed
	absorbed  float64
	floor     float64       // height of ordinaryP
	quiet     time.Duration // since an alarm was open
}

// level returns the height of the threshold in force.
func (c *controller) level() float64 { return c.threshold + c.absorbed }

// opened raises the threshold for an alarm, by a number of steps, and returns by how much.
func (c *controller) opened(steps float64) float64 {
	c.threshold += raise * steps
	return raise * steps
}

// refund takes back what an alarm has raised the threshold by.
func (c *controller) refund(height float64) {
	c.threshold = max(c.threshold-height, min(c.threshold, c.floor))
}

func (c *controller) persists(height float64) {
	c.absorbed += absorb * min(max(height-c.level(), 0), 1)
}

// moment is what the controller is told of a scored sample.
type moment struct {
	height    float64 // of its energy
	interval  time.Duration
	perSample float64 // alarms that the budget allows for it, in steps
	open      bool    // an alarm is open
	moved     bool    // the host's usual energy is now among the unusual ones of training
	capped    bool    // the threshold stays at its start or above
}

// pass lowers the threshold for one scored sample. Without an alarm for longer than the
// controller's patience, the steps grow with the time.
func (c *controller) pass(m moment) {
	c.quiet += m.interval
	if m.open {
		c.quiet = 0
	}
	low := c.floor
	if m.capped {
		low = max(low, c.start)
	}
	haste := max(1, float64(c.quiet)/float64(patience))
	c.threshold = min(max(c.threshold-raise*m.perSample*haste, low), max(low, c.start)+swing)
	if m.height <= c.threshold && !m.moved {
		c.absorbed *= math.Exp(-float64(m.interval) / float64(releasing))
	}
}

// succeed takes over from the controller of an older model: the threshold keeps its distance
// from the start. What was absorbed stays while the alarm is open.
func (c *controller) succeed(old controller, open bool) {
	c.threshold = max(c.start+old.threshold-old.start, c.floor)
	c.quiet = old.quiet
	if open {
		c.absorbed = old.absorbed
	}
}
