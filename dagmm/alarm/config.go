package alarm

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
)

// NoBudget is the Config.Budget of a threshold that stays where the model has it.
const NoBudget = math.MaxFloat64

// Config says when samples make an alarm. The zero Config holds the alarms at about one false
// one a day.
type Config struct {
	// Interval between samples; 0 means as in training, or a minute where that is unknown.
	Interval time.Duration
	// Budget of false alarms a day; 0 means one. The threshold starts where the training stream
	// would have had that many alarms, or higher where it was too short to show. It then moves
	// so as to spend the budget: down on a quiet host, though never to where it would flag
	// a sample with a p-value above .05, and up on a restless one. The budget holds
	// for all alarms together that nobody has judged (Detector.Judge). Energies count from
	// the median of the last four hours where that lies above the median of training: a host
	// that has moved for good is judged by how it is now.
	//
	// NoBudget lets the threshold stay where the model has it, at a quantile of its training
	// energies, however many alarms that makes: above the 99th percentile lie about 14 of a
	// day's samples at one a minute, on a host that is as it was.
	Budget float64
	// Cap keeps the threshold from falling below its start. Budget is then an upper limit, and
	// a quiet host has few alarms or none.
	Cap bool
	// Open and Of let an alarm open only when at least Open of the last Of samples are above
	// the threshold. 0 means 1. This is for hosts whose incidents last that long; shorter ones
	// are lost.
	Open, Of int
	// Sudden opens an alarm by a single sample whose p-value (dagmm.Tail) is at most that,
	// whatever Open and Of say; 0 means never. No sample has a p-value below 1/(n+1) where the
	// tail is dagmm.TailConformal.
	Sudden float64
	// Recover, in (0, 1], is the share of the threshold below which a sample of an open alarm
	// counts as quiet, measured from the least ordinary energy; 0 means 1.
	Recover float64
	// Gap is how long an alarm stays open without a sample above the threshold; 0 means ten
	// intervals.
	Gap time.Duration
	// Merge is for how long a closed alarm may be reopened, counted from its last sample above
	// the threshold. It goes on under its old number and costs the Budget nothing, because
	// faults flicker. 0 means an hour with a Budget and none without; negative means none.
	Merge time.Duration
	// Cooldown is the time after the end of an alarm in which none opens and none is reopened;
	// 0 means none.
	Cooldown time.Duration
	// Repeat is how often an open alarm sends a Continued event; 0 means only when its severity
	// rises.
	Repeat time.Duration
	// NoData is how long nothing may come to score before the NoData event, and for how long a
	// metric may have no value, while others have, before the MetricMissing event. 0 means ten
	// intervals.
	NoData time.Duration
	// Metrics holds rules by name. A sample opens or keeps an alarm only if a rule lets it: the
	// rule of the metric that contributes most to its energy, or of another that contributes
	// at least two fifths.
	Metrics map[string]MetricRule
	// Adapt lets the model's mixtures follow slow change between trainings; nil means they stay.
	Adapt *AdaptConfig
}

// Direction says which deviations of a metric matter.
type Direction int

const (
	// Both means high and low values.
	Both Direction = iota
	// High means only values above the expected range.
	High
	// Low means only values below the expected range.
	Low
)

// MetricRule says which deviations of one metric are worth an alarm. The zero MetricRule
// lets all of them pass.
type MetricRule struct {
	Direction Direction
	// MinDeviation is the least distance from the expected range, in the metric's unit.
	MinDeviation float64
}

// budgeted reports whether a budget moves the threshold. The defaults are filled in by then.
func (c Config) budgeted() bool { return c.Budget > 0 && c.Budget < NoBudget }

// Check reports whether the settings are in range, for a model of the given columns. The
// error is ErrConfig.
func (c Config) Check(columns []string) error {
	_, err := c.resolved(columns, 0)
	return err
}

// resolved fills in the defaults. trained is the interval between the training rows; 0
// where it is unknown.
func (c Config) resolved(columns []string, trained time.Duration) (Config, error) {
	if c.Interval == 0 {
		c.Interval = trained
	}
	if c.Interval == 0 {
		c.Interval = time.Minute
	}
	if c.Gap == 0 {
		c.Gap = 10 * c.Interval
	}
	if c.Budget == 0 {
		c.Budget = 1
	}
	if c.Merge == 0 && c.budgeted() {
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
	return c, c.check(columns)
}

func (c Config) check(columns []string) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("alarm: "+format+": %w", append(args, ErrConfig)...)
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
		if !slices.Contains(columns, name) {
			return bad("rule for %q, which is not a metric of the model", name)
		}
		if r.Direction < Both || r.Direction > Low || !(r.MinDeviation >= 0) {
			return bad("rule for %q: direction %d, minimum deviation %g", name, r.Direction, r.MinDeviation)
		}
	}
	return nil
}

// passes reports whether the rule lets a metric's contribution be a cause of an alarm.
func (r MetricRule) passes(c dagmm.Contribution) bool {
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
