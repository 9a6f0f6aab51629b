package train

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/dataset"
)

// ErrConfig reports a setting that is out of its range or does not fit the data.
var ErrConfig = errors.New("invalid configuration")

// Upper limits of sizes. No sensible setting reaches them; a larger one would run out of
// memory instead of returning an error.
const (
	maxUnits      = 1 << 16
	maxComponents = 1 << 10
	maxMembers    = 1 << 10
)

func badSetting(format string, args ...any) error {
	return fmt.Errorf("train: "+format+": %w", append(args, ErrConfig)...)
}

// check reports the first setting that is out of its range for rows of d metrics.
// Defaults are filled in by then.
func (c *Config) check(d int) error {
	if !(c.Quantile > 0 && c.Quantile < 1) {
		return badSetting("Quantile %g is not in (0, 1)", c.Quantile)
	}
	for _, a := range c.RecentLevels {
		if !(a > 0 && a <= 1) {
			return badSetting("RecentLevels: smoothing factor %g is not in (0, 1]", a)
		}
	}
	if (c.Network.Predict || c.Network.Alternate) && len(c.RecentLevels) == 0 {
		return badSetting("Network.Predict or Network.Alternate without RecentLevels")
	}
	return cmp.Or(checkInt("Members", c.Members, maxMembers), c.checkColumns(d), c.checkReading(), c.Scaling.check(d), c.Network.check(), c.Mixture.check(), c.Optimizer.check())
}

func (c *Config) checkReading() error {
	if err := c.Reading.Check(c.Columns); err != nil {
		return badSetting("Reading: %w", err)
	}
	return nil
}

func (c *Config) checkColumns(d int) error {
	if len(c.Columns) != d {
		return badSetting("Columns: %d names for rows of width %d", len(c.Columns), d)
	}
	seen := map[string]bool{}
	for j, name := range c.Columns {
		switch {
		case seen[name]:
			return badSetting("Columns: %q twice (column %d)", name, j)
		case !utf8.ValidString(name):
			// A model file is JSON, which would change the name.
			return badSetting("Columns: the name of column %d, %q, is not UTF-8", j, name)
		}
		seen[name] = true
	}
	return nil
}

func (s *ScalingConfig) check(d int) error {
	switch {
	case s.Method != "" && s.Method != dataset.Standard && s.Method != dataset.MinMax:
		return badSetting("Scaling.Method is %q", s.Method)
	case s.Transforms != nil && len(s.Transforms) != d:
		return badSetting("Scaling.Transforms has %d elements for rows of width %d", len(s.Transforms), d)
	case s.Floors != nil && len(s.Floors) != d:
		return badSetting("Scaling.Floors has %d elements for rows of width %d", len(s.Floors), d)
	case math.IsNaN(s.Skew) || math.IsInf(s.Skew, 0):
		return badSetting("Scaling.Skew is %g", s.Skew)
	}
	for j, t := range s.Transforms {
		if t != "" && t != dataset.Linear && t != dataset.Log1p {
			return badSetting("Scaling.Transforms: %q of column %d", t, j)
		}
	}
	for j, v := range s.Floors {
		if !(v >= 0) || math.IsInf(v, 0) {
			return badSetting("Scaling.Floors: %g of column %d", v, j)
		}
	}
	return nil
}

func (n *NetworkConfig) check() error {
	for i, h := range n.Hidden {
		if h <= 0 || h > maxUnits {
			return badSetting("Network.Hidden: layer %d has %d units, not 1 to %d", i, h, maxUnits)
		}
	}
	switch {
	case n.ErrorFeatures.Check() != nil:
		return badSetting("Network.ErrorFeatures is %q", n.ErrorFeatures)
	case (n.Predict || n.Alternate) && n.ErrorFeatures != autoencoder.Residual:
		return badSetting("Network.Predict or Network.Alternate with Network.ErrorFeatures %q", n.ErrorFeatures)
	case !(n.DropoutKeep > 0 && n.DropoutKeep <= 1):
		return badSetting("Network.DropoutKeep %g is not in (0, 1]", n.DropoutKeep)
	}
	return cmp.Or(n.checkPrincipal(), checkInt("Network.Latent", n.Latent, maxUnits), checkInt("Network.EstimationHidden", n.EstimationHidden, maxUnits))
}

func (m *MixtureConfig) check() error {
	switch {
	case m.Covariances != FullCovariance && m.Covariances != DiagonalCovariance && m.Covariances != BothCovariances:
		return badSetting("Mixture.Covariances is %q", m.Covariances)
	case !(m.Trim < .5):
		return badSetting("Mixture.Trim %g is not in [0, .5)", m.Trim)
	case m.Bound != 0 && !(m.Bound > 1 && m.Bound <= 1e6):
		return badSetting("Mixture.Bound %g is not in (1, 1e6]", m.Bound)
	}
	return cmp.Or(checkInt("Mixture.Components", m.Components, maxComponents),
		checkFloat("Mixture.Ridge", m.Ridge), checkFloat("Mixture.DiagonalRidge", m.DiagonalRidge), checkFloat("Mixture.Clip", m.Clip))
}

func (o *OptimizerConfig) check() error {
	if !(o.FinalRate > 0 && o.FinalRate <= 1) {
		return badSetting("Optimizer.FinalRate %g is not in (0, 1]", o.FinalRate)
	}
	if o.Precision != Float64 && o.Precision != Float32 {
		return badSetting("Optimizer.Precision is %q", o.Precision)
	}
	return cmp.Or(checkFloat("Optimizer.Lambda1", o.Lambda1), checkFloat("Optimizer.Lambda2", o.Lambda2),
		checkFloat("Optimizer.LearningRate", o.LearningRate), checkFloat("Optimizer.ClipNorm", o.ClipNorm),
		checkInt("Optimizer.BatchSize", o.BatchSize, math.MaxInt), checkInt("Optimizer.Epochs", o.Epochs, math.MaxInt32),
		checkInt("Optimizer.MinSteps", o.MinSteps, math.MaxInt32))
}

func checkInt(name string, v, limit int) error {
	if v < 0 || v > limit {
		return badSetting("%s %d is not in 0 to %d", name, v, limit)
	}
	return nil
}

func checkFloat(name string, v float64) error {
	if !(v >= 0) || math.IsInf(v, 0) {
		return badSetting("%s is %g", name, v)
	}
	return nil
}
