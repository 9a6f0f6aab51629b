package dagmm

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"
)

var (
	// ErrOrder reports a sample that is not later than the one before it.
	ErrOrder = errors.New("sample is not later than the last one")
	// ErrDetector reports a setting of a detector or monitor that is out of its range.
	ErrDetector = errors.New("invalid setting")
)

// Direction tells which deviations of a metric matter.
type Direction int

const (
	// Both is high or low.
	Both Direction = iota
	// High: only values above the expected range.
	High
	// Low: only values below it.
	Low
)

// MetricRule says which deviations of one metric are worth an alarm. The zero value
// lets all through.
type MetricRule struct {
	Direction Direction
	// MinDeviation from the expected range, in the metric's unit.
	MinDeviation float64
}

// DetectorConfig says when samples make an alarm. The zero value opens an alarm with
// every sample above the model's threshold and closes it after ten quiet ones.
type DetectorConfig struct {
	// Interval between samples; 0: as in training, or a minute where that is unknown.
	Interval time.Duration
	// Budget of false alarms a day. 0: the threshold is the model's own, a quantile of its
	// training energies. Otherwise it starts where the training stream would have had that
	// many, and then moves so as to spend the budget: down on a quiet host, though never
	// among its ordinary samples, up on a restless one. Nobody tells the detector which
	// alarms are false: it holds all of them together at 1.17 times the budget. Energies
	// count from the median of the last four hours where that is above training's, so that
	// a host that has moved for good is judged by how it is now.
	Budget float64
	// Cap keeps the threshold from falling below its start: Budget is then a limit, and a
	// quiet host has few alarms or none.
	Cap bool
	// Of > 1 opens an alarm only when at least Open of the last Of samples are above the
	// threshold. For hosts whose events last that long; short ones are lost.
	Open, Of int
	// Sudden opens an alarm by a single sample with a p-value (of the model's Tail) of at
	// most that, whatever Open of Of say; 0 is never. No sample has one below 1/(n+1) where
	// the Tail is TailConformal.
	Sudden float64
	// Recover, in (0, 1], is the share of the threshold (as a distance from the least
	// ordinary energy) below which samples of an open alarm count as quiet; 0 means 1.
	Recover float64
	// Gap without a sample above the threshold closes an alarm; 0 means ten intervals.
	Gap time.Duration
	// Merge is how long after its last sample above the threshold a closed alarm is reopened
	// by the next one, under its old number and at no cost to the Budget: faults flicker.
	// 0 means an hour with a Budget and none without; negative is none.
	Merge time.Duration
	// Cooldown after an alarm has closed, in which none opens and none is reopened; 0 is none.
	Cooldown time.Duration
	// Repeat is how often a Continued event comes while an alarm is open; 0: only when its
	// severity rises.
	Repeat time.Duration
	// NoData is after how long without a sample to score the NoData event comes; 0 means ten
	// intervals.
	NoData time.Duration
	// Metrics holds rules by name. A sample opens or keeps an alarm only if the metric that
	// contributes most to its energy, or another with at least two fifths, passes its rule.
	Metrics map[string]MetricRule
	// Adapt lets the model's mixtures follow slow change between trainings; nil is none.
	Adapt *AdaptConfig
}

func (c DetectorConfig) resolved(m *Model) (DetectorConfig, error) {
	if c.Interval == 0 {
		c.Interval = time.Duration(m.Training().Interval * float64(time.Second))
	}
	if c.Interval == 0 {
		c.Interval = time.Minute
	}
	if c.Gap == 0 {
		c.Gap = 10 * c.Interval
	}
	if c.Merge == 0 && c.Budget > 0 {
		c.Merge = time.Hour
	}
	if c.NoData == 0 {
		c.NoData = 10 * c.Interval
	}
	if c.Recover == 0 {
		c.Recover = 1
	}
	if c.Of == 0 {
		c.Of = max(1, c.Open)
	}
	if c.Open == 0 {
		c.Open = c.Of
	}
	if c.Adapt != nil {
		a, err := c.Adapt.resolved()
		if err != nil {
			return c, err
		}
		c.Adapt = &a
	}
	return c, c.check(m)
}

func (c DetectorConfig) check(m *Model) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("dagmm: detector: "+format+": %w", append(args, ErrDetector)...)
	}
	switch {
	case c.Interval < 0 || c.Gap < 0 || c.Cooldown < 0 || c.Repeat < 0 || c.NoData < 0:
		return bad("interval %s, gap %s, cooldown %s, repeat %s, no data %s: negative", c.Interval, c.Gap, c.Cooldown, c.Repeat, c.NoData)
	case !(c.Budget >= 0) || math.IsInf(c.Budget, 0):
		return bad("budget of %g alarms a day", c.Budget)
	case c.Open < 1 || c.Open > c.Of || c.Of > 64:
		return bad("%d of %d samples; want 1 ≤ Open ≤ Of ≤ 64", c.Open, c.Of)
	case !(c.Sudden >= 0 && c.Sudden <= 1):
		return bad("sudden p-value %g is not in [0, 1]", c.Sudden)
	case !(c.Recover > 0 && c.Recover <= 1):
		return bad("recover %g is not in (0, 1]", c.Recover)
	}
	for name, r := range c.Metrics {
		if !slices.Contains(m.p.Columns, name) {
			return bad("rule for %q, which is not a metric of the model", name)
		}
		if r.Direction < Both || r.Direction > Low || !(r.MinDeviation >= 0) {
			return bad("rule for %q: direction %d, minimum deviation %g", name, r.Direction, r.MinDeviation)
		}
	}
	return nil
}

// Result is what a Detector says of one sample. It is a copy of its own, for its events see
// Event.
type Result struct {
	Energy    float64 // NaN without a score
	Threshold float64 // energy above which the sample is flagged
	PValue    float64 // of the model's Tail
	Quality   Quality
	Flagged   bool    // above the threshold and within the rules
	Open      bool    // an alarm is open
	Events    []Event // in order; mostly none
}

// Detector turns the samples of one stream into alarms. It belongs to one goroutine;
// several detectors may share a model. Its memory does not grow.
type Detector struct {
	m        *Model
	cfg      DetectorConfig
	tail     *Tail
	levels   levels
	fill     *filler
	longest  []int    // run of equal values of each metric in training; nil where unknown
	ordinary float64  // level below which samples are
	adapter  *adapter // nil unless wanted
	peak     *history // context at the peak of the open alarm
	s        detectorState
}

// NewDetector makes a detector for a model. training holds the ordered rows that the
// model was trained on (NaN is missing), deseasonalised for a model with a season; the
// budget's threshold starts from them. nil starts it from the tail of the training
// energies, which is too high a threshold by as much as neighbouring samples are alike.
// Only Budget and Stuck need it.
func NewDetector(m *Model, training mat.Matrix, cfg DetectorConfig) (*Detector, error) {
	if training == nil {
		return newDetector(m, nil, nil, cfg)
	}
	energies, err := m.Series(nil, training)
	if err != nil {
		return nil, fmt.Errorf("dagmm: detector: %w", err)
	}
	return newDetector(m, energies, longestRuns(training), cfg)
}

// newDetector takes the energies of the ordered training stream, NaN where a sample does
// not count.
func newDetector(m *Model, energies []float64, longest []int, cfg DetectorConfig) (*Detector, error) {
	cfg, err := cfg.resolved(m)
	if err != nil {
		return nil, err
	}
	d := &Detector{m: m, cfg: cfg, tail: m.Tail(), levels: newLevels(m.p.Calibration), fill: newFiller(m), longest: longest}
	d.s.Baseline.follow(m.p.Calibration, cfg.Interval)
	start := d.levels.level(m.p.Threshold)
	if cfg.Budget > 0 {
		start = d.start(energies)
	}
	d.s.Controller = controller{Start: start, Threshold: start}
	d.ordinary = d.levels.level(m.p.Calibration.quantile(1 - ordinaryP))
	d.s.Runs = make([]int, len(m.p.Columns))
	d.s.Values = make([]float64, len(m.p.Columns))
	if cfg.Adapt != nil {
		if d.adapter, err = newAdapter(m, *cfg.Adapt); err != nil {
			return nil, err
		}
	}
	return d, nil
}

const (
	// ordinaryP is the p-value above which no sample is flagged, however quiet the host.
	ordinaryP = .02
	// spent is how many alarms, false and true, a budget of one false alarm pays for. On
	// public server recordings with a budget of 1 a day about half of all alarms are true.
	spent = 1.17
)

// perSample is how many alarms a sample pays for.
func (d *Detector) perSample() float64 {
	return spent * d.cfg.Budget * float64(d.cfg.Interval) / float64(24*time.Hour)
}

// shift is what the energy of an ordinary sample is above training's.
func (d *Detector) shift() float64 {
	if d.cfg.Budget == 0 {
		return 0
	}
	return d.s.Baseline.shift()
}

// start is the level at which the training stream spends the budget.
func (d *Detector) start(energies []float64) float64 {
	stream, n := make([]float64, len(energies)), 0
	var b baseline
	b.follow(d.m.p.Calibration, d.cfg.Interval)
	for i, e := range energies {
		stream[i] = nan
		if e == e {
			stream[i] = d.levels.level(e - b.shift())
			n++
		}
		b.observe(e)
	}
	if n == 0 {
		return d.levels.level(d.tail.energy(d.perSample()))
	}
	gap := max(0, int(max(d.cfg.Gap, d.cfg.Merge)/d.cfg.Interval)-1)
	return startLevel(stream, max(1, d.perSample()*float64(n)), gap)
}

// energy returns the least energy whose p-value is at most p, or the largest energy that
// calibration knows where p is beyond the tail.
func (t *Tail) energy(p float64) float64 {
	low, high := t.calibration.Energies[0], t.calibration.Energies[len(t.calibration.Energies)-1]
	if t.Kind != TailConformal {
		for range 64 {
			if t.PValue(high) <= p {
				break
			}
			high += max(t.Scale, high-t.Above)
		}
	}
	for range 100 {
		if mid := low + (high-low)/2; t.PValue(mid) <= p {
			high = mid
		} else {
			low = mid
		}
	}
	return high
}

// longestRuns returns how long each column keeps one value at most.
func longestRuns(x mat.Matrix) []int {
	n, w := x.Dims()
	out := make([]int, w)
	for j := range w {
		run := 0
		for r := range n {
			if r > 0 && x.At(r, j) == x.At(r-1, j) {
				run++
			} else {
				run = 1
			}
			out[j] = max(out[j], run)
		}
	}
	return out
}

// Model returns the model that scores, with DetectorConfig.Adapt one with the mixtures of
// this moment.
func (d *Detector) Model() *Model { return d.m }

// Threshold returns the energy above which the next sample will be flagged.
func (d *Detector) Threshold() float64 { return d.levels.energy(d.s.Controller.Threshold) + d.shift() }

// quiet is the energy up to which a sample of an open alarm is quiet under a threshold.
func (d *Detector) quiet(threshold float64) float64 {
	ordinary := d.levels.Low + d.shift()
	return ordinary + d.cfg.Recover*(threshold-ordinary)
}

// Next takes the sample x of time t, in the metrics' own units, NaN where a value is
// missing; 0 is a value. A time that is not after the last one (ErrOrder), a wrong width
// (ErrWidth) or an infinite value (ErrNotFinite) is an error and leaves the detector as
// it was. A model with context says nothing of the first 20 samples, nor of the first 20
// after as long a gap: no alarm opens there.
func (d *Detector) Next(t time.Time, x []float64) (Result, error) {
	s := &d.s
	if s.Samples > 0 && !t.After(s.Last) {
		return Result{}, fmt.Errorf("dagmm: detector: %s after %s: %w", t.Format(time.RFC3339Nano), s.Last.Format(time.RFC3339Nano), ErrOrder)
	}
	if _, err := d.m.checkRow("detector", x, true); err != nil {
		return Result{}, err
	}
	d.silence(t)
	if s.Samples > 0 && t.Sub(s.Scored) > staleFor*d.cfg.Interval {
		d.fill.forget()
	}
	s.Last = t
	s.Samples++
	before := d.Threshold()
	energy, quality, err := d.fill.next(d.m.deseasonalised(t, x))
	if err != nil {
		return Result{}, err
	}
	if quality != Empty {
		d.scored(t, energy)
		d.watchStuck(t, x)
		d.adapt(quality, energy)
	}
	r := Result{Energy: energy, Threshold: before, PValue: d.tail.PValue(energy), Quality: quality, Flagged: s.flagged && quality != Empty,
		Open: s.Alarm.Open, Events: d.takeEvents()}
	return r, nil
}

// Tick tells that it is now, although no sample has come, and returns the events that
// follow from that: NoData. A stream that is fed regularly needs no Tick.
func (d *Detector) Tick(now time.Time) []Event {
	d.silence(now)
	return d.takeEvents()
}

func (d *Detector) silence(now time.Time) {
	s := &d.s
	limit := d.cfg.NoData + d.cfg.Interval
	if s.Scored.IsZero() || s.Silent || now.Sub(s.Scored) < limit {
		return
	}
	s.Silent = true
	d.emit(Event{Kind: NoData, Time: s.Scored.Add(limit), Detail: "nothing to score since " + s.Scored.UTC().Format("2006-01-02 15:04:05")})
}

// takeEvents returns what Tick has left for the next sample to report.
func (d *Detector) takeEvents() []Event {
	e := d.s.events
	d.s.events = nil
	return e
}

// emit takes an event in the model's values.
func (d *Detector) emit(e Event) {
	e = d.outward(e)
	d.s.Seq++
	e.Seq = d.s.Seq
	d.s.events = append(d.s.events, e)
}

// scored takes a sample with a score.
func (d *Detector) scored(t time.Time, energy float64) {
	s := &d.s
	if s.Silent {
		s.Silent = false
		d.emit(Event{Kind: DataResumed, Time: t, Detail: fmt.Sprintf("after %s", t.Sub(s.Scored))})
	}
	s.Scored = t
	s.Scores++
	u := d.levels.level(energy - d.shift())
	if s.Alarm.Open && t.Sub(s.Alarm.End) > d.cfg.Gap {
		d.close(t)
	}
	s.flagged = u > s.Controller.Threshold && !d.fill.cold() && d.admissible()
	d.count(t)
	switch {
	case s.Alarm.Open:
		d.proceed(t, energy, u)
	case !s.flagged || t.Sub(s.ClosedAt) < d.cfg.Cooldown:
	case s.Alarm.Number > 0 && t.Sub(s.Alarm.End) <= d.cfg.Merge:
		d.reopen(t, energy, u)
	case d.opens(energy):
		d.open(t, energy, u)
	}
	if d.cfg.Budget > 0 {
		s.Controller.sample(d.perSample(), d.ordinary, d.cfg.Cap)
		s.Baseline.observe(energy)
	}
}

// count keeps the flagged among the last Of scored samples.
func (d *Detector) count(t time.Time) {
	s := &d.s
	s.Flags = slices.DeleteFunc(s.Flags, func(f flagged) bool {
		return s.Scores-f.Score >= uint64(d.cfg.Of) || t.Sub(f.Time) > d.cfg.Gap
	})
	if s.flagged {
		s.Flags = append(s.Flags, flagged{s.Scores, t})
	}
}

// opens tells whether the flagged sample and those before it make an alarm.
func (d *Detector) opens(energy float64) bool {
	return len(d.s.Flags) >= d.cfg.Open || d.tail.PValue(energy-d.shift()) <= d.cfg.Sudden
}

const ruleShare = .4 // of the energy that makes a metric a cause

// admissible tells whether the rules let the last sample pass.
func (d *Detector) admissible() bool {
	if len(d.cfg.Metrics) == 0 {
		return true
	}
	e, err := d.explain(d.fill.filled, d.fill.s.last)
	if err != nil {
		return true
	}
	for i, c := range e.Contributions {
		if (i == 0 || c.Share >= ruleShare) && d.cfg.Metrics[c.Metric].passes(c) {
			return true
		}
	}
	return false
}

func (r MetricRule) passes(c Contribution) bool {
	high, low := c.Value-c.High, c.Low-c.Value
	switch {
	case r == (MetricRule{}):
		return true
	case high >= 0 && high >= r.MinDeviation:
		return r.Direction != Low
	case low >= 0 && low >= r.MinDeviation:
		return r.Direction != High
	}
	return false
}

// explain explains a row with the detector's threshold instead of the model's.
func (d *Detector) explain(x []float64, h *history) (*Explanation, error) {
	return d.m.withThreshold(d.Threshold()).explain(x, h)
}

// withThreshold returns a model to explain with that takes energies above t for anomalous.
func (m *Model) withThreshold(t float64) *Model {
	out := &Model{p: m.p, shares: m.shares}
	out.p.Threshold = t
	return out
}
