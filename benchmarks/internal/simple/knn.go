package simple

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// KNN scores a row by its mean distance to the K nearest training rows, found
// exactly.
type KNN struct {
	K       int // 0 means 10
	MaxRows int // training rows are thinned to at most this many, 0 means 5000
}

// Fit implements Detector.
func (k KNN) Fit(_ context.Context, train *mat.Dense, seed uint64) (Scorer, error) {
	if k.K == 0 {
		k.K = 10
	}
	if k.MaxRows == 0 {
		k.MaxRows = 5000
	}
	train = Thin(train, k.MaxRows, seed)
	n, _ := train.Dims()
	if n <= k.K {
		return nil, fmt.Errorf("%d rows for %d neighbours", n, k.K)
	}
	fit := &knn{k: k.K, train: train, norms: squaredNorms(train)}
	fit.training = fit.score(nil, train, true)
	return fit, nil
}

type knn struct {
	k        int
	train    *mat.Dense
	norms    []float64 // squared norms of the training rows
	training []float64
}

// TrainingScores leaves each training row out of its own neighbours.
func (k *knn) TrainingScores() []float64 { return k.training }

// Score implements Scorer.
func (k *knn) Score(dst []float64, x *mat.Dense) ([]float64, error) {
	return k.score(dst, x, false), nil
}

const knnBlock = 256 // rows scored at a time, so that the block of distances stays in cache

func (k *knn) score(dst []float64, x *mat.Dense, self bool) []float64 {
	n, d := x.Dims()
	m, _ := k.train.Dims()
	dst = reuse(dst, n)
	products := mat.NewDense(knnBlock, m, nil)
	nearest := make([]float64, k.k)
	for start := 0; start < n; start += knnBlock {
		end := min(start+knnBlock, n)
		block := products.Slice(0, end-start, 0, m).(*mat.Dense)
		block.Mul(x.Slice(start, end, 0, d), k.train.T())
		for i := start; i < end; i++ {
			skip := -1
			if self {
				skip = i
			}
			dst[i] = k.meanDistance(nearest, x.RawRowView(i), block.RawRowView(i-start), skip)
		}
	}
	return dst
}

// meanDistance averages the k smallest distances, given the inner products of
// the row with all training rows. ‖a−b‖² = ‖a‖² + ‖b‖² − 2ab loses digits where
// the norms are much larger than the distance, so only the choice of
// neighbours rests on it; their distances are computed from the differences.
func (k *knn) meanDistance(nearest, row, products []float64, skip int) float64 {
	index := make([]int, 0, k.k)
	nearest = nearest[:0]
	for j, p := range products {
		v := k.norms[j] - 2*p
		if j == skip || len(nearest) == k.k && v >= nearest[k.k-1] {
			continue
		}
		if len(nearest) < k.k {
			nearest, index = append(nearest, v), append(index, j)
		} else {
			nearest[k.k-1], index[k.k-1] = v, j
		}
		for i := len(nearest) - 1; i > 0 && nearest[i] < nearest[i-1]; i-- {
			nearest[i], nearest[i-1] = nearest[i-1], nearest[i]
			index[i], index[i-1] = index[i-1], index[i]
		}
	}
	var sum float64
	for _, j := range index {
		sum += math.Sqrt(squaredDistance(row, k.train.RawRowView(j)))
	}
	return sum / float64(k.k)
}

func squaredNorms(x *mat.Dense) []float64 {
	n, _ := x.Dims()
	norms := make([]float64, n)
	for i := range norms {
		for _, v := range x.RawRowView(i) {
			norms[i] += v * v
		}
	}
	return norms
}
