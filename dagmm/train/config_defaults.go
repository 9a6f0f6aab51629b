package train

import (
	"strconv"

	"github.com/metric-streams/anomaly/autoencoder"
)

// resolved returns the configuration for rows of d metrics with every default filled in.
func (c Config) resolved(d int) (Config, error) {
	if c.unknown != nil {
		return c, c.unknown
	}
	if c.Columns == nil {
		for j := range d {
			c.Columns = append(c.Columns, strconv.Itoa(j+1))
		}
	}
	if c.Preset == "" {
		c.Preset = "metrics"
		if len(c.RecentLevels) > 0 {
			c.Preset = "series"
		}
	}
	setDefault(&c.Quantile, .99)
	setDefault(&c.Members, 2)
	if len(c.RecentLevels) == 0 {
		setDefault(&c.Scaling.Skew, rateSkew)
	}
	c.Network.fill(d)
	c.Mixture.fill()
	c.Optimizer.fill()
	return c, c.check(d)
}

func (n *NetworkConfig) fill(d int) {
	if n.Hidden == nil {
		n.Hidden = []int{16, 8}
	}
	setDefault(&n.Latent, defaultLatent(d))
	setDefault(&n.ErrorFeatures, autoencoder.Residual)
	setDefault(&n.EstimationHidden, 10)
	setDefault(&n.DropoutKeep, 1)
}

func (m *MixtureConfig) fill() {
	setDefault(&m.Components, 1)
	setDefault(&m.Covariances, FullCovariance)
	setDefault(&m.Ridge, 1e-3)
	setDefault(&m.DiagonalRidge, 10*m.Ridge)
	setDefault(&m.Clip, 3)
	setDefault(&m.EMSteps, 20)
	m.Clip, m.EMSteps, m.Trim, m.Bound = max(m.Clip, 0), max(m.EMSteps, 0), max(m.Trim, 0), max(m.Bound, 0)
}

func (o *OptimizerConfig) fill() {
	setDefault(&o.Lambda1, .1)
	setDefault(&o.LearningRate, 3e-3)
	setDefault(&o.FinalRate, .1)
	setDefault(&o.MinSteps, 2000)
	setDefault(&o.ClipNorm, 5)
	setDefault(&o.Precision, Float64)
	o.Lambda1, o.Lambda2, o.ClipNorm = max(o.Lambda1, 0), max(o.Lambda2, 0), max(o.ClipNorm, 0)
	o.MinSteps = max(o.MinSteps, 0)
}

// setDefault sets a field that is still zero.
func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func defaultLatent(d int) int {
	switch {
	case d <= 4:
		return 1
	case d <= 16:
		return 2
	}
	return 4
}
