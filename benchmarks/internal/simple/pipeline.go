package simple

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// Pipeline prepares the rows for a method: context, thinning, standardise, clip.
type Pipeline struct {
	Method  Detector
	Context []float64 // smoothing factors α of the recent levels, none for plain rows
	MaxRows int       // training rows are thinned to at most this many, 0 keeps all
	Clip    bool      // 10·asinh(z/10) of the standardised inputs
}

// DefaultContext are the two time scales of the context inputs.
var DefaultContext = []float64{.05, .5}

// Fit prepares the training rows and fits the method to them.
func (p *Pipeline) Fit(ctx context.Context, train *mat.Dense, seed uint64) (Scorer, error) {
	rows, _ := train.Dims()
	if rows < 2 {
		return nil, fmt.Errorf("simple: %d training rows", rows)
	}
	x := Thin(AddContext(train, p.Context), p.MaxRows, seed)
	scale := newStandardizer(x)
	x = scale.apply(x, p.Clip)
	inner, err := p.Method.Fit(ctx, x, seed)
	if err != nil {
		return nil, fmt.Errorf("simple: %w", err)
	}
	s := &prepared{pipeline: p, scale: scale, inner: inner}
	if c, ok := inner.(Calibrated); ok {
		s.training = c.TrainingScores()
	} else if s.training, err = inner.Score(nil, x); err != nil {
		return nil, fmt.Errorf("simple: %w", err)
	}
	return s, nil
}

type prepared struct {
	pipeline *Pipeline
	scale    *standardizer
	inner    Scorer
	training []float64
}

// Score implements Scorer.
func (s *prepared) Score(dst []float64, x *mat.Dense) ([]float64, error) {
	if _, c := x.Dims(); c*(1+len(s.pipeline.Context)) != len(s.scale.mean) {
		return nil, fmt.Errorf("simple: %d columns, fitted to %d", c, len(s.scale.mean)/(1+len(s.pipeline.Context)))
	}
	return s.inner.Score(dst, s.scale.apply(AddContext(x, s.pipeline.Context), s.pipeline.Clip))
}

// TrainingScores implements Calibrated.
func (s *prepared) TrainingScores() []float64 { return s.training }

// AddContext returns x with each metric's deviation from its own recent level
// beside it, one block of columns a smoothing factor:
//
//	[x, x − m(α₁), x − m(α₂), …],  m ← m + α(x − m) after the sample
//
// The level starts at the first sample, so the first deviation is 0. Without
// factors x itself is returned.
func AddContext(x *mat.Dense, alphas []float64) *mat.Dense {
	if len(alphas) == 0 {
		return x
	}
	n, d := x.Dims()
	out := mat.NewDense(n, d*(1+len(alphas)), nil)
	level := make([]float64, d*len(alphas))
	for i := range n {
		row, wide := x.RawRowView(i), out.RawRowView(i)
		copy(wide, row)
		for a, alpha := range alphas {
			m := level[a*d : (a+1)*d]
			if i == 0 {
				copy(m, row)
			}
			for j, v := range row {
				deviation := v - m[j]
				wide[(a+1)*d+j] = deviation
				m[j] += alpha * deviation
			}
		}
	}
	return out
}

// standardizer holds mean and scale of the training columns.
type standardizer struct {
	mean, scale []float64
}

// newStandardizer divides by the standard deviation, but by no less than
// scaleFloor of the column's magnitude, so that a column that is constant or
// nearly so in training counts when it moves and does not drown the others.
func newStandardizer(x *mat.Dense) *standardizer {
	_, d := x.Dims()
	s := &standardizer{mean: make([]float64, d), scale: make([]float64, d)}
	for j := range d {
		col := mat.Col(nil, j, x)
		mean, sd := stat.MeanStdDev(col, nil)
		s.mean[j] = mean
		s.scale[j] = math.Max(sd, scaleFloor*math.Max(1, math.Abs(mean)))
	}
	return s
}

// scaleFloor suits metrics that run from 0 to 1, and larger ones in proportion
// to their mean.
const scaleFloor = 1e-2

func (s *standardizer) apply(x *mat.Dense, clip bool) *mat.Dense {
	n, d := x.Dims()
	out := mat.NewDense(n, d, nil)
	for i := range n {
		from, to := x.RawRowView(i), out.RawRowView(i)
		for j, v := range from {
			z := (v - s.mean[j]) / s.scale[j]
			if clip {
				z = 10 * math.Asinh(z/10)
			}
			to[j] = z
		}
	}
	return out
}
