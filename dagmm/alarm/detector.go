package alarm

import (
	"slices"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
)

// Result is what a Detector says of one sample. It belongs to the caller; see Event about
// Events.
type Result struct {
	Energy    float64 // NaN without a score
	Threshold float64 // energy above which the sample is flagged
	// Score is 0 for the least ordinary energy and 1 at the threshold: it compares between hosts
	// and models. SeverityOf grades by it. NaN without a score.
	Score        float64
	PValue       float64 // of the model's Tail; NaN without a score
	Completeness dagmm.Completeness
	Flagged      bool    // the sample is above the threshold, a rule lets it pass, and it is not expected
	Expected     bool    // what happens at its time is expected (Detector.Expect)
	Open         bool    // an alarm is open
	Events       []Event // in order; mostly none
}

// Detector turns the samples of one stream into alarms. It belongs to one goroutine;
// several detectors may share a model. Its memory does not grow. Make one with New; the
// zero Detector returns ErrNotMade.
type Detector struct {
	m            *dagmm.Model
	cfg          Config
	columns      []string
	tail         *dagmm.Tail
	heights      heights
	span         time.Duration // from the first training row to the last; 0 where unknown
	recalibrated bool          // the energies are those of the detector to succeed; not stored, as it has succeeded then
	stream       *dagmm.Stream
	adapter      *adapter // nil unless Config.Adapt asks for it

	budget  controller
	recent  recentEnergies
	samples uint64
	last    time.Time   // of the last sample
	scores  uint64      // samples with a score
	scored  time.Time   // of the last of them
	silent  bool        // NoData was sent
	flagged bool        // the last sample
	against float64     // threshold that the last sample was held against; not stored, as the sample is not
	calm    *dagmm.Past // context before the fault; nil without one
	flags   []flag      // among the last Config.Of samples
	alarm   episode
	closed  time.Time // when the last alarm closed
	records []record  // of the latest alarms; the last is of alarm
	excused time.Time // of the last sample above the threshold that was expected
	values  valueRuns

	absences absences
	expected []span // not over yet, by their end

	seq    uint64 // of the last event
	events []Event
}

// flag is a sample above the threshold.
type flag struct {
	score uint64 // its number among the samples with a score
	time  time.Time
}

// perSample returns how many alarms a sample pays for.
func (d *Detector) perSample() float64 {
	return d.cfg.Budget * float64(d.cfg.Interval) / float64(24*time.Hour)
}

// shift returns by how much the energy of an ordinary sample lies above training's.
func (d *Detector) shift() float64 {
	if !d.cfg.budgeted() {
		return 0
	}
	return d.recent.shift()
}

// Model returns the model that scores. With Config.Adapt it has the mixtures of this
// moment.
func (d *Detector) Model() *dagmm.Model { return d.m }

// Columns returns the metrics of the detector's samples.
func (d *Detector) Columns() []string { return slices.Clone(d.columns) }

// Span returns how long the training rows lasted, from the first to the last; 0 where that is
// unknown.
func (d *Detector) Span() time.Duration { return d.span }

// Start returns the height of the threshold that the detector started from, for
// Training.Start of another detector with the same model and Config.
func (d *Detector) Start() float64 { return d.budget.start }

// Threshold returns the energy above which the next sample will be flagged.
func (d *Detector) Threshold() float64 { return d.heights.energy(d.level()) + d.shift() }

// level returns the height of the threshold in force.
func (d *Detector) level() float64 {
	if !d.cfg.budgeted() {
		return d.budget.threshold
	}
	return d.budget.level() + unseen(d.span)
}

// quiet returns the energy up to which a sample of an open alarm is quiet under a
// threshold.
func (d *Detector) quiet(threshold float64) float64 {
	ordinary := d.heights.low + d.shift()
	return ordinary + d.cfg.Recover*(threshold-ordinary)
}

// scoreOf returns the Result.Score of an energy, where an ordinary one lay higher by shift.
func (d *Detector) scoreOf(energy, threshold, shift float64) float64 {
	least := d.heights.low + shift
	return max(0, energy-least) / max(threshold-least, 1e-12*d.heights.spread)
}

// FallsSilent reports whether Tick(now) would raise an event.
func (d *Detector) FallsSilent(now time.Time) bool {
	return !d.scored.IsZero() && !d.silent && now.Sub(d.heard(now)) >= d.cfg.NoData+d.cfg.Interval
}

// takeEvents returns the events that wait to be returned.
func (d *Detector) takeEvents() []Event {
	e := d.events
	d.events = nil
	return e
}
