package gmm

import (
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

func (s *single) resize(d, size, n int) {
	if s.mu == nil {
		s.mu, s.sigma, s.linv = make([]float64, d), make([]float64, size), make([]float64, size)
		s.inverse, s.gradient = make([]float64, size), make([]float64, size)
	}
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
	size := d * d
	if o.diagonal() {
		size = d
	}
	o.n = n
	s.resize(d, size, n)
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
	if o.diagonal() {
		kernel.Mul(s.gradient, s.inverse, s.inverse)
	} else {
		kernel.Dots(s.gradient, s.inverse, s.inverse, d, d, d)
	}
	for i, a := range s.inverse {
		s.gradient[i] = wEnergy / float64(n) * (a + float64(o.Ridge*s.gradient[i]))
	}
	for i := range d {
		v := s.sigma[o.diagonalAt(i)] + o.Ridge
		s.gradient[o.diagonalAt(i)] -= 2 * wPenalty / float64(n) / (v * v)
	}
	if o.diagonal() {
		scaleRows(dz, s.centred, s.gradient, n)
	} else {
		kernel.Product(dz, s.centred, s.gradient, d, d, n, 1, d)
	}
}
