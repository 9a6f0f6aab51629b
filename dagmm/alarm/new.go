package alarm

import (
	"fmt"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
)

// Training is what a Detector takes from the ordered rows that its model was trained on.
type Training struct {
	// Energies of the rows in order; NaN where a row does not count. With a Budget the threshold
	// starts from them. Without any, it starts from the tail of the model's calibration: too
	// high by as much as neighbouring samples are alike.
	Energies []float64
	// Span is the time from the first training row to the last; 0 means that the rows follow
	// one another at the interval. What a short time has not shown makes the threshold of a
	// Budget higher.
	Span time.Duration
	// Longest is the longest run of equal values of each metric (LongestRuns). nil means that
	// it is unknown; then no metric is Stuck. 0 means that the metric was absent: it hardly had
	// values, and the model has learned it as constantly 0. The detector then takes it for 0
	// whatever it holds (Learned).
	Longest []int
	// Start, where it is not nil, is the height of the threshold to start from (Detector.Start)
	// instead of one from Energies.
	Start *float64
	// Recalibrated says that the model is that of the detector to succeed (Succeed), with another
	// calibration. Their energies compare, and the threshold stays at its energy.
	Recalibrated bool
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
	d.absences = newAbsences(len(columns))
	d.values = newValueRuns(columns, m.Constant(), training.Longest)
	d.recent.follow(m.Calibration(), cfg.Interval)
	d.span, d.recalibrated = training.Span, training.Recalibrated
	if d.span == 0 {
		d.span = time.Duration(len(training.Energies)) * cfg.Interval
	}
	start := d.heights.of(m.Threshold())
	if cfg.budgeted() {
		d.budget.floor = d.heights.of(m.Calibration().Quantile(1 - ordinaryP))
	}
	switch {
	case training.Start != nil:
		start = *training.Start
	case cfg.budgeted():
		start = d.start(training.Energies)
	}
	d.budget.start, d.budget.threshold = start, start
	if cfg.Adapt != nil {
		if d.adapter, err = newAdapter(m, *cfg.Adapt); err != nil {
			return nil, err
		}
	}
	return d, nil
}
