package dataset

import (
	"strconv"
)

// FaultKind is a kind of injected anomaly.
type FaultKind int

const (
	// OutOfRange raises a metric above all of its usual values.
	OutOfRange FaultKind = iota
	// BrokenCorrelation moves a metric against the others: it is low where the load is high,
	// and high where the load is low. No metric leaves its usual range.
	BrokenCorrelation
	// LevelShift adds a constant to a metric.
	LevelShift
	// Stuck holds a metric at one value while the others go on.
	Stuck
)

// String returns the kind in words, such as "level shift".
func (k FaultKind) String() string {
	switch k {
	case OutOfRange:
		return "out of range"
	case BrokenCorrelation:
		return "broken correlation"
	case LevelShift:
		return "level shift"
	case Stuck:
		return "stuck"
	}
	return "FaultKind(" + strconv.Itoa(int(k)) + ")"
}

// Fault is an injected anomaly of one metric over consecutive rows.
type Fault struct {
	Kind   FaultKind
	Metric string // one of the table's columns
	Start  int    // first row, from 0
	Length int    // rows
}
