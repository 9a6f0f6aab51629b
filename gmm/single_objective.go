package gmm

import (
	"fmt"
	"math"

	"github.com/metric-streams/anomaly/internal/kernel"
)

// single is the objective of a single component that every sample fully belongs to. The mean
// energy of the samples then depends on them through their covariance Σ alone: with
// A = (Σ + ridge·I)⁻¹ it is
//
//	Ē = ½(d·log 2π + log|Σ + ridge·I| + tr AΣ),  tr AΣ = d − ridge·tr A,
//
// and its gradient with respect to Σ is G = ½A + ½ridge·A². A sample z has the gradient
// 2/n·G(z − μ); that through μ is zero, because the differences add up to zero.
type single struct {
	ones     []float64
	mu       []float64
	centred  []float64 // d×n: z − μ
	sigma    []float64 // Σ, d×d; d variances if diagonal
	linv     []float64 // L⁻¹ of Σ + ridge·I = LLᵀ, d×d; d reciprocal standard deviations if diagonal
	inverse  []float64 // A
	gradient []float64 // G
}

func (s *single) allocate(d, size int) {
	if s.mu == nil {
		s.mu, s.sigma, s.linv = make([]float64, d), make([]float64, size), make([]float64, size)
		s.inverse, s.gradient = make([]float64, size), make([]float64, size)
	}
}

func (s *single) resize(d, size, n int) {
	s.allocate(d, size)
	if len(s.ones) < n {
		s.centred, s.ones = make([]float64, d*n), make([]float64, n)
		for i := range s.ones {
			s.ones[i] = 1
		}
	}
}

// forwardSingle is Forward for one component and memberships of 1.
func (o *Objective) forwardSingle(z []float64, n int) (energy, penalty float64, err error) {
	d, s := o.Dim, &o.single
	o.n = n
	s.resize(d, o.covarianceLen(), n)
	kernel.Dots(s.mu, s.ones[:n], z, 1, d, n)
	for i := range d {
		s.mu[i] /= float64(n)
		kernel.Shift(s.centred[i*n:i*n+n], z[i*n:], s.mu[i])
	}
	if o.diagonal() {
		for i := range d {
			c := s.centred[i*n : i*n+n]
			s.sigma[i] = kernel.Dot(c, c) / float64(n)
		}
	} else {
		kernel.Dots(s.sigma, s.centred, s.centred, d, d, n)
		for i, v := range s.sigma {
			s.sigma[i] = v / float64(n)
		}
	}
	return o.ofCovariance()
}

// ForwardCovariance is Forward for one component and n samples that fully belong to it, given
// their covariance matrix (Dim×Dim, or Dim variances if diagonal), on which alone both results
// depend.
func (o *Objective) ForwardCovariance(sigma []float64, n int) (energy, penalty float64, err error) {
	size := o.covarianceLen()
	if n <= 0 || len(sigma) != size || o.Components != 1 {
		return 0, 0, fmt.Errorf("gmm: objective: covariance of %d elements from %d samples, for %d dimensions and %d components: %w", len(sigma), n, o.Dim, o.Components, ErrShape)
	}
	o.n = n
	o.single.allocate(o.Dim, size)
	copy(o.single.sigma, sigma)
	if energy, penalty, err = o.ofCovariance(); err != nil {
		err = fmt.Errorf("gmm: objective: component 0: %w", err)
	}
	return energy, penalty, err
}

// covarianceLen is the number of elements that are kept of a covariance matrix.
func (o *Objective) covarianceLen() int {
	if o.diagonal() {
		return o.Dim
	}
	return o.Dim * o.Dim
}

// ofCovariance computes energy and penalty from Σ.
func (o *Objective) ofCovariance() (energy, penalty float64, err error) {
	d, s := o.Dim, &o.single
	logDet, err := o.factor(s.linv, s.sigma)
	if err != nil {
		return 0, 0, err
	}
	o.invertSingle()
	var trace float64
	for i := range d {
		trace += s.inverse[o.diagonalAt(i)]
		penalty += 1 / (s.sigma[o.diagonalAt(i)] + o.Ridge)
	}
	return .5 * (float64(d)*(math.Log(2*math.Pi)+1) + logDet - o.Ridge*trace), penalty, nil
}

// diagonalAt is the index of the i-th diagonal element in what is kept of a matrix.
func (o *Objective) diagonalAt(i int) int {
	if o.diagonal() {
		return i
	}
	return i*o.Dim + i
}

// invertSingle makes A of L⁻¹.
func (o *Objective) invertSingle() {
	d, s := o.Dim, &o.single
	if o.diagonal() {
		kernel.Mul(s.inverse, s.linv, s.linv)
		return
	}
	kernel.Product(s.inverse, s.linv, s.linv, d, d, d, d, 1) // L⁻ᵀL⁻¹
}

// backwardSingle is Backward after forwardSingle.
func (o *Objective) backwardSingle(dz []float64, wEnergy, wPenalty float64) {
	d, n, s := o.Dim, o.n, &o.single
	o.BackwardCovariance(s.gradient, wEnergy, wPenalty)
	if o.diagonal() {
		scaleRows(dz, s.centred, s.gradient, n)
	} else {
		kernel.Product(dz, s.centred, s.gradient, d, d, n, 1, d)
	}
}

// BackwardCovariance writes the symmetric matrix M to dst (as large as the covariance): the gradient
// of wEnergy·Ē + wPenalty·P with respect to a sample z is M·(z − μ), where Ē is the mean energy, P
// the penalty and μ the samples' mean. It is for the last call of ForwardCovariance.
func (o *Objective) BackwardCovariance(dst []float64, wEnergy, wPenalty float64) {
	d, n, s := o.Dim, o.n, &o.single
	if o.diagonal() {
		kernel.Mul(dst, s.inverse, s.inverse)
	} else {
		kernel.Dots(dst, s.inverse, s.inverse, d, d, d)
	}
	for i, a := range s.inverse {
		dst[i] = wEnergy / float64(n) * (a + float64(o.Ridge*dst[i]))
	}
	for i := range d {
		v := s.sigma[o.diagonalAt(i)] + o.Ridge
		dst[o.diagonalAt(i)] -= 2 * wPenalty / float64(n) / (v * v)
	}
}
