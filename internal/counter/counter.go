// Package counter turns a counter, the running total of something, into its rate per second.
//
// A total that falls has two possible causes. The counter wrapped: it is held in 32 or 64
// bits and went past the largest number. Or it was reset, as when the host was booted. A
// [Counter] tells the two apart.
package counter

import (
	"math"
	"time"
)

// Outcome says what a Counter made of a total.
type Outcome int

// What a Counter can make of a total.
const (
	NoRate  Outcome = iota // nothing to compare with, no time elapsed, or the rate overflows
	Rate                   // the total did not fall
	Wrapped                // the total went past 2^32 or 2^64 and there is a rate
	Reset                  // the counter started anew; no rate
)

// String returns no rate, rate, wrapped or reset.
func (o Outcome) String() string { return [...]string{"no rate", "rate", "wrapped", "reset"}[o] }

// Counter remembers what the next rate needs. The zero Counter has seen no total.
type Counter struct {
	seen    bool
	last    Total
	at      time.Time // of last
	topRate float64   // largest rate so far
	most    float64   // largest total so far; the last one at least
}

// Next takes the total at time t and returns the rate per second since the last total, which
// is finite, or NaN where the outcome is NoRate or Reset.
//
// A total that is NaN or infinite, or of the same time as the last, is ignored: the next
// rate is the mean over the gap. A total of an earlier time replaces the last one.
func (c *Counter) Next(total Total, t time.Time) (float64, Outcome) {
	elapsed := t.Sub(c.at)
	if !total.isFinite() || c.seen && elapsed == 0 {
		return math.NaN(), NoRate
	}
	rate, outcome := math.NaN(), NoRate
	if c.seen && elapsed > 0 {
		rate, outcome = c.rate(total, float64(elapsed)/float64(time.Second))
	}
	c.seen, c.last, c.at = true, total, t
	c.most = math.Max(c.most, total.value)
	if rate > c.topRate {
		c.topRate = rate
	}
	return rate, outcome
}

func (c *Counter) rate(total Total, seconds float64) (float64, Outcome) {
	if total.under(c.last) {
		return c.rateAfterFall(total, seconds)
	}
	rate := total.minus(c.last) / seconds
	if math.IsInf(rate, 1) {
		return math.NaN(), NoRate
	}
	return rate, Rate
}

// rateAfterFall decides between a wrap and a reset. A counter that wraps was in the upper
// half of its range, and its step over the limit looks like the steps before: the rate is at
// most ten times the largest so far. Where there is no rate to compare with, the step is less
// than a quarter of the range.
func (c *Counter) rateAfterFall(total Total, seconds float64) (float64, Outcome) {
	limit := c.limit()
	if !total.fits(limit) || !c.last.fits(limit) || c.last.value < limit/2 {
		return math.NaN(), Reset
	}
	step := total.over(limit, c.last)
	rate := step / seconds
	if rate <= 10*c.topRate || c.topRate == 0 && step < limit/4 {
		return rate, Wrapped
	}
	return math.NaN(), Reset
}

// limit returns where the counter wraps. One that was ever past 2^32 has 64 bits.
func (c *Counter) limit() float64 {
	if c.most < limit32 {
		return limit32
	}
	return limit64
}

// Rewind forgets the last total unless it is from before t. Which steps are usual is not
// forgotten.
func (c *Counter) Rewind(t time.Time) {
	if !c.at.Before(t) {
		c.seen = false
	}
}
