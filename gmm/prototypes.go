package gmm

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/metric-streams/anomaly/internal/kernel"
)

// Prototypes is the limit of a mixture of many narrow, equally wide components, one at
// each of m training points (a Parzen window; Parzen, Annals of Mathematical Statistics
// 33(3), 1962): the energy grows with the squared distance to the nearest point. A state
// that was seen, however rarely, costs nothing, which no few Gaussians can express.
// It is immutable and safe for concurrent use.
type Prototypes struct {
	dim, count int
	weight     float64
	theta      [][]float64 // a dense layer per group of points: −2p·z + ‖p‖²
}

// prototypeGroup is how many points are compared at a time, so that a block of
// distances stays in cache.
const prototypeGroup = 64

// NewPrototypes takes m×dim finite values, point by point, and what a squared distance
// of 1 counts in energy.
func NewPrototypes(dim int, points []float64, weight float64) (*Prototypes, error) {
	if dim < 1 || len(points) == 0 || len(points)%dim != 0 {
		return nil, fmt.Errorf("gmm: prototypes: %d values in %d dimensions: %w", len(points), dim, ErrShape)
	}
	if !(weight > 0) || math.IsInf(weight, 0) {
		return nil, fmt.Errorf("gmm: prototypes: weight %g: %w", weight, ErrValue)
	}
	p := &Prototypes{dim: dim, count: len(points) / dim, weight: weight}
	for from := 0; from < p.count; from += prototypeGroup {
		k := min(prototypeGroup, p.count-from)
		theta := make([]float64, kernel.ThetaLen(dim, k))
		for j := range k {
			for i, v := range points[(from+j)*dim : (from+j+1)*dim] {
				theta[i*k+j] = -2 * v
				theta[dim*k+j] += v * v
			}
			if norm := theta[dim*k+j]; math.IsNaN(norm) || math.IsInf(norm, 0) {
				return nil, fmt.Errorf("gmm: prototype %d has squared norm %g: %w", from+j, norm, ErrValue)
			}
		}
		p.theta = append(p.theta, theta)
	}
	return p, nil
}

// Dim is the number of dimensions.
func (p *Prototypes) Dim() int { return p.dim }

// Len is the number of points.
func (p *Prototypes) Len() int { return p.count }

// Weight is the energy of a squared distance of 1.
func (p *Prototypes) Weight() float64 { return p.weight }

// Point returns point k.
func (p *Prototypes) Point(k int) []float64 {
	theta := p.theta[k/prototypeGroup]
	group := len(theta) / (p.dim + 1)
	out := make([]float64, p.dim)
	for i := range out {
		out[i] = theta[i*group+k%prototypeGroup] / -2
	}
	return out
}

// ScratchLen is the number of float64 that EnergyBlock needs for n points.
func (p *Prototypes) ScratchLen(n int) int { return min(prototypeGroup, p.count) * n }

// EnergyBlock writes weight·min‖z−p‖² of n points z into dst (allocated when nil): z
// holds coordinate i of point r at i*n+r, scratch ScratchLen(n) elements of any content.
// The bits do not depend on n.
func (p *Prototypes) EnergyBlock(dst, z []float64, n int, scratch []float64) []float64 {
	if dst == nil {
		dst = make([]float64, n)
	}
	least := dst[:n]
	for r := range least {
		least[r] = math.Inf(1)
	}
	for _, theta := range p.theta {
		group := len(theta) / (p.dim + 1)
		y := scratch[:group*n]
		if n == 1 {
			kernel.AffineRow(y, z[:p.dim], theta, false)
		} else {
			kernel.Affine(y, z, theta, p.dim, group, n)
		}
		for j := range group {
			for r, v := range y[j*n : j*n+n] {
				if v < least[r] {
					least[r] = v
				}
			}
		}
	}
	for r, v := range least {
		for i := r; i < p.dim*n; i += n {
			v += float64(z[i] * z[i])
		}
		least[r] = p.weight * max(v, 0)
	}
	return dst
}

type storedPrototypes struct {
	Weight float64     `json:"weight"`
	Points [][]float64 `json:"points"`
}

// MarshalJSON writes weight and points; every float64 survives exactly.
func (p *Prototypes) MarshalJSON() ([]byte, error) {
	s := storedPrototypes{Weight: p.weight}
	for k := range p.count {
		s.Points = append(s.Points, p.Point(k))
	}
	return json.Marshal(s)
}

// UnmarshalJSON reads what MarshalJSON wrote and checks all of it; the receiver is
// unchanged on error.
func (p *Prototypes) UnmarshalJSON(data []byte) error {
	var s storedPrototypes
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("gmm: stored prototypes: %w", err)
	}
	if len(s.Points) == 0 {
		return fmt.Errorf("gmm: stored prototypes: none: %w", ErrShape)
	}
	var points []float64
	for k, row := range s.Points {
		if len(row) != len(s.Points[0]) {
			return fmt.Errorf("gmm: stored prototype %d is %d wide, not %d: %w", k, len(row), len(s.Points[0]), ErrShape)
		}
		points = append(points, row...)
	}
	q, err := NewPrototypes(len(s.Points[0]), points, s.Weight)
	if err != nil {
		return err
	}
	*p = *q
	return nil
}
