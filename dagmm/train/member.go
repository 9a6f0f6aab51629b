package train

import (
	"fmt"
	"math"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/gmm"
	"github.com/metric-streams/anomaly/internal/kernel"
)

// minResidualScale is the smallest standard deviation of a residual, in units of its
// metric's own scale. However well the training rows are reconstructed, a residual below
// it is no reason for an alarm.
const minResidualScale = .03

// emTolerance is the change of the mean energy at which the final mixture counts as converged.
const emTolerance = 1e-9

// finish turns the trained networks into a member of the model. It scales z over all
// training rows and computes the mixtures: first in one exact pass from the memberships,
// then refined by expectation maximisation.
func (t *trainer) finish() (dagmm.Member, error) {
	cfg, n := &t.cfg.Mixture, t.data.n
	m := dagmm.Member{Network: t.nets.compression, Features: t.cfg.Network.ErrorFeatures, Inputs: t.inputs, Targets: t.targets, Clip: cfg.Clip}
	raw := m.RawLatents(t.data.features, n)
	d := m.LatentDim()
	if !cfg.Unscaled {
		m.Scale = t.scales(raw, d)
	}
	if cfg.Disabled {
		return m, nil
	}
	points := gmm.Points{Dim: d, N: n, Z: m.ShapedLatents(raw, n)}
	gamma, err := t.memberships(gmm.Points{Dim: d, N: n, Z: raw}, points)
	if err != nil {
		return m, err
	}
	for _, cov := range cfg.kinds() {
		mix, err := gmm.FromResponsibilities(gamma, cfg.Components, points, cfg.ridge(cov), cov)
		if err != nil {
			return m, fmt.Errorf("train: member %d: %w", t.index, err)
		}
		if cfg.EMSteps > 0 && (cfg.Components > 1 || cfg.Trim > 0) { // every row belongs to the only component: there is nothing to refine
			if mix, _, err = mix.Refine(points, cfg.refinement(cov)); err != nil {
				return m, fmt.Errorf("train: member %d: %w", t.index, err)
			}
		}
		m.Mixtures = append(m.Mixtures, mix)
	}
	return m, nil
}

// memberships returns those of the estimation network where it was trained, and of a
// k-means++ start otherwise. In a single component all are 1. raw are the latent vectors as the networks give them,
// shaped those that the mixture sees.
func (t *trainer) memberships(raw, shaped gmm.Points) ([]float64, error) {
	if t.cfg.Mixture.Components == 1 {
		return ones(shaped.N), nil
	}
	if t.nets.estimation != nil {
		return t.nets.estimation.Memberships(raw)
	}
	return gmm.StartResponsibilities(shaped, t.cfg.Mixture.Components, t.cfg.Seed+uint64(t.index))
}

func ones(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = 1
	}
	return out
}

// kinds returns the kinds of covariance matrices of a member's mixtures.
func (m *MixtureConfig) kinds() []gmm.Covariance {
	switch m.Covariances {
	case DiagonalCovariance:
		return []gmm.Covariance{gmm.Diagonal}
	case BothCovariances:
		return []gmm.Covariance{gmm.Full, gmm.Diagonal}
	}
	return []gmm.Covariance{gmm.Full}
}

// ridge returns what is added to the variances of a mixture.
func (m *MixtureConfig) ridge(cov gmm.Covariance) float64 {
	if cov == gmm.Diagonal {
		return m.DiagonalRidge
	}
	return m.Ridge
}

func (m *MixtureConfig) refinement(cov gmm.Covariance) gmm.FitConfig {
	ridge := m.ridge(cov)
	if ridge == 0 {
		ridge = -1
	}
	return gmm.FitConfig{Covariance: cov, Ridge: ridge, Trim: m.Trim, MaxIterations: m.EMSteps, Tolerance: emTolerance}
}

// scales returns the reciprocal standard deviations of z (d×n). Its first dimensions
// are the code, the others the error features. The residual of a constant metric has scale 1.
func (t *trainer) scales(z []float64, d int) []float64 {
	out, n := make([]float64, d), t.data.n
	for i := range out {
		row := z[i*n : (i+1)*n]
		mean := kernel.Sum(row) / float64(n)
		var sum float64
		for _, v := range row {
			sum += (v - mean) * (v - mean)
		}
		sd := math.Sqrt(sum / float64(n))
		if k := i - t.cfg.Network.Latent; k >= 0 {
			sd = max(sd, minResidualScale)
			if t.cfg.Network.ErrorFeatures == autoencoder.Residual && t.data.constant(t.targets[k]) {
				sd = 1
			}
		}
		out[i] = 1 / max(sd, 1e-9)
	}
	return out
}
