package gmm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/internal/kernel"
	"github.com/metric-streams/anomaly/internal/matrix"
)

// FitConfig sets up Fit and Refine. The zero value works.
type FitConfig struct {
	Components int        // K; 0 means 2
	Covariance Covariance // "" means Full
	// Ridge is added to every variance, as a share of the variance of the points averaged
	// over the dimensions. 0 means 1e-6; a negative number means none.
	Ridge float64
	// Trim is the share of the points that each M step leaves out: those with the highest
	// energies, in [0, .5). 0 is plain expectation maximisation.
	Trim          float64
	MaxIterations int     // 0 means 100
	Tolerance     float64 // stop when the mean energy changes by less; 0 means 1e-6
	Seed          uint64  // of the k-means++ start; any value
}

// FitResult tells how a fit went.
type FitResult struct {
	Iterations int
	Converged  bool      // stopped by Tolerance, not by MaxIterations
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

// Fit fits a mixture to the rows of x (n×d, all finite) by expectation maximisation from a
// seeded k-means++ start. With Trim, each M step leaves out the points that the mixture
// finds least likely (Neykov et al., Robust fitting of mixtures using the trimmed
// likelihood estimator, 2007). A nil x or too few rows are errors that wrap ErrShape; a
// setting out of its range or a value that is not finite wraps ErrValue.
func Fit(x mat.Matrix, cfg FitConfig) (*Mixture, *FitResult, error) {
	if matrix.IsNil(x) {
		return nil, nil, fmt.Errorf("gmm: fit: no rows, the matrix is nil: %w", ErrShape)
	}
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

// Refine runs expectation maximisation from m. It ignores cfg.Components and cfg.Seed, and
// adds cfg.Ridge to the variances as it is, not as a share.
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

// expectation is the E step with its buffers.
type expectation struct {
	p        Points
	energies []float64
	sorted   []float64
	gamma    []float64
}

func newExpectation(p Points) *expectation {
	return &expectation{p: p, energies: make([]float64, p.N), sorted: make([]float64, p.N)}
}

// run returns the responsibilities (K×n), which are 0 for the trimmed points, and the mean
// energy of the other points.
func (e *expectation) run(m *Mixture, trim float64) (gamma []float64, mean float64) {
	n, k := e.p.N, m.Components()
	if len(e.gamma) < k*n {
		e.gamma = make([]float64, k*n)
	}
	gamma = m.logDensities(e.p.Z, n, e.gamma)
	kernel.Softmax(gamma, e.energies, k, n)
	kernel.Scale(e.energies, -1)
	for r, v := range e.energies {
		if math.IsInf(v, 1) { // the density is 0 everywhere: equal shares
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

// meanVariance is the variance of a dimension, averaged over the dimensions.
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

// startStream keeps the random numbers of starts apart from others with the same seed.
const startStream = 0x9e3779b97f4a7c15

// StartResponsibilities assigns every point to the nearest of k seeded k-means++ centres.
// It returns k×N responsibilities of 0 or 1: that of component c for point r is element
// c*N+r.
func StartResponsibilities(p Points, k int, seed uint64) ([]float64, error) {
	if k <= 0 || p.N <= 0 || p.Dim <= 0 || len(p.Z) != p.Dim*p.N {
		return nil, fmt.Errorf("gmm: %d centres among %d points in %d dimensions: %w", k, p.N, p.Dim, ErrShape)
	}
	return startResponsibilities(p, k, rand.New(rand.NewPCG(seed, startStream))), nil
}

// startResponsibilities assigns every point to the nearest of k centres. The centres are
// chosen by k-means++ (Arthur and Vassilvitskii, 2007) on dimensions scaled to unit
// variance.
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

// draw returns an index with a probability proportional to its weight. It returns the last
// index if all weights are 0.
func draw(weights []float64, rng *rand.Rand) int {
	u := rng.Float64() * kernel.Sum(weights)
	for i, w := range weights {
		if u -= w; u < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// inverseVariances returns 1/variance of every dimension, and 0 for a constant one.
func inverseVariances(p Points) []float64 {
	out := make([]float64, p.Dim)
	for i := range out {
		if v := meanVariance(Points{Dim: 1, N: p.N, Z: p.Z[i*p.N : (i+1)*p.N]}); v > 0 {
			out[i] = 1 / v
		}
	}
	return out
}
