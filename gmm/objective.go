package gmm

import (
	"fmt"
	"math"

	"github.com/metric-streams/anomaly/internal/kernel"
)

// Objective is the estimation part of DAGMM's training objective on one batch: the
// mean energy under the batch's own mixture and the covariance penalty
// P = Σk Σj 1/Σkjj (equations 5 to 7 of the paper), with the gradients through
// weights, means and covariances. It owns its buffers: one Objective serves one
// goroutine. The largest batch seen decides their size.
type Objective struct {
	Dim, Components int
	Covariance      Covariance // "" means Full
	Ridge           float64    // added to every variance of the batch mixture

	n        int
	parts    []part
	logs     []float64 // K×n, log(φk N(zi)), later the responsibilities ρ
	lse      []float64 // n, log-sum-exp of logs
	dmu      []float64
	dsigma   []float64
	weighted []float64 // d×n
	y        []float64 // d×n, Σ⁻¹δ
	gd       []float64 // d×n
	rho      []float64 // n
}

// part is what the forward pass keeps of one component.
type part struct {
	nk, phi  float64
	mu       []float64
	sigma    []float64 // d×d without the ridge; d variances where diagonal
	linv     []float64 // d×d lower triangle; d reciprocal sd where diagonal
	centred  []float64 // d×n
	whitened []float64 // d×n, L⁻¹δ
}

// minResponsibility guards the denominator of an empty component.
const minResponsibility = 1e-12

func (o *Objective) diagonal() bool { return o.Covariance == Diagonal }

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

// Forward returns the mean energy and the penalty of n samples: z holds coordinate i
// of sample r at i*n+r, gamma component k of sample r at k*n+r. An error says which
// component's covariance has no Cholesky factor.
func (o *Objective) Forward(z, gamma []float64, n int) (energy, penalty float64, err error) {
	if n <= 0 || len(z) != o.Dim*n || len(gamma) != o.Components*n {
		return 0, 0, fmt.Errorf("gmm: objective: %d coordinates and %d responsibilities of %d samples, for %d dimensions and %d components: %w",
			len(z), len(gamma), n, o.Dim, o.Components, ErrShape)
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

// component computes weight, mean, covariance and its inverse factor, and returns the
// logarithm of the component's density at its mean, weight included.
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
	logDet, err := o.factor(p)
	return math.Log(p.phi) - .5*(float64(d)*math.Log(2*math.Pi)+logDet), err
}

func (o *Objective) factor(p *part) (logDet float64, err error) {
	d := o.Dim
	copy(p.linv, p.sigma)
	if o.diagonal() {
		for i, v := range p.sigma {
			if !(v+o.Ridge > 0) {
				return 0, fmt.Errorf("variance of dimension %d is %g: %w", i, v+o.Ridge, ErrNotPositiveDefinite)
			}
			p.linv[i] = 1 / math.Sqrt(v+o.Ridge)
			logDet += math.Log(v + o.Ridge)
		}
		return logDet, nil
	}
	for i := range d {
		p.linv[i*d+i] += o.Ridge
	}
	logDet, ok := invertCholesky(p.linv, d)
	if !ok {
		return 0, ErrNotPositiveDefinite
	}
	for i := range d {
		clear(p.linv[i*d+i+1 : (i+1)*d]) // what the factorisation leaves above the diagonal
	}
	return logDet, nil
}

// quadratics fills the component's row of logs with log(φk N(zi)).
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

func (o *Objective) penaltyOf(c int) (sum float64) {
	p := &o.parts[c]
	for i := range o.Dim {
		sum += 1 / (o.variance(p, i) + o.Ridge)
	}
	return sum
}

func (o *Objective) variance(p *part, i int) float64 {
	if o.diagonal() {
		return p.sigma[i]
	}
	return p.sigma[i*o.Dim+i]
}

// meanEnergy also turns logs into the responsibilities ρ.
func (o *Objective) meanEnergy() float64 {
	kernel.Softmax(o.logs, o.lse, o.Components, o.n)
	return -kernel.Sum(o.lse[:o.n]) / float64(o.n)
}

// Backward writes the gradient of wEnergy·Ē + wPenalty·P by z and gamma, for the
// batch of the last Forward call with the same gamma.
func (o *Objective) Backward(dz, dgamma, gamma []float64, wEnergy, wPenalty float64) {
	clear(dz)
	for c := range o.parts {
		n := o.n
		o.backward(c, dz, dgamma[c*n:(c+1)*n], gamma[c*n:(c+1)*n], wEnergy/float64(n), wPenalty)
	}
}

// backward follows one component; w is the weight of one sample's energy. With
// a = w·ρ and y = Σ⁻¹δ, the gradients are: a·y by δ directly; G = ½ Σi a(Σ⁻¹ − yyᵀ)
// by Σ, whence 2γ/nk·Gδ by z and (δᵀGδ − tr GΣ)/nk by γ; −Σ a·y by μ, whence γ/nk by
// z and δ/nk by γ; −Σ a/φ by φ, whence 1/n by γ. The path from μ through Σ vanishes.
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

// sigmaGradient fills dsigma, the symmetric gradient by Σ (its diagonal where diagonal),
// from the weighted responsibilities rho.
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

func (o *Objective) penaltyGradient(p *part, i int, wPenalty float64) float64 {
	v := o.variance(p, i) + o.Ridge
	return -wPenalty / (v * v)
}

// inverseAt returns element (i, j) of Σ⁻¹ = L⁻ᵀL⁻¹, j ≤ i.
func inverseAt(linv []float64, d, i, j int) float64 {
	var s float64
	for k := i; k < d; k++ {
		s += linv[k*d+i] * linv[k*d+j]
	}
	return s
}
