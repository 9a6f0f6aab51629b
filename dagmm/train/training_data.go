package train

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dataset"
	"github.com/metric-streams/anomaly/internal/format"
)

// ErrData reports training rows from which no model can be made.
var ErrData = errors.New("unusable training data")

// ErrFewRows reports that too few rows are complete for as many columns. It wraps ErrData.
var ErrFewRows = fmt.Errorf("%w: too few rows", ErrData)

// trainingData holds the rows that the members learn from, as features.
type trainingData struct {
	n, width int // number of rows, and of features per row
	metrics  int
	features []float64 // width×n: feature f of row r is element f*n+r
	rows     []int     // row numbers in the caller's matrix
	scaler   *dataset.Scaler
	levels   dagmm.RecentLevels
	dropped  int // incomplete rows
	excluded int

	components *principal // of these rows, where the code is made of them
	singles    *singles
}

// row writes the features of row r into dst and returns it.
func (t *trainingData) row(dst []float64, r int) []float64 {
	for f := range t.width {
		dst[f] = t.features[f*t.n+r]
	}
	return dst
}

// rateSkew is the default of ScalingConfig.Skew for rows that stand alone. A lognormal
// metric is that skewed if the standard deviation of its logarithm is .43 or more. On the
// logarithm, a Gaussian has no long tail in which a broken correlation could hide
// (TestSeedsJob: 138 of 140 clear cases found, 124 without the logarithm). With recent
// levels, the deviations carry more than the values do, and on one public server the
// logarithm lost more than it gained on all others.
const rateSkew = 3

// prepare checks the rows, fits the scaler to those that are used, and computes their features.
func prepare(x mat.Matrix, cfg *Config) (*trainingData, error) {
	n, d := x.Dims()
	skip, err := cfg.excluded(n)
	if err != nil {
		return nil, err
	}
	t := &trainingData{metrics: d, singles: &singles{}, levels: dagmm.RecentLevels{Alphas: slices.Clone(cfg.RecentLevels)}}
	if len(cfg.RecentLevels) > 0 {
		t.levels.Step = maxStep
	}
	if err := t.choose(x, skip, cfg.Columns); err != nil {
		return nil, err
	}
	latent := cfg.Network.Latent
	if cfg.Network.PrincipalComponents > 0 {
		latent = 1 // or more, which shows later
	}
	if err := t.checkRows(cfg, latent); err != nil {
		return nil, err
	}
	used := mat.NewDense(t.n, d, nil)
	for i, r := range t.rows {
		for j := range d {
			used.Set(i, j, x.At(r, j))
		}
	}
	s := cfg.Scaling
	t.scaler, err = dataset.FitScaler(used, dataset.ScalerOptions{Scaling: s.Method, Transforms: s.Transforms, Floors: s.Floors, Skew: s.Skew})
	if err != nil {
		return nil, fmt.Errorf("train: %w: %w", ErrData, err)
	}
	return t, t.build(x)
}

// choose lists the rows that are complete and not to be skipped.
func (t *trainingData) choose(x mat.Matrix, skip []bool, columns []string) error {
	for r := range skip {
		complete := true
		for j := range t.metrics {
			v := x.At(r, j)
			if math.IsInf(v, 0) {
				return fmt.Errorf("train: row %d, column %d (%s) is %g: %w", r, j, columns[j], v, ErrData)
			}
			complete = complete && v == v
		}
		switch {
		case skip[r]:
			t.excluded++
		case !complete:
			t.dropped++
		default:
			t.rows = append(t.rows, r)
		}
	}
	t.n = len(t.rows)
	return nil
}

// checkRows is an error where fewer rows are left than the mixture needs with a code of width latent.
func (t *trainingData) checkRows(cfg *Config, latent int) error {
	_, targets := t.views(cfg.Network.Predict)
	z := latent + cfg.Network.ErrorFeatures.Dim(len(targets))
	if t.n >= z+2 {
		return nil
	}
	return fmt.Errorf("train: %s of %d (%d incomplete, %d excluded), need at least %d for %s, a mixture in %d dimensions: %w",
		format.Count(t.n, "usable row"), t.n+t.dropped+t.excluded, t.dropped, t.excluded, z+2, format.Count(t.metrics, "column"), z, ErrFewRows)
}

// build computes the features of the used rows.
func (t *trainingData) build(x mat.Matrix) error {
	constant := 0
	for _, c := range t.scaler.Columns {
		if c.Constant {
			constant++
		}
	}
	if constant == t.metrics {
		return fmt.Errorf("train: all %d columns are constant over %d rows: %w", constant, t.n, ErrData)
	}
	rows, err := dagmm.Features(t.scaler, t.levels, x)
	if err != nil {
		return err
	}
	t.scaleDeviations(rows)
	_, t.width = rows.Dims()
	t.features = make([]float64, t.width*t.n)
	for i, r := range t.rows {
		for f, v := range rows.RawRowView(r) {
			t.features[f*t.n+i] = v
		}
	}
	return nil
}

// minDeviation is the smallest scale of a deviation from a recent level, in units of the
// metric's own scale. Without it, a metric that hardly moves from sample to sample would
// raise an alarm at the first step of its resolution.
const minDeviation = .2

// maxStep is the largest deviation by which a sample moves its metric's recent levels, in
// units of the metric's scale. A fault still moves them fully; a glitch of a collector
// hardly does.
const maxStep = 50

// scaleDeviations brings the deviations from the recent levels to unit scale over the used
// rows. Those of constant metrics keep the metric's own scale, because the rows tell
// nothing about theirs.
func (t *trainingData) scaleDeviations(rows *mat.Dense) {
	all, _ := rows.Dims()
	values := make([]float64, t.n)
	for k := t.metrics; k < (1+len(t.levels.Alphas))*t.metrics; k++ {
		for i, r := range t.rows {
			values[i] = rows.At(r, k)
		}
		slices.Sort(values)
		_, scale := dataset.Robust(values)
		gain := 1 / max(scale, minDeviation)
		if t.constant(k) {
			gain = 1
		}
		for r := range all {
			rows.Set(r, k, rows.At(r, k)*gain)
		}
		t.levels.Gains = append(t.levels.Gains, gain)
	}
}

// excluded marks the rows that the mask or a time range leaves out.
func (c *Config) excluded(n int) ([]bool, error) {
	skip := make([]bool, n)
	if c.Exclude != nil && len(c.Exclude) != n {
		return nil, badSetting("Exclude has %d elements for %d rows", len(c.Exclude), n)
	}
	copy(skip, c.Exclude)
	if c.Times != nil && len(c.Times) != n || c.Times == nil && len(c.ExcludeTimes) > 0 {
		return nil, badSetting("Times has %d elements for %d rows, with %d time ranges to exclude", len(c.Times), n, len(c.ExcludeTimes))
	}
	for i, r := range c.ExcludeTimes {
		if r.To.Before(r.From) {
			return nil, badSetting("ExcludeTimes: range %d ends %s before it begins %s", i, r.To, r.From)
		}
		for k, t := range c.Times {
			skip[k] = skip[k] || !t.Before(r.From) && t.Before(r.To)
		}
	}
	return skip, nil
}

// constant reports whether a feature belongs to a metric that did not vary.
func (t *trainingData) constant(feature int) bool {
	return t.scaler.Columns[feature%t.metrics].Constant
}

// views returns the indices of the features that a member's encoder reads and its decoder
// gives.
func (t *trainingData) views(predict bool) (inputs, targets []int) {
	if predict {
		return t.levels.Past(t.metrics), t.levels.Current(t.metrics)
	}
	all := t.levels.Deviations(t.metrics)
	return all, all
}

// without returns the training data without the rows [from, to).
func (t *trainingData) without(from, to int) *trainingData {
	rest := *t
	rest.n -= to - from
	rest.components, rest.singles = nil, &singles{}
	rest.rows, rest.features = nil, make([]float64, 0, rest.n*t.width)
	for f := range t.width {
		rest.features = append(rest.features, t.features[f*t.n:f*t.n+from]...)
		rest.features = append(rest.features, t.features[f*t.n+to:(f+1)*t.n]...)
	}
	return &rest
}

// between returns the features of the rows [from, to).
func (t *trainingData) between(from, to int) []float64 {
	out := make([]float64, 0, t.width*(to-from))
	for f := range t.width {
		out = append(out, t.features[f*t.n+from:f*t.n+to]...)
	}
	return out
}
