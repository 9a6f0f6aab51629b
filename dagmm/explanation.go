package dagmm

import (
	"fmt"

	"github.com/metric-streams/anomaly/internal/format"
)

// Explanation says why a row has the energy it has.
type Explanation struct {
	Verdict Verdict
	// Contributions begin with the metric to blame most, whose share is the largest. With recent
	// levels, an anomalous row has next to it one metric each of two other groups, where there are
	// any: metrics that moved together in training say the same. The others follow by share.
	Contributions []Contribution
	// Pair names two metrics that bring the energy down to the threshold only together. It is
	// empty where a single metric does, or no pair.
	Pair [2]string
	// Beside says which other metric the first one does not go with. It is set where the first
	// contribution is Joint and such a metric is found.
	Beside Beside
	// Fits is the value of the first metric with which the row would have the least energy, as
	// far as was searched, in its own unit.
	Fits float64
	// Clears is the value of the first metric at which the row would no longer be anomalous, and
	// of those the nearest to its present value. It is NaN where there is none, and for a row
	// that is not anomalous.
	Clears float64
	// Before reports that the recent levels are those before an incident that had been going on
	// when the row came, and not those just before the row: the levels follow an incident.
	Before bool
	// Usual bounds the middle 99 % of the first metric's training values, in its own unit. For a
	// metric that did not vary both bounds are its constant value.
	Usual [2]float64
}

// Beside is a relation between two metrics that was not seen in training. While Metric had
// about the value that it has, the first metric of the Explanation was between Low and High.
// Numbers are in the metrics' own units. The zero Beside says nothing.
type Beside struct {
	Metric    string
	Value     float64
	Low, High float64
}

// String returns one sentence for an operator.
func (e *Explanation) String() string {
	if len(e.Contributions) == 0 {
		return "no explanation"
	}
	if !e.Verdict.Anomalous {
		return fmt.Sprintf("not anomalous (energy %.4g, threshold %.4g)", e.Verdict.Energy, e.Verdict.Threshold)
	}
	c := e.Contributions[0]
	if e.Pair[0] != "" {
		return e.pair()
	}
	if c.Joint {
		return e.relation(c)
	}
	s := e.sentence(c)
	if len(e.Contributions) > 1 && c.Conditional && !c.Constant && (c.Samples == 0 || c.Level < c.Low || c.Level > c.High) && e.ordinary(c) {
		s += " with the other metrics as they are; alone it would be usual"
	}
	return s
}

// ClearsText returns Clears as it is printed: a bound of the expected range in String. It is
// empty where there is none.
func (e *Explanation) ClearsText() string {
	if e.Clears != e.Clears || len(e.Contributions) == 0 {
		return ""
	}
	c := e.Contributions[0]
	_, low, high := format.Bounds(c.Value, c.Low, c.High)
	switch e.Clears {
	case c.Low:
		return low
	case c.High:
		return high
	}
	return format.Number(e.Clears)
}

// ordinary reports whether the value is usual for the first metric.
func (e *Explanation) ordinary(c Contribution) bool {
	return c.Value >= e.Usual[0] && c.Value <= e.Usual[1]
}

// sentence says what the value is and what it should be.
func (e *Explanation) sentence(c Contribution) string {
	value, expected := c.Text()
	s := c.Metric + " is " + value
	switch {
	case c.Constant:
		return s + "; it was constantly " + expected + " in training"
	case c.Samples > 0:
		return s + ", expected " + expected + e.after(c)
	case c.Conditional:
		return s + ", expected " + expected
	}
	return s + ", usually " + expected
}

// after says what the recent level was.
func (e *Explanation) after(c Contribution) string {
	switch {
	case c.Samples == 0:
		return ""
	case e.Before:
		return fmt.Sprintf(" after %s in the %d samples before the incident", format.Number(c.Level), c.Samples)
	}
	return fmt.Sprintf(" after %s in the last %d samples", format.Number(c.Level), c.Samples)
}

// pair says what is unusual about two metrics together.
func (e *Explanation) pair() string {
	s := e.Pair[0] + " and " + e.Pair[1] + " together: "
	first := e.Contributions[0]
	if first.Joint && e.Beside.Metric != "" {
		return s + e.relation(first)
	}
	s += e.alone(first)
	for _, c := range e.Contributions[1:] {
		if c.Metric == e.Pair[1] {
			s += "; " + e.alone(c)
		}
	}
	return s
}

// alone is the sentence about one metric of several.
func (e *Explanation) alone(c Contribution) string {
	if c.Joint {
		return c.Metric + " is " + format.Number(c.Value) + e.after(c)
	}
	return e.sentence(c)
}

// relation says what is unusual where the first metric's own value is not.
func (e *Explanation) relation(c Contribution) string {
	if b := e.Beside; b.Metric != "" {
		value, low, high := format.Bounds(c.Value, b.Low, b.High)
		usually := low + " to " + high
		if low == high {
			usually = low
		}
		return fmt.Sprintf("%s %s while %s %s; usually %s %s there", c.Metric, value, b.Metric, format.Number(b.Value), c.Metric, usually)
	}
	s := e.alone(c)
	fits := format.Number(e.Fits)
	switch {
	case fits == format.Number(c.Value):
		return s + "; no other value of it would fit better"
	case len(e.Contributions) > 1:
		return s + "; " + fits + " would fit the other metrics better"
	}
	return s + "; " + fits + " would fit better"
}
