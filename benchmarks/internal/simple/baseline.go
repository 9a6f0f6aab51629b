// Package simple holds the detectors that the quality benchmark compares:
// simple methods written for it, and adapters to the library's models. They
// share one interface and one preparation of the rows, so that a difference in
// a table is a difference between methods.
package simple

import (
	"context"

	"gonum.org/v1/gonum/mat"
)

// Detector is a method with its settings.
type Detector interface {
	// Fit learns from rows that are assumed normal: where the data are a
	// series, consecutive samples in time order. It does not change them.
	// Equal seeds give equal scorers.
	Fit(ctx context.Context, train *mat.Dense, seed uint64) (Scorer, error)
}

// Scorer is a fitted detector.
type Scorer interface {
	// Score returns one score a row of x, higher is more abnormal. Where the
	// data are a series, x is one uninterrupted stretch in time order. dst is
	// reused where its capacity suffices. A Scorer serves one goroutine.
	Score(dst []float64, x *mat.Dense) ([]float64, error)
}

// Calibrated is a Scorer that knows the scores of its training rows.
type Calibrated interface {
	TrainingScores() []float64
}

// reuse returns dst with length n.
func reuse(dst []float64, n int) []float64 {
	if cap(dst) < n {
		return make([]float64, n)
	}
	return dst[:n]
}
