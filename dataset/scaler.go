package dataset

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// ErrScale reports a scaler that cannot be fitted or is inconsistent.
var ErrScale = errors.New("invalid scale")

// Transform is the monotone function that a scaler applies first.
type Transform string

const (
	// Linear leaves the value as it is.
	Linear Transform = "linear"
	// Log1p is sign(x)·log(1 + |x|/unit). It is about linear below the unit and logarithmic
	// above.
	Log1p Transform = "log1p"
)

// Scaling is how a scaler chooses center and scale.
type Scaling string

const (
	// Standard subtracts the winsorised mean and divides by the winsorised standard
	// deviation: values beyond the 0.5 % and 99.5 % quantiles count as these quantiles. So a
	// few outliers among the training rows change neither.
	Standard Scaling = "standard"
	// MinMax maps the range of the training rows to [0, 1], as the data sets in the DAGMM
	// paper are scaled.
	MinMax Scaling = "min-max"
)

// ScalerOptions configures FitScaler. The zero value works.
type ScalerOptions struct {
	Scaling Scaling // "" means Standard
	// Transforms sets the transform of each column; "" lets FitScaler choose, and so does
	// nil. It chooses Log1p for a non-negative column with a heavy upper tail, as unbounded
	// rates have it, and Linear otherwise. With MinMax it always chooses Linear.
	Transforms []Transform
	// Skew, if positive, makes FitScaler choose Log1p also for a non-negative column whose
	// upper tail, from the median to the 99.5 % quantile, is more than Skew times as long as
	// its lower tail. If negative, FitScaler never chooses Log1p.
	Skew float64
	// Floors is the smallest scale of each column, in the unit of the metric. If 0 or nil,
	// the floor of a constant column is 2 % of its absolute value. A column that is always 0
	// takes 2 % of the lower quartile of the magnitudes that the other columns reach.
	Floors []float64
}

// ColumnScale scales one metric: y = (T(x) − Center)/Scale, with the transform T.
type ColumnScale struct {
	Transform Transform `json:"transform"`
	Unit      float64   `json:"unit"` // of Log1p, in the unit of the metric
	Center    float64   `json:"center"`
	Scale     float64   `json:"scale"`
	Constant  bool      `json:"constant,omitempty"` // the training rows do not vary
	Dead      float64   `json:"dead,omitempty"`     // scaled values up to this magnitude become 0
	Min       float64   `json:"min"`                // of the training rows, in the unit of the metric
	Max       float64   `json:"max"`
	Low       float64   `json:"low"` // 0.5 % and 99.5 % quantiles of the training rows
	High      float64   `json:"high"`
}

// Scaler maps rows of metrics to comparable scales and back. Fit it on training rows only. It
// is safe for concurrent use.
type Scaler struct {
	Columns []ColumnScale `json:"columns"`
}

// tail is the share of a column's values that winsorising changes at each end.
const tail = .005

// FitScaler fits a scaler to the rows of x (n×d), which must be finite.
func FitScaler(x mat.Matrix, opt ScalerOptions) (*Scaler, error) {
	n, d := x.Dims()
	if opt.Scaling == "" {
		opt.Scaling = Standard
	}
	switch {
	case n == 0 || d == 0:
		return nil, fmt.Errorf("dataset: scaler on %d×%d values: %w", n, d, ErrScale)
	case opt.Scaling != Standard && opt.Scaling != MinMax:
		return nil, fmt.Errorf("dataset: scaler: scaling %q: %w", opt.Scaling, ErrScale)
	case opt.Transforms != nil && len(opt.Transforms) != d || opt.Floors != nil && len(opt.Floors) != d:
		return nil, fmt.Errorf("dataset: scaler: %d transforms, %d floors for %d columns: %w", len(opt.Transforms), len(opt.Floors), d, ErrScale)
	}
	s := &Scaler{Columns: make([]ColumnScale, d)}
	values := make([]float64, n)
	for j := range d {
		mat.Col(values, j, x)
		for r, v := range values {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("dataset: scaler: row %d, column %d is %g: %w", r, j, v, ErrScale)
			}
		}
		slices.Sort(values)
		var t Transform
		var floor float64
		if opt.Transforms != nil {
			t = opt.Transforms[j]
		}
		if opt.Floors != nil {
			floor = opt.Floors[j]
		}
		c, err := fitColumn(values, opt, t, floor)
		if err != nil {
			return nil, fmt.Errorf("dataset: scaler: column %d: %w", j, err)
		}
		s.Columns[j] = c
	}
	if opt.Scaling == Standard {
		s.floorZeros(opt.Floors)
	}
	return s, nil
}

// floorZeros sets the scale of columns that are always 0, whose unit is unknown: 2 % of the
// lower quartile of the magnitudes that the varying columns reach. With the smallest
// magnitude, one quiet column would decide.
func (s *Scaler) floorZeros(floors []float64) {
	var reached []float64
	for _, c := range s.Columns {
		if !c.Constant {
			reached = append(reached, max(math.Abs(c.Min), math.Abs(c.Max)))
		}
	}
	if len(reached) == 0 {
		return
	}
	slices.Sort(reached)
	usual := reached[(len(reached)-1)/4]
	for j := range s.Columns {
		c := &s.Columns[j]
		if c.Constant && c.Center == 0 && (floors == nil || floors[j] == 0) {
			c.Scale = max(.02*usual, math.SmallestNonzeroFloat64*0x1p60)
		}
	}
}

// fitColumn fits one column to its values in ascending order. It overwrites them.
func fitColumn(sorted []float64, opt ScalerOptions, t Transform, floor float64) (ColumnScale, error) {
	scaling := opt.Scaling
	c := ColumnScale{Transform: t, Unit: 1, Min: sorted[0], Max: sorted[len(sorted)-1],
		Low: quantile(sorted, tail), High: quantile(sorted, 1-tail)}
	if c.Transform == "" {
		c.Transform = chooseTransform(sorted, opt)
	}
	switch c.Transform {
	case Linear:
	case Log1p:
		c.Unit = logUnit(sorted)
	default:
		return c, fmt.Errorf("transform %q: %w", c.Transform, ErrScale)
	}
	if !(floor >= 0) || math.IsInf(floor, 1) {
		return c, fmt.Errorf("floor %g: %w", floor, ErrScale)
	}
	// Each is halved first, because the difference of the largest magnitudes overflows.
	if c.Max/2-c.Min/2 <= constantRange*max(math.Abs(c.Min), math.Abs(c.Max)) {
		c.Constant, c.Transform, c.Center = true, Linear, c.Min/2+c.Max/2
		c.Scale = constantScale(c.Center, floor, scaling)
		if scaling == Standard {
			c.Dead = 1
		}
		return c, nil
	}
	for i, v := range sorted {
		sorted[i] = c.transform(v)
	}
	if scaling == MinMax {
		c.Center, c.Scale = sorted[0], max(sorted[len(sorted)-1]-sorted[0], floor)
	} else {
		c.Center, c.Scale = Robust(sorted)
		c.Scale = max(c.Scale, c.transform(c.Center+floor)-c.transform(c.Center))
	}
	if !(c.Scale > 0) || math.IsInf(c.Scale, 0) || math.IsInf(c.Center, 0) {
		return c, fmt.Errorf("centre %g, scale %g of values from %g to %g: %w", c.Center, c.Scale, c.Min, c.Max, ErrScale)
	}
	return c, nil
}

// constantRange is the relative range up to which a column counts as constant. A smaller
// variation comes from rounding.
const constantRange = 1e-9

func constantScale(center, floor float64, scaling Scaling) float64 {
	switch {
	case floor > 0:
		return floor
	case scaling == MinMax:
		return 1
	case center != 0:
		return max(.02*math.Abs(center), math.SmallestNonzeroFloat64*0x1p60)
	}
	return .02
}

// chooseTransform returns the transform for the shape of the distribution. The unit of the
// column does not matter.
func chooseTransform(sorted []float64, opt ScalerOptions) Transform {
	if opt.Scaling == MinMax || sorted[0] < 0 || opt.Skew < 0 {
		return Linear
	}
	low, median, high := quantile(sorted, tail), quantile(sorted, .5), quantile(sorted, 1-tail)
	if median > 0 && (high > heavyTail*median || opt.Skew > 0 && high-median > opt.Skew*(median-low)) {
		return Log1p
	}
	return Linear
}

// heavyTail is how many times the median the 99.5 % quantile of a column with a heavy tail
// exceeds.
const heavyTail = 20

// logUnit returns the unit of Log1p: the 10 % quantile of the magnitudes above 0, or 1 if
// there are none.
func logUnit(sorted []float64) float64 {
	var positive []float64
	for _, v := range sorted {
		if v != 0 {
			positive = append(positive, math.Abs(v))
		}
	}
	if len(positive) == 0 {
		return 1
	}
	slices.Sort(positive)
	// At least a millionth of the largest magnitude, so that the logarithm compresses and
	// does not overflow.
	return max(quantile(positive, .1), 1e-6*positive[len(positive)-1])
}

// quantile returns the last of the values, which are in ascending order, that has at most a
// share q of them before it.
func quantile(sorted []float64, q float64) float64 {
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// Robust returns the winsorised mean and standard deviation of values in ascending order. The
// scale is at least a tenth of the plain standard deviation, so it is positive unless all
// values are the same.
func Robust(sorted []float64) (center, scale float64) {
	low, high := quantile(sorted, tail), quantile(sorted, 1-tail)
	n := float64(len(sorted))
	for _, v := range sorted {
		center += min(max(v, low), high) / n
	}
	var span float64 // largest deviation: dividing by it keeps the squares in range
	for _, v := range sorted {
		span = max(span, math.Abs(v-center))
	}
	if span == 0 || math.IsInf(span, 1) {
		return center, span
	}
	var winsorised, plain float64
	for _, v := range sorted {
		w := (min(max(v, low), high) - center) / span
		p := (v - center) / span
		winsorised += w * w / n
		plain += p * p / n
	}
	return center, span * max(math.Sqrt(winsorised), .1*math.Sqrt(plain))
}

func (c *ColumnScale) transform(x float64) float64 {
	if c.Transform == Log1p {
		return math.Copysign(math.Log1p(math.Abs(x)/c.Unit), x)
	}
	return x
}

// Apply returns the scaled value of the metric. For a constant metric it is 0 within one
// scale of the constant.
func (c *ColumnScale) Apply(x float64) float64 {
	return c.Standardise(c.transform(x))
}

// Standardise returns the scaled value for a value that is already transformed.
func (c *ColumnScale) Standardise(x float64) float64 {
	y := (x - c.Center) / c.Scale
	if c.Dead == 0 {
		return y
	}
	switch {
	case y > c.Dead:
		return y - c.Dead
	case y < -c.Dead:
		return y + c.Dead
	}
	return y * 0 // NaN stays NaN
}

// Invert returns the value of the metric, in its unit, for a scaled value. Where it would
// overflow it is the largest float64 of its sign.
func (c *ColumnScale) Invert(y float64) float64 {
	switch {
	case y > 0:
		y += c.Dead
	case y < 0:
		y -= c.Dead
	}
	v := y*c.Scale + c.Center
	if c.Transform == Log1p {
		v = math.Copysign(math.Expm1(math.Abs(v))*c.Unit, v)
	}
	if math.IsInf(v, 0) {
		return math.Copysign(math.MaxFloat64, v)
	}
	return v
}

// Apply writes the scaled values of the row x into dst. Both have the width of the scaler.
func (s *Scaler) Apply(dst, x []float64) {
	for j := range s.Columns {
		dst[j] = s.Columns[j].Apply(x[j])
	}
}

// Check returns an error for the first column whose parameters are not valid.
func (s *Scaler) Check() error {
	for j, c := range s.Columns {
		for _, v := range []float64{c.Unit, c.Center, c.Scale, c.Dead, c.Min, c.Max, c.Low, c.High} {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("dataset: scaler: column %d holds %g: %w", j, v, ErrScale)
			}
		}
		if c.Scale <= 0 || c.Unit <= 0 || c.Dead < 0 || c.Transform != Linear && c.Transform != Log1p {
			return fmt.Errorf("dataset: scaler: column %d: transform %q, unit %g, scale %g: %w", j, c.Transform, c.Unit, c.Scale, ErrScale)
		}
		if !(c.Min <= c.Low && c.Low <= c.High && c.High <= c.Max) {
			return fmt.Errorf("dataset: scaler: column %d: from %g to %g, quantiles %g and %g: %w", j, c.Min, c.Max, c.Low, c.High, ErrScale)
		}
	}
	return nil
}
