package alarm

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
)

var (
	// ErrOrder reports a sample that is not later than the one before it.
	ErrOrder = errors.New("sample is not later than the last one")
	// ErrNotMade reports the use of a Detector, or a model, that nothing has made.
	ErrNotMade = errors.New("not made by its package")
)

// Result is what a Detector says of one sample. It belongs to the caller; see Event about
// Events.
type Result struct {
	Energy       float64 // NaN without a score
	Threshold    float64 // energy above which the sample is flagged
	PValue       float64 // of the model's Tail; NaN without a score
	Completeness dagmm.Completeness
	Flagged      bool    // the sample is above the threshold and a rule lets it pass
	Open         bool    // an alarm is open
	Events       []Event // in order; mostly none
}

// Detector turns the samples of one stream into alarms. It belongs to one goroutine;
// several detectors may share a model. Its memory does not grow. Make one with New; the
// zero Detector returns ErrNotMade.
type Detector struct {
	m        *dagmm.Model
	cfg      Config
	columns  []string
	tail     *dagmm.Tail
	heights  heights
	ordinary float64 // height up to which samples are ordinary
	stream   *dagmm.Stream
	adapter  *adapter // nil unless Config.Adapt asks for it

	budget  controller
	recent  recentEnergies
	samples uint64
	last    time.Time // of the last sample
	scores  uint64    // samples with a score
	scored  time.Time // of the last of them
	silent  bool      // NoData was sent
	flagged bool      // the last sample
	flags   []flag    // among the last Config.Of samples
	alarm   episode
	closed  time.Time // when the last alarm closed
	values  valueRuns
	seq     uint64 // of the last event
	events  []Event
}

// flag is a sample above the threshold.
type flag struct {
	score uint64 // its number among the samples with a score
	time  time.Time
}

// Training is what a Detector takes from the ordered rows that its model was trained on.
type Training struct {
	// Energies of the rows in order; NaN where a row does not count. With a Budget the threshold
	// starts from them. Without any, it starts from the tail of the model's calibration: too
	// high by as much as neighbouring samples are alike.
	Energies []float64
	// Longest is the longest run of equal values of each metric (LongestRuns). nil means that
	// it is unknown; then no metric is Stuck.
	Longest []int
	// Start, where it is not nil, is the height of the threshold to start from (Detector.Start)
	// instead of one from Energies.
	Start *float64
}

// New makes a detector for a model. training (rows × metrics) holds the ordered rows that
// the model was trained on, NaN where a value is missing, deseasonalised for a model with a
// season. Only Budget and Stuck need it; it may be nil. See Training for what nil means.
// Errors are ErrConfig, and those of Model.Series.
func New(m *dagmm.Model, training mat.Matrix, cfg Config) (*Detector, error) {
	if m == nil {
		return nil, fmt.Errorf("alarm: nil model: %w", ErrNotMade)
	}
	if x, ok := training.(*mat.Dense); training == nil || ok && x == nil {
		return NewTrained(m, Training{}, cfg)
	}
	energies, err := m.Series(nil, training)
	if err != nil {
		return nil, fmt.Errorf("alarm: %w", err)
	}
	return NewTrained(m, Training{Energies: energies, Longest: LongestRuns(training)}, cfg)
}

// NewTrained is New for a caller who knows the energies of the training rows already.
func NewTrained(m *dagmm.Model, training Training, cfg Config) (*Detector, error) {
	if m == nil {
		return nil, fmt.Errorf("alarm: nil model: %w", ErrNotMade)
	}
	columns := m.Columns()
	cfg, err := cfg.resolved(columns, time.Duration(m.Training().Interval*float64(time.Second)))
	if err != nil {
		return nil, err
	}
	if n := len(training.Longest); n != 0 && n != len(columns) {
		return nil, fmt.Errorf("alarm: longest runs of %d metrics, model of %d columns: %w", n, len(columns), ErrConfig)
	}
	d := &Detector{m: m, cfg: cfg, columns: columns, tail: m.Tail(), heights: newHeights(m.Calibration()), stream: m.Stream()}
	d.values = newValueRuns(columns, m.Constant(), training.Longest)
	d.recent.follow(m.Calibration(), cfg.Interval)
	start := d.heights.of(m.Threshold())
	switch {
	case training.Start != nil:
		start = *training.Start
	case cfg.Budget > 0:
		start = d.start(training.Energies)
	}
	d.budget = controller{start: start, threshold: start}
	d.ordinary = d.heights.of(m.Calibration().Quantile(1 - ordinaryP))
	if cfg.Adapt != nil {
		if d.adapter, err = newAdapter(m, *cfg.Adapt); err != nil {
			return nil, err
		}
	}
	return d, nil
}

const (
	// ordinaryP is the p-value above which the threshold of a budget does not fall.
	ordinaryP = .02
	// spent is how many alarms, false and true, a budget of one false alarm pays for. On
	// public server recordings with a budget of 1 a day about half of all alarms are true.
	spent = 1.17
)

// perSample returns how many alarms a sample pays for.
func (d *Detector) perSample() float64 {
	return spent * d.cfg.Budget * float64(d.cfg.Interval) / float64(24*time.Hour)
}

// shift returns by how much the energy of an ordinary sample lies above training's.
func (d *Detector) shift() float64 {
	if d.cfg.Budget == 0 {
		return 0
	}
	return d.recent.shift()
}

// start returns the height at which the training stream spends the budget.
func (d *Detector) start(energies []float64) float64 {
	stream, n := make([]float64, len(energies)), 0
	var recent recentEnergies
	recent.follow(d.m.Calibration(), d.cfg.Interval)
	for i, e := range energies {
		stream[i] = e // NaN stays
		if e == e {
			stream[i] = d.heights.of(e - recent.shift())
			n++
		}
		recent.observe(e)
	}
	if n == 0 {
		return d.heights.of(d.tail.Energy(d.perSample()))
	}
	gap := max(0, int(max(d.cfg.Gap, d.cfg.Merge)/d.cfg.Interval)-1)
	return startHeight(stream, max(1, d.perSample()*float64(n)), gap)
}

// Model returns the model that scores. With Config.Adapt it has the mixtures of this
// moment.
func (d *Detector) Model() *dagmm.Model { return d.m }

// Columns returns the metrics of the detector's samples.
func (d *Detector) Columns() []string { return slices.Clone(d.columns) }

// Start returns the height of the threshold that the detector started from, for
// Training.Start of another detector with the same model and Config.
func (d *Detector) Start() float64 { return d.budget.start }

// Threshold returns the energy above which the next sample will be flagged.
func (d *Detector) Threshold() float64 { return d.heights.energy(d.budget.threshold) + d.shift() }

// quiet returns the energy up to which a sample of an open alarm is quiet under a
// threshold.
func (d *Detector) quiet(threshold float64) float64 {
	ordinary := d.heights.low + d.shift()
	return ordinary + d.cfg.Recover*(threshold-ordinary)
}

// Next takes the sample x of time t, in the metrics' own units. NaN is a missing value; 0 is
// a value like any other. A time that is not after the last one (ErrOrder), a wrong width
// (dagmm.ErrWidth) or an infinite value (dagmm.ErrNotFinite) is an error and leaves the
// detector as it was. A detector whose model has context opens no alarm with the first 20
// samples, nor with the first 20 after a gap of more than 20 intervals.
func (d *Detector) Next(t time.Time, x []float64) (Result, error) {
	if d.m == nil {
		return Result{}, fmt.Errorf("alarm: detector: %w", ErrNotMade)
	}
	if d.samples > 0 && !t.After(d.last) {
		return Result{}, fmt.Errorf("alarm: %s after %s: %w", t.Format(time.RFC3339Nano), d.last.Format(time.RFC3339Nano), ErrOrder)
	}
	if err := d.m.Check(x); err != nil {
		return Result{}, fmt.Errorf("alarm: %w", err)
	}
	d.silence(t)
	if d.samples > 0 && t.Sub(d.scored) > dagmm.ContextWarmUp*d.cfg.Interval {
		d.stream.Reset()
	}
	d.last = t
	d.samples++
	before := d.Threshold()
	v, completeness, err := d.stream.Impute(d.m.Season().Deseasonalised(t, x))
	if err != nil {
		return Result{}, fmt.Errorf("alarm: %w", err)
	}
	if completeness != dagmm.Empty {
		d.score(t, v.Energy)
		d.watchStuck(t, x)
		d.adapt(completeness, v.Energy)
	}
	return Result{Energy: v.Energy, Threshold: before, PValue: d.tail.PValue(v.Energy), Completeness: completeness,
		Flagged: d.flagged && completeness != dagmm.Empty, Open: d.alarm.open, Events: d.takeEvents()}, nil
}

// Tick tells the detector that it is now although no sample has come, and returns the
// events that follow: NoData. A stream that is fed regularly needs no Tick.
func (d *Detector) Tick(now time.Time) []Event {
	d.silence(now)
	return d.takeEvents()
}

// FallsSilent reports whether Tick(now) would raise an event.
func (d *Detector) FallsSilent(now time.Time) bool {
	return !d.scored.IsZero() && !d.silent && now.Sub(d.scored) >= d.cfg.NoData+d.cfg.Interval
}

func (d *Detector) silence(now time.Time) {
	if !d.FallsSilent(now) {
		return
	}
	d.silent = true
	d.emit(Event{Kind: NoData, Time: d.scored.Add(d.cfg.NoData + d.cfg.Interval), Detail: "nothing to score since " + d.scored.UTC().Format("2006-01-02 15:04:05")})
}

// takeEvents returns the events that wait to be returned.
func (d *Detector) takeEvents() []Event {
	e := d.events
	d.events = nil
	return e
}

// emit numbers an event in the model's values and lets it wait in the metrics' own values.
func (d *Detector) emit(e Event) {
	e = d.outward(e)
	d.seq++
	e.Seq = d.seq
	d.events = append(d.events, e)
}

// score takes the energy of a sample.
func (d *Detector) score(t time.Time, energy float64) {
	if d.silent {
		d.silent = false
		d.emit(Event{Kind: DataResumed, Time: t, Detail: fmt.Sprintf("after %s", t.Sub(d.scored))})
	}
	d.scored = t
	d.scores++
	height := d.heights.of(energy - d.shift())
	if d.alarm.open && t.Sub(d.alarm.end) > d.cfg.Gap {
		d.close(t)
	}
	d.flagged = height > d.budget.threshold && d.stream.Warm() && d.admissible()
	d.count(t)
	switch {
	case d.alarm.open:
		d.proceed(t, energy, height)
	case !d.flagged || t.Sub(d.closed) < d.cfg.Cooldown:
	case d.alarm.number > 0 && t.Sub(d.alarm.end) <= d.cfg.Merge:
		d.reopen(t, energy, height)
	case d.opens(energy):
		d.open(t, energy, height)
	}
	if d.cfg.Budget > 0 {
		d.budget.sample(d.perSample(), d.ordinary, d.cfg.Cap)
		d.recent.observe(energy)
	}
}

// count keeps the flagged among the last Config.Of samples.
func (d *Detector) count(t time.Time) {
	d.flags = slices.DeleteFunc(d.flags, func(f flag) bool {
		return d.scores-f.score >= uint64(d.cfg.Of) || t.Sub(f.time) > d.cfg.Gap
	})
	if d.flagged {
		d.flags = append(d.flags, flag{d.scores, t})
	}
}

// opens reports whether the flagged sample and those before it make an alarm.
func (d *Detector) opens(energy float64) bool {
	return len(d.flags) >= d.cfg.Open || d.tail.PValue(energy-d.shift()) <= d.cfg.Sudden
}

const causeShare = .4 // of the energy, from which a metric that is not the first is a cause

// admissible reports whether the rules let the last sample pass.
func (d *Detector) admissible() bool {
	if len(d.cfg.Metrics) == 0 {
		return true
	}
	e, err := d.stream.ExplainAt(d.Threshold())
	if err != nil {
		return true
	}
	for i, c := range e.Contributions {
		if (i == 0 || c.Share >= causeShare) && d.cfg.Metrics[c.Metric].passes(c) {
			return true
		}
	}
	return false
}
