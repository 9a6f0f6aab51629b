package alarm

import (
	"time"

	"github.com/metric-streams/anomaly/dagmm"
)

// StateVersion is the version of the State that Detector.State returns.
const StateVersion = 2

// State is everything a Detector remembers, in a form to be stored, for example with
// encoding/gob. (JSON cannot hold the NaN of missing values.) Its field names and types are
// those of the stored state of a Monitor: they do not change when Detector does.
type State struct {
	Version int // StateVersion

	Start, Threshold float64       // heights
	Absorbed         float64       // height by which a long alarm has raised the threshold
	Quiet            time.Duration // since an alarm was open
	Span             time.Duration // of the training rows; 0 where unknown
	Calm             *dagmm.Past   // context before the fault; nil without one
	Energies         []float64
	OldestEnergy     int // in Energies
	EnergiesWaited   int // samples since the last energy was remembered

	Samples uint64
	Last    time.Time // of the last sample
	Scores  uint64    // samples with a score
	Scored  time.Time // of the last of them
	Silent  bool
	Flagged bool
	Flags   []FlagState
	Closed  time.Time // when the last alarm closed
	Seq     uint64    // of the last event
	Alarm   EpisodeState
	Waiting []EventState // to be returned with the next sample

	Longest []int     // run of equal values in training, by metric; nil where unknown
	Runs    []int     // of equal values now, by metric
	Values  []float64 // that the runs are of
	Stuck   []bool    // by metric: the event was sent

	Absences []AbsenceState // by metric; nil in states from before this field

	Alarms   []RecordState // the latest, of which the last is Alarm; nil in states from before this field
	Expected []SpanState
	Excused  time.Time // of the last sample above the threshold that was expected

	Stream  dagmm.StreamState
	Adapted *AdaptedState // nil unless the mixtures follow the samples
}

// AbsenceState is what a Detector knows of whether one metric comes.
type AbsenceState struct {
	Seen  bool      // it has had a value
	Since time.Time // of the first sample without one; zero while it has values
	Told  bool      // MetricMissing was sent
}

// RecordState is what a Detector remembers of an alarm that may be judged.
type RecordState struct {
	Number             uint64
	Start, End, Closed time.Time
	Cost               float64 // height by which it raised the threshold
	Refunded           bool
	Judged, Real       bool
}

// SpanState is a time, both ends included.
type SpanState struct{ From, Until time.Time }

// FlagState is a flagged sample that counts towards Config.Open.
type FlagState struct {
	Score uint64 // its number among the samples with a score
	Time  time.Time
}

// EpisodeState is an alarm, open or last.
type EpisodeState struct {
	Open, Accepted bool
	Number         uint64
	Start, End     time.Time
	Samples        int
	Severity       int
	Told           time.Time
	Peak           PeakState
	PeakHeight     float64
	Past           *dagmm.Past       // context of the peak; nil where it is explained
	Before         bool              // that context is from before the fault
	Blame          dagmm.Blame       // of its first flagged samples; empty in states from before this field
	Explained      *ExplanationState // nil while the context of the peak is known
}

// PeakState is a Peak.
type PeakState struct {
	Time                      time.Time
	Energy, Threshold, PValue float64
	Values                    []float64
}

// ExplanationState is a dagmm.Explanation.
type ExplanationState struct {
	Energy, Threshold, PValue float64
	Anomalous                 bool
	Contributions             []ContributionState
	Pair                      [2]string
	Beside                    dagmm.Beside
	Fits                      float64
	Clears                    float64
	Before                    bool
	Usual                     [2]float64
}

// ContributionState is a dagmm.Contribution.
type ContributionState struct {
	Metric                  string
	Share, Value, Low, High float64
	Level                   float64
	Samples                 int
	Conditional, Constant   bool
	Joint                   bool
}

// EventState is an Event.
type EventState struct {
	Kind, Stream   string
	Seq            uint64
	Time           time.Time
	Alarm          uint64
	Start, End     time.Time
	Samples        int
	Severity       int
	Peak           PeakState
	Explanation    *ExplanationState
	Metric, Detail string
}

// AdaptedState is what a Detector with Config.Adapt remembers of its mixtures.
type AdaptedState struct {
	Taken    int        // samples since the mixtures changed
	Mixtures [][][]byte // JSON of the mixtures that score, by member
	Running  [][]RunningState
}

// RunningState is what one mixture that follows the samples remembers: the weights,
// means and covariances of gmm.OnlineState.
type RunningState struct{ Phi, Mu, Sigma []float64 }
