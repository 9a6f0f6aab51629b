package simple

import (
	"context"
	"errors"

	"gonum.org/v1/gonum/mat"
)

// PCA scores a row by its squared distance from the leading principal
// components of the training rows.
type PCA struct {
	Variance float64 // share of the variance the components keep, 0 means .9
}

// Fit implements Detector. At least one component is kept and at least one
// left out.
func (p PCA) Fit(_ context.Context, train *mat.Dense, _ uint64) (Scorer, error) {
	if p.Variance == 0 {
		p.Variance = .9
	}
	n, d := train.Dims()
	var cov mat.SymDense
	cov.SymOuterK(1/float64(n), train.T()) // the rows are centred already
	var eigen mat.EigenSym
	if !eigen.Factorize(&cov, true) {
		return nil, errors.New("eigenvalues did not converge")
	}
	values := eigen.Values(nil) // ascending
	var total float64
	for _, v := range values {
		total += v
	}
	keep, sum := 1, values[d-1]
	for keep < d-1 && sum < p.Variance*total {
		keep++
		sum += values[d-keep]
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	return &pca{basis: mat.DenseCopyOf(vectors.Slice(0, d, d-keep, d))}, nil
}

type pca struct{ basis *mat.Dense } // columns are the components kept

// Score implements Scorer.
func (p *pca) Score(dst []float64, x *mat.Dense) ([]float64, error) {
	n, _ := x.Dims()
	dst = reuse(dst, n)
	var code, back mat.Dense
	code.Mul(x, p.basis)
	back.Mul(&code, p.basis.T())
	for i := range dst {
		dst[i] = squaredDistance(x.RawRowView(i), back.RawRowView(i))
	}
	return dst, nil
}

func squaredDistance(a, b []float64) float64 {
	var sum float64
	for j, v := range a {
		sum += (v - b[j]) * (v - b[j])
	}
	return sum
}
