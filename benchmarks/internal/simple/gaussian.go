package simple

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"

	"gonum.org/v1/gonum/mat"
)

// Gaussian scores a row by half its squared Mahalanobis distance.
type Gaussian struct {
	Trim     float64 // share of the most distant training rows left out of the estimate, refitted until they stay the same, 20 times at most
	Ridge    float64 // added to the variances of the standardised inputs, 0 means 1e-3
	Diagonal float64 // weight of the same score with a diagonal covariance, 0 to 1
}

const trimSteps = 20

// Fit implements Detector.
func (g Gaussian) Fit(_ context.Context, train *mat.Dense, _ uint64) (Scorer, error) {
	if g.Ridge == 0 {
		g.Ridge = 1e-3
	}
	n, _ := train.Dims()
	fit, err := g.estimate(train)
	if err != nil || g.Trim == 0 {
		return fit, err
	}
	kept := int(float64(n) * (1 - g.Trim))
	order, previous := make([]int, n), []int(nil)
	for range trimSteps {
		scores, err := fit.Score(nil, train)
		if err != nil {
			return nil, err
		}
		for i := range order {
			order[i] = i
		}
		sort.SliceStable(order, func(a, b int) bool { return scores[order[a]] < scores[order[b]] })
		closest := slices.Sorted(slices.Values(order[:kept]))
		if slices.Equal(closest, previous) {
			break
		}
		previous = closest
		if fit, err = g.estimate(pick(train, closest)); err != nil {
			return nil, err
		}
	}
	return fit, nil
}

// estimate fits mean and covariance to all rows given.
func (g Gaussian) estimate(x *mat.Dense) (*gaussian, error) {
	n, d := x.Dims()
	if n < 2 {
		return nil, fmt.Errorf("%d rows for a covariance", n)
	}
	fit := &gaussian{mean: make([]float64, d), variance: make([]float64, d), diagonal: g.Diagonal}
	for i := range n {
		for j, v := range x.RawRowView(i) {
			fit.mean[j] += v / float64(n)
		}
	}
	centred := mat.NewDense(n, d, nil)
	for i := range n {
		to := centred.RawRowView(i)
		for j, v := range x.RawRowView(i) {
			to[j] = v - fit.mean[j]
		}
	}
	var cov mat.SymDense
	cov.SymOuterK(1/float64(n-1), centred.T())
	for j := range d {
		cov.SetSym(j, j, cov.At(j, j)+g.Ridge)
		fit.variance[j] = cov.At(j, j)
	}
	var chol mat.Cholesky
	if !chol.Factorize(&cov) {
		return nil, errors.New("covariance is not positive definite")
	}
	var u mat.TriDense
	chol.UTo(&u)
	fit.lower = make([]float64, d*d)
	for i := range d {
		for j := range i + 1 {
			fit.lower[i*d+j] = u.At(j, i)
		}
	}
	return fit, nil
}

type gaussian struct {
	mean, variance []float64
	lower          []float64 // Cholesky factor L of the covariance, row-major
	diagonal       float64
}

// Score returns ½‖L⁻¹(x−μ)‖² for each row.
func (g *gaussian) Score(dst []float64, x *mat.Dense) ([]float64, error) {
	n, d := x.Dims()
	dst = reuse(dst, n)
	y := make([]float64, d)
	for i := range dst {
		row := x.RawRowView(i)
		var full, diagonal float64
		for j := range y {
			v := row[j] - g.mean[j]
			diagonal += v * v / g.variance[j]
			l := g.lower[j*d : j*d+j+1]
			for k, w := range l[:j] {
				v -= w * y[k]
			}
			y[j] = v / l[j]
			full += y[j] * y[j]
		}
		dst[i] = ((1-g.diagonal)*full + g.diagonal*diagonal) / 2
	}
	return dst, nil
}

// pick copies the given rows.
func pick(x *mat.Dense, rows []int) *mat.Dense {
	_, d := x.Dims()
	out := mat.NewDense(len(rows), d, nil)
	for i, r := range rows {
		out.SetRow(i, x.RawRowView(r))
	}
	return out
}
