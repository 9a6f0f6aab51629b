package simple

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// Mean scores a row by the average of log(1 − log p) over its parts, with p the
// probability of a score as high among the part's training scores.
type Mean struct{ Parts []Detector }

// parseMean reads "mean(a;b;…)".
func parseMean(spec string, opt Options) (Detector, error) {
	inner, ok := strings.CutSuffix(strings.TrimPrefix(spec, "mean("), ")")
	if !ok {
		return nil, fmt.Errorf("simple: method %q: no closing parenthesis", spec)
	}
	m := &Mean{}
	for _, part := range strings.Split(inner, ";") {
		d, err := Parse(part, opt)
		if err != nil {
			return nil, err
		}
		m.Parts = append(m.Parts, d)
	}
	return m, nil
}

// Fit implements Detector.
func (m *Mean) Fit(ctx context.Context, train *mat.Dense, seed uint64) (Scorer, error) {
	fit := &mean{}
	for _, part := range m.Parts {
		s, err := part.Fit(ctx, train, seed)
		if err != nil {
			return nil, err
		}
		c, ok := s.(Calibrated)
		if !ok {
			return nil, errors.New("simple: mean: a part has no training scores")
		}
		fit.parts = append(fit.parts, s)
		fit.tails = append(fit.tails, newTail(c.TrainingScores()))
	}
	return fit, nil
}

type mean struct {
	parts []Scorer
	tails []*tail
}

// Score implements Scorer.
func (m *mean) Score(dst []float64, x *mat.Dense) ([]float64, error) {
	n, _ := x.Dims()
	dst = reuse(dst, n)
	clear(dst)
	for i, part := range m.parts {
		scores, err := part.Score(nil, x)
		if err != nil {
			return nil, err
		}
		for r, s := range scores {
			dst[r] += math.Log1p(-m.tails[i].logP(s)) / float64(len(m.parts))
		}
	}
	return dst, nil
}

// tail gives the probability of a score among training scores: by rank up to
// their 99 % quantile, and beyond it by an exponential tail with the mean
// excess, so that scores above all of the training do not tie.
type tail struct {
	sorted       []float64
	start, scale float64
}

func newTail(training []float64) *tail {
	t := &tail{sorted: slices.Clone(training)}
	slices.Sort(t.sorted)
	t.start = stat.Quantile(.99, stat.Empirical, t.sorted, nil)
	excesses := 0
	for _, s := range t.sorted {
		if s > t.start {
			t.scale += s - t.start
			excesses++
		}
	}
	t.scale /= float64(max(excesses, 1))
	if t.scale == 0 {
		t.scale = 1
	}
	return t
}

func (t *tail) logP(score float64) float64 {
	if score > t.start {
		return math.Log(.01) - (score-t.start)/t.scale
	}
	i, _ := slices.BinarySearch(t.sorted, score)
	n := len(t.sorted)
	return math.Max(math.Log(.01), math.Log(float64(1+n-i)/float64(n+1)))
}
