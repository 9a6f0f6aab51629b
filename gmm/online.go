package gmm

import (
	"fmt"
	"math"
)

// Online follows a mixture that changes slowly. Each point counts with its responsibilities
// under the current mixture and is forgotten exponentially. This is stepwise EM with a
// constant step (Cappé and Moulines, Journal of the Royal Statistical Society B 71(3),
// 2009). An Online belongs to one goroutine.
type Online struct {
	mix   *Mixture
	rate  float64
	s     OnlineState
	ridge float64
	gamma []float64
	delta []float64
}

// OnlineState holds the running moments, which together with the mixture are everything
// that carries over from one point to the next.
type OnlineState struct {
	Phi   []float64 // K weights
	Mu    []float64 // K×d means
	Sigma []float64 // K×d×d covariances without the ridge; K×d variances if the mixture is diagonal
}

// Clone returns a deep copy.
func (s OnlineState) Clone() OnlineState {
	c := func(v []float64) []float64 { return append([]float64(nil), v...) }
	return OnlineState{c(s.Phi), c(s.Mu), c(s.Sigma)}
}

// NewOnline returns an Online that starts at m. memory is the number of points after which
// the weight of a point has fallen to 1/e, at least 1. ridge is the part of every variance
// that stays constant: the ridge that m was fitted with, at least 0. Any other value is an
// error that wraps ErrValue, and a nil m one that wraps ErrShape.
func NewOnline(m *Mixture, memory, ridge float64) (*Online, error) {
	if m == nil {
		return nil, fmt.Errorf("gmm: online: the mixture is nil: %w", ErrShape)
	}
	if !(memory >= 1) || math.IsInf(memory, 0) || !(ridge >= 0) || math.IsInf(ridge, 0) {
		return nil, fmt.Errorf("gmm: online: memory of %g points, ridge %g: %w", memory, ridge, ErrValue)
	}
	k, d := len(m.phi), m.dim
	o := &Online{mix: m, rate: 1 / memory, ridge: ridge, gamma: make([]float64, k), delta: make([]float64, d)}
	o.s.Phi, o.s.Mu = append(o.s.Phi, m.phi...), append(o.s.Mu, m.mu...)
	for c := range k {
		sigma := m.covariance(c)
		for i := range d {
			if m.diag {
				o.s.Sigma = append(o.s.Sigma, max(sigma[i]-ridge, 0))
				continue
			}
			o.s.Sigma = append(o.s.Sigma, sigma[i*d:(i+1)*d]...)
			o.s.Sigma[c*d*d+i*d+i] -= min(ridge, sigma[i*d+i])
		}
	}
	return o, nil
}

// State returns the running moments. They are the memory of o and change with the next
// point.
func (o *Online) State() OnlineState { return o.s }

// Continue makes o go on where another Online was that started from the same mixture: m is
// the mixture that it returned last and s its state. An error, which wraps ErrShape or
// ErrValue, changes nothing.
func (o *Online) Continue(m *Mixture, s OnlineState) error {
	if m == nil {
		return fmt.Errorf("gmm: online: the mixture is nil: %w", ErrShape)
	}
	if m.dim != o.mix.dim || m.diag != o.mix.diag || len(s.Phi) != len(o.s.Phi) || len(m.phi) != len(o.s.Phi) ||
		len(s.Mu) != len(o.s.Mu) || len(s.Sigma) != len(o.s.Sigma) {
		return fmt.Errorf("gmm: online: mixture of %d components in %d dimensions, state of %d weights, %d means, %d covariances, not %d, %d, %d: %w",
			len(m.phi), m.dim, len(s.Phi), len(s.Mu), len(s.Sigma), len(o.s.Phi), len(o.s.Mu), len(o.s.Sigma), ErrShape)
	}
	for _, v := range [][]float64{s.Phi, s.Mu, s.Sigma} {
		if i := firstNotFinite(v); i >= 0 {
			return fmt.Errorf("gmm: online: state holds %g: %w", v[i], ErrValue)
		}
	}
	o.mix, o.s = m, s.Clone()
	return nil
}

// Observe adds a point to the running moments. A point that is not finite (ErrValue) or of
// another width (ErrShape) is an error and changes nothing.
func (o *Online) Observe(z []float64) error {
	if i := firstNotFinite(z); i >= 0 {
		return fmt.Errorf("gmm: online: dimension %d of the point is %g: %w", i, z[i], ErrValue)
	}
	if _, err := o.mix.Responsibilities(o.gamma, z); err != nil {
		return err
	}
	for c, g := range o.gamma {
		old := o.s.Phi[c]
		o.s.Phi[c] += o.rate * (g - old)
		if o.s.Phi[c] > 0 {
			o.move(c, z, o.rate*g/o.s.Phi[c])
		}
	}
	return nil
}

// move shifts the moments of component c towards z by the share step.
func (o *Online) move(c int, z []float64, step float64) {
	d := len(z)
	mu := o.s.Mu[c*d : (c+1)*d]
	for i, v := range z {
		o.delta[i] = v - mu[i]
		mu[i] += step * o.delta[i]
	}
	if o.mix.diag {
		sigma := o.s.Sigma[c*d : (c+1)*d]
		for i, v := range o.delta {
			sigma[i] = (1 - step) * (sigma[i] + step*v*v)
		}
		return
	}
	sigma := o.s.Sigma[c*d*d : (c+1)*d*d]
	for i, v := range o.delta {
		row := sigma[i*d : (i+1)*d]
		for j, w := range o.delta {
			row[j] = (1 - step) * (row[j] + step*(v*w))
		}
	}
}

// Mixture returns the mixture of the running moments. The responsibilities of later points are
// those under this mixture.
func (o *Online) Mixture() (*Mixture, error) {
	k, d := len(o.s.Phi), o.mix.dim
	m := &Mixture{dim: d, phi: make([]float64, k), mu: append([]float64(nil), o.s.Mu...), sigma: append([]float64(nil), o.s.Sigma...), diag: o.mix.diag}
	var sum float64
	for _, p := range o.s.Phi {
		sum += max(p, minOnlineWeight)
	}
	for c, p := range o.s.Phi {
		m.phi[c] = max(p, minOnlineWeight) / sum
		sigma := m.covariance(c)
		for i := range d {
			if m.diag {
				sigma[i] += o.ridge
			} else {
				sigma[i*d+i] += o.ridge
			}
		}
	}
	if err := m.prepare(); err != nil {
		return nil, fmt.Errorf("gmm: online: %w", err)
	}
	if m.diag != o.mix.diag {
		return nil, fmt.Errorf("gmm: online: the covariance has become diagonal: %w", ErrValue)
	}
	o.mix = m
	return m, nil
}

// minOnlineWeight is the smallest weight of a component. It keeps a component that gets no
// points for a long time.
const minOnlineWeight = 1e-6
