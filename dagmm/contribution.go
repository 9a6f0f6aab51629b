package dagmm

import (
	"math"

	"github.com/metric-streams/anomaly/internal/format"
)

// Contribution is one metric's part in a row's energy.
type Contribution struct {
	Metric string
	// Share is the metric's part of the blame. Shares sum to 1.
	Share float64
	Value float64 // of the row, in the metric's own unit
	// Low and High bound the expected range of the metric, in its own unit. If Conditional is
	// set, the row would not be anomalous with a value in that range, the other metrics being as
	// they are. If not, the range takes the other metrics as they are expected to be after the
	// last samples, or, where Samples is 0, it is that of the middle 99 % of the training rows.
	// The value of an anomalous row is outside of the range unless Joint is set.
	Low, High float64
	// Level is the metric's recent level, which Low and High are held against: its
	// exponentially weighted mean over about the last Samples samples. Both are 0 where the
	// range does not depend on what came before.
	Level   float64
	Samples int
	// Conditional reports whether Low and High take the other metrics of the row into account.
	Conditional bool
	// Joint reports that the blame comes from the relation between metrics: the row is anomalous
	// although the value is within Low and High.
	Joint    bool
	Constant bool // the metric did not vary in training
}

// Text returns the value and the expected range as they are printed side by side: "35.34" and
// "29.39 to 29.71". A printed range never contains the value of an anomalous row; the range
// is "-" where no single one shows what is wrong.
func (c Contribution) Text() (value, expected string) {
	value, low, high := format.Bounds(c.Value, c.Low, c.High)
	switch {
	case c.Joint:
		return value, "-"
	case c.Constant || low == high:
		return value, low
	}
	return value, low + " to " + high
}

// outside reports whether the value lies outside of the range.
func (c Contribution) outside() bool { return c.Value < c.Low || c.Value > c.High }

// nearer returns the bound that is nearer to the value.
func (c Contribution) nearer() float64 {
	if math.Abs(c.Value-c.Low) < math.Abs(c.Value-c.High) {
		return c.Low
	}
	return c.High
}
