package dagmm

import (
	"fmt"
	"strconv"
	"time"
)

// EventKind says what an Event tells.
type EventKind string

const (
	// Opened: an alarm begins.
	Opened EventKind = "opened"
	// Continued: an open alarm became more severe, or DetectorConfig.Repeat has passed.
	Continued EventKind = "continued"
	// Reopened: the alarm that closed last goes on (DetectorConfig.Merge).
	Reopened EventKind = "reopened"
	// Closed: an alarm is over; Peak and Explanation are those of its highest sample.
	Closed EventKind = "closed"
	// NoData: nothing to score has come for DetectorConfig.NoData.
	NoData EventKind = "no data"
	// DataResumed: the first scored sample after NoData.
	DataResumed EventKind = "data resumed"
	// Stuck: Metric has kept one value much longer than it ever did in training.
	Stuck EventKind = "stuck"
	// WarmingUp: a stream without a model collects samples.
	WarmingUp EventKind = "warming up"
	// Retrained: a new model scores from the next sample on; the first one too.
	Retrained EventKind = "retrained"
	// Kept: a new model was not good enough and the old one stays; Detail says why.
	Kept EventKind = "kept"
	// RetrainFailed: training returned an error, in Detail.
	RetrainFailed EventKind = "retrain failed"
	// NewNormal: an alarm has lasted so long that its samples enter training.
	NewNormal EventKind = "new normal"
)

// Severity grades an alarm by how far its peak lies above the threshold: the distance of
// energies from the lowest ordinary one, relative to the threshold's.
type Severity int

const (
	// Minor: less than twice the threshold.
	Minor Severity = iota + 1
	// Major: two to five times the threshold.
	Major
	// Critical: more than five times the threshold.
	Critical
)

// String returns minor, major or critical.
func (s Severity) String() string {
	switch s {
	case Minor:
		return "minor"
	case Major:
		return "major"
	case Critical:
		return "critical"
	}
	return "Severity(" + strconv.Itoa(int(s)) + ")"
}

// Peak is the most improbable sample of an alarm so far.
type Peak struct {
	Time      time.Time
	Energy    float64
	Threshold float64 // in force when it came
	PValue    float64
	Values    []float64 // in the metrics' own units; a missing one is filled with what was assumed
}

// Event is something an operator may want to know. Nobody writes to one, and any number of
// goroutines may read it; nor must its receiver: Peak.Values and Explanation are shared
// with later events of the alarm.
type Event struct {
	Kind   EventKind
	Stream string // set by a Monitor
	// Seq numbers the events of a stream from 1, over restarts too: an event with a number
	// that was seen before is the same event.
	Seq  uint64
	Time time.Time // of the sample at which it was noticed

	// For Opened, Continued, Reopened and Closed; Stuck and NewNormal tell Alarm where one is open.
	Alarm       uint64 // numbers the stream's alarms from 1
	Start, End  time.Time
	Samples     int // flagged so far
	Severity    Severity
	Peak        Peak
	Explanation *Explanation // of the highest sample so far; Clears is where it would be quiet (DetectorConfig.Recover)

	Metric string // for Stuck
	Detail string // a sentence; for some kinds
}

// Duration is the time from the alarm's first flagged sample to its last so far.
func (e Event) Duration() time.Duration { return e.End.Sub(e.Start) }

// String is one line for an operator.
func (e Event) String() string {
	s := e.Time.UTC().Format("2006-01-02 15:04:05")
	if e.Stream != "" {
		s += " " + e.Stream
	}
	s += " " + string(e.Kind)
	switch e.Kind {
	case Opened, Continued, Reopened, Closed:
		s += fmt.Sprintf(" #%d %s", e.Alarm, e.Severity)
		if e.Kind != Opened {
			s += fmt.Sprintf(" after %s, %d samples", e.Duration().Round(time.Second), e.Samples)
		}
		s += fmt.Sprintf(", p %.2g", e.Peak.PValue)
	case Stuck:
		s += " " + e.Metric
	}
	if e.Explanation != nil {
		s += ": " + e.Explanation.String()
		if c := e.Explanation.Clears; c == c {
			s += "; clears at " + number(c)
		}
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}
