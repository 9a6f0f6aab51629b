package gmm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/internal/kernel"
)

// FitConfig sets up the classical fit. The zero value works.
type FitConfig struct {
	Components int        // K; 0 means 2
	Covariance Covariance // "" means Full
	// Ridge is added to every variance, as a share of the mean variance of a
	// dimension over all points; 0 means 1e-6, negative none.
	Ridge float64
	// Trim is the share of points with the highest energies that each M step leaves
	// out, in [0, .5): 0 is plain expectation maximisation.
	Trim          float64
	MaxIterations int     // 0 means 100
	Tolerance     float64 // stop where the mean energy falls by less; 0 means 1e-6
	Seed          uint64  // of the k-means++ start
}

// FitResult tells how a fit ended.
type FitResult struct {
	Iterations int
	Converged  bool
	Energy     []float64 // mean energy of the kept points after every iteration
}

func (c FitConfig) withDefaults() FitConfig {
	if c.Components == 0 {
		c.Components = 2
	}
	if c.Covariance == "" {
		c.Covariance = Full
	}
	if c.Ridge == 0 {
		c.Ridge = 1e-6
	}
	c.Ridge = max(c.Ridge, 0)
	if c.MaxIterations == 0 {
		c.MaxIterations = 100
	}
	if c.Tolerance == 0 {
		c.Tolerance = 1e-6
	}
	return c
}

func (c FitConfig) check(n, d int) error {
	switch {
	case c.Components < 0 || c.MaxIterations < 0:
		return fmt.Errorf("gmm: fit: %d components, %d iterations: %w", c.Components, c.MaxIterations, ErrValue)
	case c.Covariance != Full && c.Covariance != Diagonal:
		return fmt.Errorf("gmm: fit: covariance %q: %w", c.Covariance, ErrValue)
	case !(c.Trim >= 0 && c.Trim < .5):
		return fmt.Errorf("gmm: fit: trim %g is not in [0, .5): %w", c.Trim, ErrValue)
	case math.IsNaN(c.Ridge) || math.IsInf(c.Ridge, 0):
		return fmt.Errorf("gmm: fit: ridge %g: %w", c.Ridge, ErrValue)
	case d == 0 || n < max(2, c.Components):
		return fmt.Errorf("gmm: fit: %d rows of width %d for %d components: %w", n, d, c.Components, ErrShape)
	}
	return nil
}

// Fit fits a mixture to the rows of x (n×d, all finite) by expectation maximisation
// from a seeded k-means++ start. With Trim it is the trimmed variant: each M step
// leaves out the points that the mixture finds least likely (Neykov et al., Robust
// fitting of mixtures using the trimmed likelihood estimator, 2007).
func Fit(x mat.Matrix, cfg FitConfig) (*Mixture, *FitResult, error) {
	n, d := x.Dims()
	cfg = cfg.withDefaults()
	if err := cfg.check(n, d); err != nil {
		return nil, nil, err
	}
	p := Points{Dim: d, N: n, Z: make([]float64, n*d)}
	for r := range n {
		for i := range d {
			v := x.At(r, i)
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, nil, fmt.Errorf("gmm: fit: row %d, column %d is %g: %w", r, i, v, ErrValue)
			}
			p.Z[i*n+r] = v
		}
	}
	ridge := cfg.Ridge * meanVariance(p)
	if !(ridge > 0) && cfg.Ridge > 0 {
		ridge = math.SmallestNonzeroFloat64 * 0x1p60 // all points coincide
	}
	gamma := startResponsibilities(p, cfg.Components, rand.New(rand.NewPCG(cfg.Seed, startStream)))
	m, err := FromResponsibilities(gamma, cfg.Components, p, ridge, cfg.Covariance)
	if err != nil {
		return nil, nil, fmt.Errorf("gmm: fit: start: %w", err)
	}
	return m.refine(p, ridge, cfg)
}

// Refine runs expectation maximisation from m; cfg.Components and cfg.Seed are not
// used and the ridge is added as it is, not scaled.
func (m *Mixture) Refine(p Points, cfg FitConfig) (*Mixture, *FitResult, error) {
	cfg = cfg.withDefaults()
	if p.Dim != m.dim || len(p.Z) != p.Dim*p.N {
		return nil, nil, fmt.Errorf("gmm: refine: points in %d dimensions for a mixture in %d: %w", p.Dim, m.dim, ErrShape)
	}
	if err := cfg.check(p.N, p.Dim); err != nil {
		return nil, nil, err
	}
	return m.refine(p, cfg.Ridge, cfg)
}

func (m *Mixture) refine(p Points, ridge float64, cfg FitConfig) (*Mixture, *FitResult, error) {
	res := &FitResult{}
	e := newExpectation(p)
	for res.Iterations < cfg.MaxIterations {
		gamma, mean := e.run(m, cfg.Trim)
		next, err := FromResponsibilities(gamma, m.Components(), p, ridge, cfg.Covariance)
		if err != nil {
			return nil, nil, fmt.Errorf("gmm: iteration %d: %w", res.Iterations+1, err)
		}
		m = next
		res.Iterations++
		res.Energy = append(res.Energy, mean)
		if k := len(res.Energy); k > 1 && math.Abs(res.Energy[k-2]-mean) < cfg.Tolerance {
			res.Converged = true
			break
		}
	}
	return m, res, nil
}

// expectation holds the buffers of E steps.
type expectation struct {
	p        Points
	energies []float64
	sorted   []float64
	gamma    []float64
}

func newExpectation(p Points) *expectation {
	return &expectation{p: p, energies: make([]float64, p.N), sorted: make([]float64, p.N)}
}

// run returns the responsibilities, 0 for the trimmed points, and the mean energy of
// the others.
func (e *expectation) run(m *Mixture, trim float64) (gamma []float64, mean float64) {
	n, k := e.p.N, m.Components()
	if len(e.gamma) < k*n {
		e.gamma = make([]float64, k*n)
	}
	gamma = m.logDensities(e.p.Z, n, e.gamma)
	kernel.Softmax(gamma, e.energies, k, n)
	kernel.Scale(e.energies, -1)
	for r, v := range e.energies {
		if math.IsInf(v, 1) { // no density at all: equal shares
			for c := range k {
				gamma[c*n+r] = 1 / float64(k)
			}
		}
	}
	limit := math.Inf(1)
	if drop := int(trim * float64(n)); drop > 0 {
		copy(e.sorted, e.energies)
		slices.Sort(e.sorted)
		limit = e.sorted[n-1-drop]
	}
	var kept float64
	for r, v := range e.energies {
		if v > limit {
			for c := range k {
				gamma[c*n+r] = 0
			}
			continue
		}
		kept++
		mean += v
	}
	return gamma, mean / kept
}

func meanVariance(p Points) float64 {
	var sum float64
	centred := make([]float64, p.N)
	for i := range p.Dim {
		z := p.Z[i*p.N : (i+1)*p.N]
		mu := kernel.Sum(z) / float64(p.N)
		for r, v := range z {
			centred[r] = v - mu
		}
		sum += kernel.Dot(centred, centred) / float64(p.N)
	}
	return sum / float64(p.Dim)
}

// startStream sets the generator of starts apart from others of the same seed.
const startStream = 0x9e3779b97f4a7c15

// StartResponsibilities assigns every point to one of k seeded k-means++ centres:
// component c of point r at c*N+r.
func StartResponsibilities(p Points, k int, seed uint64) ([]float64, error) {
	if k <= 0 || p.N <= 0 || p.Dim <= 0 || len(p.Z) != p.Dim*p.N {
		return nil, fmt.Errorf("gmm: %d centres among %d points in %d dimensions: %w", k, p.N, p.Dim, ErrShape)
	}
	return startResponsibilities(p, k, rand.New(rand.NewPCG(seed, startStream))), nil
}

// startResponsibilities assigns every point to the nearest of k centres chosen by
// k-means++ (Arthur and Vassilvitskii, 2007) on dimensions scaled to unit variance.
func startResponsibilities(p Points, k int, rng *rand.Rand) []float64 {
	n := p.N
	scale := inverseVariances(p)
	nearest, distance := make([]int, n), make([]float64, n)
	for r := range distance {
		distance[r] = math.Inf(1)
	}
	centre := rng.IntN(n)
	for c := range k {
		for r := range n {
			var d2 float64
			for i, s := range scale {
				diff := p.Z[i*n+r] - p.Z[i*n+centre]
				d2 += diff * diff * s
			}
			if d2 < distance[r] {
				distance[r], nearest[r] = d2, c
			}
		}
		centre = draw(distance, rng)
	}
	gamma := make([]float64, k*n)
	for r, c := range nearest {
		gamma[c*n+r] = 1
	}
	return gamma
}

// draw returns an index with probability proportional to its weight; the last index
// where all weights are 0.
func draw(weights []float64, rng *rand.Rand) int {
	u := rng.Float64() * kernel.Sum(weights)
	for i, w := range weights {
		if u -= w; u < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// inverseVariances returns 1/variance of every dimension, 0 for a constant one.
func inverseVariances(p Points) []float64 {
	out := make([]float64, p.Dim)
	for i := range out {
		if v := meanVariance(Points{Dim: 1, N: p.N, Z: p.Z[i*p.N : (i+1)*p.N]}); v > 0 {
			out[i] = 1 / v
		}
	}
	return out
}
