package alarm

import (
	"time"

	"github.com/metric-streams/anomaly/dagmm"
)

// episode is an alarm from its first flagged sample to its end. A closed one stays until the
// next one opens, because it may be reopened.
type episode struct {
	open       bool
	accepted   bool // as normal
	number     uint64
	start, end time.Time // of the first and the last flagged sample
	samples    int       // flagged
	severity   Severity
	told       time.Time // when the last event was sent
	peak       Peak      // in the model's values
	peakHeight float64   // above the threshold
	past       *dagmm.Past
	before     bool               // past is from before the fault, not just before the peak
	blame      dagmm.Blame        // of its first flagged samples
	explained  *dagmm.Explanation // of the peak, where its context is gone
}

func (a *episode) event(kind Kind, t time.Time) Event {
	return Event{Kind: kind, Time: t, Alarm: a.number, Start: a.start, End: a.end, Samples: a.samples, Severity: a.severity, Peak: a.peak}
}
