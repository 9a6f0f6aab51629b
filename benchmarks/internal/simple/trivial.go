package simple

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// Random scores rows by chance: what any measure gives for nothing.
type Random struct{}

// Fit implements Detector.
func (Random) Fit(_ context.Context, _ *mat.Dense, seed uint64) (Scorer, error) {
	rng := rand.New(rand.NewPCG(seed, 0x7261_6e64))
	return rowScorer(func([]float64) float64 { return rng.Float64() }), nil
}

// MaxZ scores a row by its largest absolute z-score: per-metric limits.
type MaxZ struct{}

// Fit implements Detector. The rows are standardised already.
func (MaxZ) Fit(context.Context, *mat.Dense, uint64) (Scorer, error) { return maxZ{}, nil }

type maxZ struct{}

// Score implements Scorer.
func (maxZ) Score(dst []float64, x *mat.Dense) ([]float64, error) {
	return rowScorer(func(row []float64) float64 {
		var largest float64
		for _, z := range row {
			largest = math.Max(largest, math.Abs(z))
		}
		return largest
	}).Score(dst, x)
}

// rowScorer scores each row for itself.
type rowScorer func(row []float64) float64

// Score implements Scorer.
func (f rowScorer) Score(dst []float64, x *mat.Dense) ([]float64, error) {
	n, _ := x.Dims()
	dst = reuse(dst, n)
	for i := range dst {
		dst[i] = f(x.RawRowView(i))
	}
	return dst, nil
}
