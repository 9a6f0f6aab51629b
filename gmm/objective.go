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

	n       int
	parts   []part
	logs    []float64 // K×n, log(φk N(zi)), later the responsibilities ρ
	column  []float64
	dmu     []float64
	scratch []float64
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
		o.parts = make([]part, k)
		o.column, o.dmu = make([]float64, k), make([]float64, d)
		for c := range o.parts {
			size := d * d
			if o.diagonal() {
				size = d
			}
			o.parts[c] = part{mu: make([]float64, d), sigma: make([]float64, size), linv: make([]float64, size)}
		}
	}
	if cap(o.logs) < k*n {
		o.logs = make([]float64, k*n)
		o.scratch = make([]float64, (d+1)*n+d*d)
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
	for i := range d {
		zi, ci := z[i*n:i*n+n], p.centred[i*n:i*n+n]
		mu := kernel.Dot(g, zi) / p.nk
		p.mu[i] = mu
		for r, v := range zi {
			ci[r] = v - mu
		}
	}
	weighted := o.scratch[:n]
	for i := range d {
		ci := p.centred[i*n : i*n+n]
		for r, v := range ci {
			weighted[r] = g[r] * v
		}
		if o.diagonal() {
			p.sigma[i] = kernel.Dot(weighted, ci) / p.nk
			continue
		}
		for j := range i + 1 {
			s := kernel.Dot(weighted, p.centred[j*n:j*n+n]) / p.nk
			p.sigma[i*d+j], p.sigma[j*d+i] = s, s
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
	return logDet, nil
}

// quadratics fills the component's row of logs with log(φk N(zi)).
func (o *Objective) quadratics(c int, logNorm float64) {
	d, n, p := o.Dim, o.n, &o.parts[c]
	logs := o.logs[c*n : c*n+n]
	clear(logs)
	for i := range d {
		w := p.whitened[i*n : i*n+n]
		clear(w)
		if o.diagonal() {
			kernel.Axpy(w, p.centred[i*n:i*n+n], p.linv[i])
		} else {
			for j := range i + 1 {
				kernel.Axpy(w, p.centred[j*n:j*n+n], p.linv[i*d+j])
			}
		}
		for r, v := range w {
			logs[r] += v * v
		}
	}
	for r, q := range logs {
		logs[r] = logNorm - .5*q
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
	n := o.n
	var sum float64
	for r := range n {
		for c := range o.column {
			o.column[c] = o.logs[c*n+r]
		}
		sum -= logSumExp(o.column)
		normalise(o.column)
		for c, v := range o.column {
			o.logs[c*n+r] = v
		}
	}
	return sum / float64(n)
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
	rho := o.logs[c*n : c*n+n]
	y := o.scratch[: d*n : d*n]
	o.solve(p, y)
	dmu := o.dmu
	sumA := w * kernel.Sum(rho)
	for i := range d {
		dmu[i] = -w * kernel.Dot(rho, y[i*n:i*n+n])
	}
	dsigma := o.sigmaGradient(p, rho, y, w, wPenalty, sumA)
	for r := range dgamma {
		dgamma[r] = -sumA / p.phi / float64(n)
	}
	row := o.scratch[d*n : d*n+n]
	for i := range d {
		ci, yi, out := p.centred[i*n:i*n+n], y[i*n:i*n+n], dz[i*n:i*n+n]
		clear(row)
		var trace float64
		if o.diagonal() {
			kernel.Axpy(row, ci, dsigma[i])
			trace = dsigma[i] * p.sigma[i]
		} else {
			for j := range d {
				kernel.Axpy(row, p.centred[j*n:j*n+n], dsigma[i*d+j])
				trace += dsigma[i*d+j] * p.sigma[i*d+j]
			}
		}
		for r, gd := range row {
			out[r] += w*rho[r]*yi[r] + g[r]/p.nk*(2*gd+dmu[i])
			dgamma[r] += (ci[r]*(gd+dmu[i]) - trace) / p.nk
		}
	}
}

// solve writes y = Σ⁻¹δ = L⁻ᵀ(L⁻¹δ).
func (o *Objective) solve(p *part, y []float64) {
	d, n := o.Dim, o.n
	clear(y)
	for i := range d {
		w := p.whitened[i*n : i*n+n]
		if o.diagonal() {
			kernel.Axpy(y[i*n:i*n+n], w, p.linv[i])
			continue
		}
		for j := range i + 1 {
			kernel.Axpy(y[j*n:j*n+n], w, p.linv[i*d+j])
		}
	}
}

// sigmaGradient returns the symmetric gradient by Σ (its diagonal where diagonal).
func (o *Objective) sigmaGradient(p *part, rho, y []float64, w, wPenalty, sumA float64) []float64 {
	d, n := o.Dim, o.n
	weighted := o.scratch[d*n : d*n+n]
	out := o.gradientBuffer()
	for i := range d {
		yi := y[i*n : i*n+n]
		for r, v := range yi {
			weighted[r] = w * rho[r] * v
		}
		v := o.variance(p, i) + o.Ridge
		penalty := -wPenalty / (v * v)
		if o.diagonal() {
			out[i] = .5*(sumA*p.linv[i]*p.linv[i]-kernel.Dot(weighted, yi)) + penalty
			continue
		}
		for j := range i + 1 {
			g := .5 * (sumA*inverseAt(p.linv, d, i, j) - kernel.Dot(weighted, y[j*n:j*n+n]))
			out[i*d+j], out[j*d+i] = g, g
		}
		out[i*d+i] += penalty
	}
	return out
}

func (o *Objective) gradientBuffer() []float64 {
	if o.diagonal() {
		return o.scratch[len(o.scratch)-o.Dim:]
	}
	return o.scratch[len(o.scratch)-o.Dim*o.Dim:]
}

// inverseAt returns element (i, j) of Σ⁻¹ = L⁻ᵀL⁻¹, j ≤ i.
func inverseAt(linv []float64, d, i, j int) float64 {
	var s float64
	for k := i; k < d; k++ {
		s += linv[k*d+i] * linv[k*d+j]
	}
	return s
}
