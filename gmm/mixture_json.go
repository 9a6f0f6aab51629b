package gmm

import (
	"encoding/json"
	"fmt"
	"slices"
)

type storedMixture struct {
	Phi   []float64   `json:"phi"`
	Mu    [][]float64 `json:"mu"`
	Sigma [][]float64 `json:"sigma"` // lower triangle row by row; d variances if diagonal
}

// MarshalJSON writes weights, means and covariances. UnmarshalJSON restores every float64
// exactly.
func (m *Mixture) MarshalJSON() ([]byte, error) {
	d := m.dim
	s := storedMixture{Phi: m.phi}
	for k := range m.phi {
		s.Mu = append(s.Mu, m.mu[k*d:(k+1)*d])
		cov := m.covariance(k)
		if !m.diag {
			cov = lowerTriangle(cov, d)
		}
		s.Sigma = append(s.Sigma, cov)
	}
	return json.Marshal(s)
}

// UnmarshalJSON reads what MarshalJSON wrote and checks all of it. An error leaves m
// unchanged.
func (m *Mixture) UnmarshalJSON(data []byte) error {
	var s storedMixture
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("gmm: stored mixture: %w", err)
	}
	k := len(s.Phi)
	if k == 0 || len(s.Mu) != k || len(s.Sigma) != k || len(s.Mu[0]) == 0 {
		return fmt.Errorf("gmm: stored mixture: %d weights, %d means, %d covariances: %w", k, len(s.Mu), len(s.Sigma), ErrShape)
	}
	d := len(s.Mu[0])
	// What is allocated is a small multiple of what has been read, whatever it claims: every
	// mean and covariance is checked to be there before room is made for all of them.
	full := d * (d + 1) / 2
	diag := len(s.Sigma[0]) == d && d > 1
	size := full
	if diag {
		size = d
	}
	for c := range k {
		if len(s.Mu[c]) != d {
			return fmt.Errorf("gmm: stored mixture: component %d: mean of width %d, want %d: %w", c, len(s.Mu[c]), d, ErrShape)
		}
		if n := len(s.Sigma[c]); n != size {
			return fmt.Errorf("gmm: stored mixture: component %d: covariance of %d elements, want %d, or %d in all components: %w", c, n, full, d, ErrShape)
		}
	}
	out := Mixture{dim: d, phi: s.Phi, mu: slices.Concat(s.Mu...), diag: diag}
	for c := range k {
		if diag {
			out.sigma = append(out.sigma, s.Sigma[c]...)
		} else {
			out.sigma = append(out.sigma, square(s.Sigma[c], d)...)
		}
	}
	if err := out.prepare(); err != nil {
		return err
	}
	*m = out
	return nil
}

// lowerTriangle returns the lower triangle of a symmetric matrix, row by row.
func lowerTriangle(sigma []float64, d int) []float64 {
	out := make([]float64, 0, d*(d+1)/2)
	for i := range d {
		out = append(out, sigma[i*d:i*d+i+1]...)
	}
	return out
}

// square returns the symmetric matrix of a lower triangle.
func square(triangle []float64, d int) []float64 {
	out := make([]float64, d*d)
	p := 0
	for i := range d {
		for j := range i + 1 {
			out[i*d+j], out[j*d+i] = triangle[p], triangle[p]
			p++
		}
	}
	return out
}
