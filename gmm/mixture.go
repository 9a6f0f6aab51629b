package gmm

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

var (
	// ErrShape reports arguments whose dimensions do not match.
	ErrShape = errors.New("shape mismatch")
	// ErrNotPositiveDefinite reports a covariance that has no Cholesky factor.
	ErrNotPositiveDefinite = errors.New("covariance is not positive definite")
	// ErrValue reports a parameter that is not finite or out of its range.
	ErrValue = errors.New("invalid value")
)

// Covariance is a kind of covariance matrix.
type Covariance string

const (
	// Full covariance matrices. The zero value "" means Full too.
	Full Covariance = "full"
	// Diagonal covariance matrices. The dimensions are independent within a component.
	Diagonal Covariance = "diagonal"
)

// Mixture is a Gaussian mixture of K components in d dimensions.
type Mixture struct {
	dim   int
	phi   []float64
	mu    []float64 // K×d
	sigma []float64 // K×d×d, symmetric; if diag, K×d variances
	diag  bool      // every covariance is diagonal

	// Derived from the above, for scoring.
	logw []float64 // log φk − ½ d log 2π − ½ log|Σk|
	linv []float64 // K lower triangles of L⁻¹, row by row; if diag, K×d reciprocal standard deviations
}

// NewMixture returns a mixture with copies of the weights phi (K, positive, with a sum of 1
// within 1e-6), the means mu (K×d) and the covariances sigma (K of d×d). Its errors wrap
// ErrShape, ErrValue or ErrNotPositiveDefinite.
func NewMixture(phi []float64, mu *mat.Dense, sigma []*mat.SymDense) (*Mixture, error) {
	if mu == nil || mu.IsEmpty() {
		return nil, fmt.Errorf("gmm: mixture without means: %w", ErrShape)
	}
	k, d := mu.Dims()
	if len(phi) != k || len(sigma) != k {
		return nil, fmt.Errorf("gmm: %d weights, %d means, %d covariances: %w", len(phi), k, len(sigma), ErrShape)
	}
	m := &Mixture{dim: d, phi: append([]float64(nil), phi...), mu: make([]float64, k*d), sigma: make([]float64, k*d*d)}
	for c := range k {
		if sigma[c] == nil {
			return nil, fmt.Errorf("gmm: component %d has no covariance: %w", c, ErrShape)
		}
		if n := sigma[c].SymmetricDim(); n != d {
			return nil, fmt.Errorf("gmm: component %d: covariance of order %d for %d dimensions: %w", c, n, d, ErrShape)
		}
		for i := range d {
			m.mu[c*d+i] = mu.At(c, i)
			for j := range d {
				m.sigma[c*d*d+i*d+j] = sigma[c].At(i, j)
			}
		}
	}
	if err := m.prepare(); err != nil {
		return nil, err
	}
	return m, nil
}

// prepare checks the parameters and derives the fields for scoring.
func (m *Mixture) prepare() error {
	k, d := len(m.phi), m.dim
	if err := m.checkWeights(); err != nil {
		return err
	}
	if i := firstNotFinite(m.mu); i >= 0 {
		return fmt.Errorf("gmm: component %d: mean of dimension %d is %g: %w", i/d, i%d, m.mu[i], ErrValue)
	}
	if i := firstNotFinite(m.sigma); i >= 0 {
		per := len(m.sigma) / k
		return fmt.Errorf("gmm: component %d: element %d of the covariance is %g: %w", i/per, i%per, m.sigma[i], ErrValue)
	}
	if !m.diag && m.offDiagonalZero() {
		m.keepDiagonals()
	}
	m.logw = make([]float64, k)
	size, factor := d, []float64(nil)
	if !m.diag {
		size, factor = d*(d+1)/2, make([]float64, d*d)
	}
	m.linv = make([]float64, k*size)
	for c := range k {
		logDet, err := m.invert(m.linv[c*size:(c+1)*size], factor, m.covariance(c))
		if err != nil {
			return fmt.Errorf("gmm: component %d: %w", c, err)
		}
		m.logw[c] = math.Log(m.phi[c]) - .5*(float64(d)*math.Log(2*math.Pi)+logDet)
	}
	if i := firstNotFinite(m.linv); i >= 0 {
		return fmt.Errorf("gmm: component %d: the inverse of its covariance overflows: %w", i/size, ErrNotPositiveDefinite)
	}
	return nil
}

func (m *Mixture) checkWeights() error {
	var sum float64
	for c, p := range m.phi {
		if !(p > 0 && p <= 1+1e-6) {
			return fmt.Errorf("gmm: component %d: weight is %g: %w", c, p, ErrValue)
		}
		sum += p
	}
	if math.Abs(sum-1) > 1e-6 {
		return fmt.Errorf("gmm: weights sum to %g: %w", sum, ErrValue)
	}
	return nil
}

func (m *Mixture) offDiagonalZero() bool {
	d := m.dim
	for i, v := range m.sigma {
		if v != 0 && i/d%d != i%d {
			return false
		}
	}
	return true
}

// keepDiagonals drops the zeros beside the diagonals of all covariances.
func (m *Mixture) keepDiagonals() {
	d := m.dim
	variances := make([]float64, 0, len(m.phi)*d)
	for c := range m.phi {
		for i := range d {
			variances = append(variances, m.sigma[c*d*d+i*d+i])
		}
	}
	m.sigma, m.diag = variances, true
}

// covariance returns what is kept of Σ of component c: the matrix row by row, or the
// variances if the mixture is diagonal.
func (m *Mixture) covariance(c int) []float64 {
	per := len(m.sigma) / len(m.phi)
	return m.sigma[c*per : (c+1)*per]
}

// invert writes L⁻¹ of sigma = LLᵀ to dst and returns log|sigma|. dst is the lower triangle
// row by row, or the reciprocal standard deviations if the mixture is diagonal.
func (m *Mixture) invert(dst, factor, sigma []float64) (float64, error) {
	d := m.dim
	if m.diag {
		var logDet float64
		for i := range d {
			v := sigma[i]
			if !(v > 0) {
				return 0, fmt.Errorf("variance of dimension %d is %g: %w", i, v, ErrNotPositiveDefinite)
			}
			dst[i] = 1 / math.Sqrt(v)
			logDet += math.Log(v)
		}
		return logDet, nil
	}
	copy(factor, sigma)
	logDet, ok := invertCholesky(factor, d)
	if !ok {
		return 0, fmt.Errorf("order %d: %w", d, ErrNotPositiveDefinite)
	}
	p := 0
	for i := range d {
		p += copy(dst[p:], factor[i*d:i*d+i+1])
	}
	return logDet, nil
}

// firstNotFinite returns the index of the first NaN or infinite number, or −1.
func firstNotFinite(v []float64) int {
	for i, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return i
		}
	}
	return -1
}

// Dim returns d, the number of dimensions.
func (m *Mixture) Dim() int { return m.dim }

// Components returns K, the number of components.
func (m *Mixture) Components() int { return len(m.phi) }

// Weight returns φk, the weight of component k.
func (m *Mixture) Weight(k int) float64 { return m.phi[k] }

// Mean appends μk, the mean of component k, to dst.
func (m *Mixture) Mean(dst []float64, k int) []float64 {
	return append(dst, m.mu[k*m.dim:(k+1)*m.dim]...)
}

// Covariance returns a copy of Σk, the covariance matrix of component k.
func (m *Mixture) Covariance(k int) *mat.SymDense {
	out := mat.NewSymDense(m.dim, nil)
	if m.diag {
		for i, v := range m.covariance(k) {
			out.SetSym(i, i, v)
		}
		return out
	}
	copy(out.RawSymmetric().Data, m.covariance(k))
	return out
}

// LogDensity returns the parts of log φk N(z) = logw − ½·|L⁻¹(z−μk)|², where LLᵀ = Σk. The
// matrix is a copy of L⁻¹; logw collects what does not depend on z.
func (m *Mixture) LogDensity(k int) (logw float64, inverse *mat.TriDense) {
	d, size := m.dim, len(m.linv)/len(m.phi)
	inverse = mat.NewTriDense(d, mat.Lower, nil)
	stored := m.linv[k*size : (k+1)*size]
	for i := range d {
		if m.diag {
			inverse.SetTri(i, i, stored[i])
			continue
		}
		for j := range i + 1 {
			inverse.SetTri(i, j, stored[i*(i+1)/2+j])
		}
	}
	return m.logw[k], inverse
}

// Diagonal reports whether every covariance matrix is diagonal.
func (m *Mixture) Diagonal() bool { return m.diag }

// EffectiveComponents returns the exponential of the entropy of the weights. It is 1 if one
// component has all the weight, and K if all components have the same weight.
func (m *Mixture) EffectiveComponents() float64 {
	var h float64
	for _, p := range m.phi {
		h -= p * math.Log(p)
	}
	return math.Exp(h)
}
