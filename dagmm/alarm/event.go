package alarm

import (
	"fmt"
	"strconv"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
)

// Kind says what an Event is about.
type Kind string

const (
	// Opened means that an alarm begins.
	Opened Kind = "opened"
	// Continued means that an open alarm became more severe, or that Config.Repeat has passed.
	Continued Kind = "continued"
	// Reopened means that the alarm that closed last goes on (Config.Merge).
	Reopened Kind = "reopened"
	// Closed means that an alarm is over. Peak and Explanation are those of its highest sample.
	Closed Kind = "closed"
	// NoData means that nothing to score has come for Config.NoData.
	NoData Kind = "no data"
	// DataResumed comes with the first scored sample after NoData.
	DataResumed Kind = "data resumed"
	// MetricMissing means that Metric has had no value for Config.NoData although others have.
	// A metric that has had none since the stream's first model is not missing, and neither is
	// one that was absent from training (Training.Longest). While nothing comes at all there is
	// NoData instead.
	MetricMissing Kind = "metric missing"
	// MetricResumed comes with the first value of Metric after MetricMissing.
	MetricResumed Kind = "metric resumed"
	// Stuck means that Metric has kept one value much longer than it ever did in training.
	Stuck Kind = "stuck"
	// WarmingUp means that a stream without a model collects samples.
	WarmingUp Kind = "warming up"
	// Retrained means that a new model scores from the next sample on. The first model counts.
	Retrained Kind = "retrained"
	// Kept means that a new model was not good enough and the old one stays. Detail says why.
	Kept Kind = "kept"
	// RetrainFailed means that training returned an error, which Detail holds.
	RetrainFailed Kind = "retrain failed"
	// NewNormal means that an alarm has lasted so long that its samples count as normal.
	NewNormal Kind = "new normal"
)

// Severity grades an alarm by how far its peak lies above the threshold: both are measured
// from the least ordinary energy.
type Severity int

const (
	// Minor is up to twice the threshold.
	Minor Severity = iota + 1
	// Major is two to five times the threshold.
	Major
	// Critical is more than five times the threshold.
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

// SeverityOf grades an energy above the threshold. Both are measured from least, the least
// ordinary energy, which is below the threshold. A model's least ordinary energy is the first
// of its Calibration.
func SeverityOf(energy, threshold, least float64) Severity {
	switch ratio := (energy - least) / (threshold - least); {
	case ratio > 5:
		return Critical
	case ratio > 2:
		return Major
	}
	return Minor
}

// Peak is the most improbable sample of an alarm so far.
type Peak struct {
	Time      time.Time
	Energy    float64
	Threshold float64 // in force when the sample came
	PValue    float64
	Values    []float64 // in the metrics' own units; a missing value is replaced by the one assumed
}

// Event is something an operator may want to know. Treat an Event as read-only: later events
// of the same alarm share its Peak.Values and its Explanation. Any number of goroutines may
// read it.
type Event struct {
	Kind   Kind
	Stream string // set by a Monitor
	// Seq numbers the events of a stream from 1 and goes on after a restart. An event with a
	// number seen before is the same event.
	Seq  uint64
	Time time.Time // of the sample with which it was noticed

	// The following are set for Opened, Continued, Reopened, Closed and NewNormal. Stuck,
	// MetricMissing and MetricResumed set Alarm where one is open.
	Alarm       uint64 // numbers the stream's alarms from 1
	Start, End  time.Time
	Samples     int // flagged so far
	Severity    Severity
	Peak        Peak
	Explanation *dagmm.Explanation // of the highest sample so far; its blame is that of the first samples (dagmm.Blame); Clears is the value at which it would be quiet (Config.Recover)

	Metric string // set for Stuck, MetricMissing and MetricResumed
	Detail string // a sentence, for some kinds
}

// Duration returns the time from the alarm's first flagged sample to its last one so far.
func (e Event) Duration() time.Duration { return e.End.Sub(e.Start) }

// String returns one line for an operator.
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
	case Stuck, MetricMissing, MetricResumed:
		s += " " + e.Metric
	}
	if e.Explanation != nil {
		s += ": " + e.Explanation.String()
		if at := e.Explanation.ClearsText(); at != "" {
			s += "; clears at " + at
		}
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}
