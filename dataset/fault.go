package dataset

import (
	"strconv"
)

// FaultKind is a kind of injected anomaly.
type FaultKind int

const (
	// OutOfRange puts a metric above all of its usual values.
	OutOfRange FaultKind = iota
	// BrokenCorrelation turns a metric against the others: low where the load is high, or
	// the reverse. No metric leaves its usual range.
	BrokenCorrelation
	// LevelShift adds a constant to a metric.
	LevelShift
	// Stuck freezes a metric at one value while the others move on.
	Stuck
)

// String returns the kind's name in words.
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
