package gmm

import (
	"fmt"
	"math"

	"github.com/metric-streams/anomaly/internal/kernel"
)

// Objective computes the part of DAGMM's training objective that concerns the mixture, for
// one batch at a time: the mean energy of the samples under the batch's own mixture, and
// the covariance penalty P = Σk Σj 1/Σkjj (equations 5 to 7 of the paper). The gradients
// go through the weights, means and covariances of that mixture. An Objective has buffers
// that grow with the largest batch, and belongs to one goroutine.
type Objective struct {
	Dim, Components int
	Covariance      Covariance // "" means Full
	Ridge           float64    // added to every variance of the batch's mixture; 0 means none

	single   single
	n        int
	parts    []part
	logs     []float64 // K×n: log(φk N(zi)), then the responsibilities ρ
	lse      []float64 // n: log-sum-exp of logs
	dmu      []float64
	dsigma   []float64
	weighted []float64 // d×n
	y        []float64 // d×n: Σ⁻¹δ, where δ = z − μ
	gd       []float64 // d×n: Gδ, where G is the gradient with respect to Σ
	rho      []float64 // n
}

// part holds the results of the forward pass for one component.
type part struct {
	nk, phi  float64
	mu       []float64
	sigma    []float64 // d×d without the ridge; d variances if diagonal
	linv     []float64 // d×d lower triangle L⁻¹; d reciprocal standard deviations if diagonal
	centred  []float64 // d×n: δ = z − μ
	whitened []float64 // d×n: L⁻¹δ
}

// minResponsibility is the smallest sum of memberships of a component. It keeps an empty
// component from dividing by zero.
const minResponsibility = 1e-12

func (o *Objective) diagonal() bool { return o.Covariance == Diagonal }

// resize makes the buffers large enough for n samples.
func (o *Objective) resize(n int) {
	d, k := o.Dim, o.Components
	o.n = n
	if o.parts == nil {
		size := d * d
		if o.diagonal() {
			size = d
		}
		o.parts = make([]part, k)
		o.dmu, o.dsigma = make([]float64, d), make([]float64, size)
		for c := range o.parts {
			o.parts[c] = part{mu: make([]float64, d), sigma: make([]float64, size), linv: make([]float64, size)}
		}
	}
	if cap(o.logs) < k*n {
		o.logs, o.lse, o.rho = make([]float64, k*n), make([]float64, n), make([]float64, n)
		o.weighted, o.y, o.gd = make([]float64, d*n), make([]float64, d*n), make([]float64, d*n)
		for c := range o.parts {
			o.parts[c].centred, o.parts[c].whitened = make([]float64, d*n), make([]float64, d*n)
		}
	}
}

// Forward returns the mean energy and the penalty of n samples. z (Dim×n) holds coordinate
// i of sample r at i*n+r; gamma (Components×n) holds the membership of sample r in
// component c at c*n+r. A nil gamma, with one component, means memberships of 1. An error that wraps ErrNotPositiveDefinite names the component
// whose covariance has no Cholesky factor; sizes that do not match wrap ErrShape.
func (o *Objective) Forward(z, gamma []float64, n int) (energy, penalty float64, err error) {
	alone := gamma == nil && o.Components == 1
	if n <= 0 || len(z) != o.Dim*n || len(gamma) != o.Components*n && !alone {
		return 0, 0, fmt.Errorf("gmm: objective: %d coordinates and %d responsibilities of %d samples, for %d dimensions and %d components: %w",
			len(z), len(gamma), n, o.Dim, o.Components, ErrShape)
	}
	if alone {
		if energy, penalty, err = o.forwardSingle(z, n); err != nil {
			err = fmt.Errorf("gmm: objective: component 0: %w", err)
		}
		return energy, penalty, err
	}
	o.resize(n)
	for c := range o.parts {
		logNorm, err := o.component(c, z, gamma[c*n:(c+1)*n])
		if err != nil {
			return 0, 0, fmt.Errorf("gmm: objective: component %d: %w", c, err)
		}
		o.quadratics(c, logNorm)
		penalty += o.penaltyOf(c)
	}
	return o.meanEnergy(), penalty, nil
}

// component computes the weight, mean, covariance and inverse Cholesky factor of component
// c. It returns log(φ N(μ)), the logarithm of its weighted density at its mean.
func (o *Objective) component(c int, z, g []float64) (float64, error) {
	d, n, p := o.Dim, o.n, &o.parts[c]
	p.nk = max(kernel.Sum(g), minResponsibility)
	p.phi = p.nk / float64(n)
	kernel.Dots(p.mu, g, z, 1, d, n)
	for i := range d {
		p.mu[i] /= p.nk
		ci := p.centred[i*n : i*n+n]
		kernel.Shift(ci, z[i*n:], p.mu[i])
		kernel.Mul(o.weighted[i*n:i*n+n], ci, g)
	}
	if o.diagonal() {
		for i := range d {
			p.sigma[i] = kernel.Dot(o.weighted[i*n:i*n+n], p.centred[i*n:]) / p.nk
		}
	} else {
		kernel.Dots(p.sigma, o.weighted, p.centred, d, d, n)
		for i := range d {
			for j := range i + 1 {
				s := p.sigma[i*d+j] / p.nk
				p.sigma[i*d+j], p.sigma[j*d+i] = s, s
			}
		}
	}
	logDet, err := o.factor(p.linv, p.sigma)
	return math.Log(p.phi) - .5*(float64(d)*math.Log(2*math.Pi)+logDet), err
}

// factor writes the inverse Cholesky factor of sigma with the ridge to linv, and returns the
// logarithm of its determinant.
func (o *Objective) factor(linv, sigma []float64) (logDet float64, err error) {
	d := o.Dim
	copy(linv, sigma)
	if o.diagonal() {
		for i, v := range sigma {
			if !(v+o.Ridge > 0) {
				return 0, fmt.Errorf("variance of dimension %d is %g: %w", i, v+o.Ridge, ErrNotPositiveDefinite)
			}
			linv[i] = 1 / math.Sqrt(v+o.Ridge)
			logDet += math.Log(v + o.Ridge)
		}
		return logDet, nil
	}
	for i := range d {
		linv[i*d+i] += o.Ridge
	}
	logDet, ok := invertCholesky(linv, d)
	if !ok {
		return 0, ErrNotPositiveDefinite
	}
	for i := range d {
		clear(linv[i*d+i+1 : (i+1)*d]) // the factorisation does not clear the upper triangle
	}
	return logDet, nil
}

// quadratics writes log(φ N(zi)) of component c to its row of logs. logNorm is the value at
// the mean.
func (o *Objective) quadratics(c int, logNorm float64) {
	d, n, p := o.Dim, o.n, &o.parts[c]
	if o.diagonal() {
		scaleRows(p.whitened, p.centred, p.linv, n)
	} else {
		kernel.Product(p.whitened, p.centred, p.linv, d, d, n, 1, d)
	}
	kernel.HalfSquares(o.logs[c*n:c*n+n], p.whitened, d, n, logNorm)
}

// scaleRows multiplies row i of x by s[i].
func scaleRows(dst, x, s []float64, n int) {
	copy(dst, x[:len(s)*n])
	for i, v := range s {
		kernel.Scale(dst[i*n:i*n+n], v)
	}
}

// penaltyOf is the penalty of component c.
func (o *Objective) penaltyOf(c int) (sum float64) {
	p := &o.parts[c]
	for i := range o.Dim {
		sum += 1 / (o.variance(p, i) + o.Ridge)
	}
	return sum
}

// variance is the variance of dimension i without the ridge.
func (o *Objective) variance(p *part, i int) float64 {
	if o.diagonal() {
		return p.sigma[i]
	}
	return p.sigma[i*o.Dim+i]
}

// meanEnergy returns the mean energy and replaces logs by the responsibilities ρ.
func (o *Objective) meanEnergy() float64 {
	kernel.Softmax(o.logs, o.lse, o.Components, o.n)
	return -kernel.Sum(o.lse[:o.n]) / float64(o.n)
}

// Backward writes the gradients of wEnergy·Ē + wPenalty·P with respect to z and gamma to dz
// and dgamma, where Ē is the mean energy and P the penalty. It is for the batch of the last
// call of Forward, with the same gamma; where that is nil, dgamma is left as it is.
func (o *Objective) Backward(dz, dgamma, gamma []float64, wEnergy, wPenalty float64) {
	if gamma == nil {
		o.backwardSingle(dz, wEnergy, wPenalty)
		return
	}
	clear(dz)
	for c := range o.parts {
		n := o.n
		o.backward(c, dz, dgamma[c*n:(c+1)*n], gamma[c*n:(c+1)*n], wEnergy/float64(n), wPenalty)
	}
}

// backward adds the gradients through component c. w is the weight of one sample's energy,
// a = w·ρ, δ = z − μ and y = Σ⁻¹δ. The gradient with respect to
//
//   - δ is a·y, directly;
//   - Σ is G = ½ Σi a(Σ⁻¹ − yyᵀ), which gives 2γ/nk·Gδ with respect to z and
//     (δᵀGδ − tr GΣ)/nk with respect to γ;
//   - μ is −Σi a·y, which γ/nk carries to z and δ/nk to γ;
//   - φ is −Σi a/φ, which 1/n carries to γ.
//
// The gradient from μ through Σ is zero.
func (o *Objective) backward(c int, dz, dgamma, g []float64, w, wPenalty float64) {
	d, n, p := o.Dim, o.n, &o.parts[c]
	rho := o.rho[:n] // times w
	copy(rho, o.logs[c*n:])
	kernel.Scale(rho, w)
	sumA := kernel.Sum(rho)
	if o.diagonal() {
		scaleRows(o.y, p.whitened, p.linv, n)
	} else {
		kernel.Product(o.y, p.whitened, p.linv, d, d, n, d, 1)
	}
	kernel.Dots(o.dmu, rho, o.y, 1, d, n)
	o.sigmaGradient(p, rho, wPenalty, sumA)
	if o.diagonal() {
		scaleRows(o.gd, p.centred, o.dsigma, n)
	} else {
		kernel.Product(o.gd, p.centred, o.dsigma, d, d, n, 1, d)
	}
	for r := range dgamma {
		dgamma[r] = -sumA / p.phi / float64(n)
	}
	size := len(o.dsigma) / d
	for i := range d {
		var trace float64
		for j, g := range o.dsigma[i*size : (i+1)*size] {
			trace += g * p.sigma[i*size+j]
		}
		at := i * n
		kernel.ObjectiveGrad(dz[at:at+n], dgamma, rho, o.y[at:], g, o.gd[at:], p.centred[at:], 1/p.nk, -o.dmu[i], trace)
	}
}

// sigmaGradient writes the symmetric gradient with respect to Σ to dsigma, or its diagonal
// if the mixture is diagonal. rho holds the weighted responsibilities and sumA their sum.
func (o *Objective) sigmaGradient(p *part, rho []float64, wPenalty, sumA float64) {
	d, n, out := o.Dim, o.n, o.dsigma
	for i := range d {
		kernel.Mul(o.weighted[i*n:i*n+n], rho, o.y[i*n:])
	}
	if o.diagonal() {
		for i := range d {
			out[i] = .5*(sumA*p.linv[i]*p.linv[i]-kernel.Dot(o.weighted[i*n:i*n+n], o.y[i*n:])) + o.penaltyGradient(p, i, wPenalty)
		}
		return
	}
	kernel.Dots(out, o.weighted, o.y, d, d, n)
	for i := range d {
		for j := range i + 1 {
			g := .5 * (sumA*inverseAt(p.linv, d, i, j) - out[i*d+j])
			out[i*d+j], out[j*d+i] = g, g
		}
		out[i*d+i] += o.penaltyGradient(p, i, wPenalty)
	}
}

// penaltyGradient is the gradient of the penalty with respect to the variance of dimension i.
func (o *Objective) penaltyGradient(p *part, i int, wPenalty float64) float64 {
	v := o.variance(p, i) + o.Ridge
	return -wPenalty / (v * v)
}

// inverseAt returns element (i, j) of Σ⁻¹ = L⁻ᵀL⁻¹ for j ≤ i.
func inverseAt(linv []float64, d, i, j int) float64 {
	var s float64
	for k := i; k < d; k++ {
		s += linv[k*d+i] * linv[k*d+j]
	}
	return s
}
