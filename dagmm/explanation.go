package dagmm

import (
	"fmt"

	"github.com/metric-streams/anomaly/internal/format"
)

// Contribution is one metric's part in a row's energy.
type Contribution struct {
	Metric string
	// Share is the part of the energy that replacing the metric takes away. Shares sum to 1.
	Share float64
	Value float64 // of the row, in the metric's own unit
	// Low and High bound the expected range of the metric, in its own unit. With a value in that
	// range the row would not be anomalous, the other metrics being as they are. Where no value
	// would do, the range is that of the middle 99 % of the training rows.
	Low, High float64
	// Conditional reports whether Low and High take the other metrics into account.
	Conditional bool
	Constant    bool // the metric did not vary in training
}

// Explanation says why a row has the energy it has.
type Explanation struct {
	Verdict       Verdict
	Contributions []Contribution // largest share first
	// Pair names two metrics that bring the energy down to the threshold only together. It is
	// empty where a single metric does, or no pair.
	Pair [2]string
	// Clears is the value of the first metric at which the row would no longer be anomalous, and
	// of those the nearest to its present value. It is NaN where there is none, and for a row
	// that is not anomalous.
	Clears float64
	// Usual bounds the middle 99 % of the first metric's training values, in its own unit. For a
	// metric that did not vary both bounds are its constant value.
	Usual [2]float64
}

// String returns one sentence for an operator.
func (e *Explanation) String() string {
	if len(e.Contributions) == 0 {
		return "no explanation"
	}
	c := e.Contributions[0]
	value := fmt.Sprintf("%s is %s", c.Metric, format.Number(c.Value))
	if !e.Verdict.Anomalous {
		return fmt.Sprintf("not anomalous (energy %.4g, threshold %.4g)", e.Verdict.Energy, e.Verdict.Threshold)
	}
	switch {
	case c.Constant:
		return fmt.Sprintf("%s; it was constantly %s in training", value, format.Number(e.Usual[0]))
	case e.Pair[0] != "":
		return fmt.Sprintf("%s and %s together; neither alone explains it", e.Pair[0], e.Pair[1])
	case !c.Conditional:
		return fmt.Sprintf("several metrics at once, %s most: %s, usually %s to %s", c.Metric, format.Number(c.Value), format.Number(c.Low), format.Number(c.High))
	}
	s := fmt.Sprintf("%s, expected %s to %s", value, format.Number(c.Low), format.Number(c.High))
	if c.Value >= e.Usual[0] && c.Value <= e.Usual[1] {
		s += fmt.Sprintf(" with the other metrics as they are (usually %s to %s)", format.Number(e.Usual[0]), format.Number(e.Usual[1]))
	}
	return s
}
