package gmm

import (
	"encoding/json"
	"fmt"
)

// maxStored bounds the size of a stored mixture. It keeps a short text that claims many
// dimensions from making the reader allocate much memory.
const maxStored = 1 << 24

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
		var cov []float64
		for i := range d {
			row := m.sigma[k*d*d+i*d:]
			if m.diag {
				cov = append(cov, row[i])
			} else {
				cov = append(cov, row[:i+1]...)
			}
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
	full := d * (d + 1) / 2
	if k*d*d > maxStored {
		return fmt.Errorf("gmm: stored mixture: %d components in %d dimensions: %w", k, d, ErrShape)
	}
	out := Mixture{dim: d, phi: s.Phi, mu: make([]float64, 0, k*d), sigma: make([]float64, k*d*d)}
	for c := range k {
		if len(s.Mu[c]) != d {
			return fmt.Errorf("gmm: stored mixture: component %d: mean of width %d, want %d: %w", c, len(s.Mu[c]), d, ErrShape)
		}
		if n := len(s.Sigma[c]); n != full && n != d {
			return fmt.Errorf("gmm: stored mixture: component %d: covariance of %d elements, want %d or %d: %w", c, n, full, d, ErrShape)
		}
		out.mu = append(out.mu, s.Mu[c]...)
		spread(out.sigma[c*d*d:(c+1)*d*d], s.Sigma[c], d)
	}
	if err := out.prepare(); err != nil {
		return err
	}
	*m = out
	return nil
}

// spread writes a stored covariance, which is a lower triangle or d variances, to the full
// matrix dst.
func spread(dst, stored []float64, d int) {
	if len(stored) == d {
		for i, v := range stored {
			dst[i*d+i] = v
		}
		return
	}
	p := 0
	for i := range d {
		for j := range i + 1 {
			dst[i*d+j], dst[j*d+i] = stored[p], stored[p]
			p++
		}
	}
}
