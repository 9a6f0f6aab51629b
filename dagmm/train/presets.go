package train

import (
	"maps"
	"slices"
	"strings"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/dataset"
)

// Metrics is the default preset with every setting spelled out. Every row stands alone. One
// Gaussian with a full covariance matrix scores the code and the residual. No rows are
// trimmed. Residuals beyond three standard deviations are compressed, so that outliers
// among the training rows do not hide each other. On fresh synthetic data these settings
// find both outliers among 1000 rows more often than a plain Gaussian, two components or
// trimming (go run ./benchmarks/quality -suite outliers -seeds 20).
func Metrics() Config {
	return Config{
		Preset:   "metrics",
		Quantile: .99,
		Members:  2,
		Scaling:  ScalingConfig{Method: dataset.Standard},
		Network: NetworkConfig{
			Hidden:           []int{16, 8},
			ErrorFeatures:    autoencoder.Residual,
			EstimationHidden: 10,
			DropoutKeep:      1,
		},
		Mixture: MixtureConfig{
			Components:  1,
			Covariances: FullCovariance,
			Ridge:       1e-3,
			Clip:        3,
			EMSteps:     20,
			Trim:        -1,
		},
		Optimizer: OptimizerConfig{
			Lambda1:      .1,
			Lambda2:      -1,
			LearningRate: 3e-3,
			FinalRate:    .1,
			MinSteps:     2000,
			ClipNorm:     5,
		},
	}
}

// Series is the preset for rows that are consecutive samples of one host. Each metric is
// also compared with its recent levels over about 20 samples and over about 2. The model
// has four members. Two compress the current values and their deviations from the levels; a
// full and a diagonal Gaussian score them. Two predict the sample from what came before; a
// diagonal Gaussian scores them, so that their network has to remove the correlations. The
// energy is the mean evidence of the members, about −log p, bounded so that none of them
// hides what the others see. On the public recordings of servers this mix keeps the
// precision of the former two and the event recall of the latter (benchmarks/QUALITY.md).
func Series() Config {
	c := Metrics()
	c.Preset = "series"
	c.RecentLevels = []float64{.05, .5}
	c.Members = 4
	c.Network.Alternate = true
	c.Mixture.Covariances = BothCovariances
	c.Mixture.Clip = 10
	c.Optimizer = patient
	c.Mixture.Bound = 30
	return c
}

// Table is the preset for tables of records that are not samples of a host. Columns are
// taken without a logarithm, because a long tail may be just what is sought. Four
// components stand for several kinds of ordinary records. The energy is the mean evidence of
// the members, about −log p. On classical data sets its mean is ahead of Gaussian mixtures,
// nearest neighbours and isolation forests under the paper's protocol, although the training
// itself adds little there (benchmarks/QUALITY.md, go run ./benchmarks/quality -suite tabular).
//
// The mixtures leave out the hundredth of the records with the highest energies, and residuals
// bend beyond one standard deviation, so that odd training records pull the mixtures less.
func Table() Config {
	c := Metrics()
	c.Preset = "table"
	c.Members = 4
	c.Scaling.Skew = -1
	c.Mixture.Components = 4
	c.Mixture.Ridge = .03
	c.Mixture.Clip = 1
	c.Mixture.Trim = .01
	c.Mixture.Bound = 30
	c.Optimizer = patient
	return c
}

// patient are the settings of Series, Table and Autoencoder: larger batches, at a lower rate
// that does not fall. With those of Metrics, Series found fewer events of one public set.
var patient = OptimizerConfig{Lambda1: .1, Lambda2: -1, LearningRate: 1e-3, FinalRate: 1, BatchSize: 256, MinSteps: 2000, ClipNorm: 5}

// PCA is the preset in closed form, with principal components instead of a trained
// network. The code is the row's score on the components that hold 70 % of the variance;
// the residual is what they leave of each metric. A full and a diagonal Gaussian score
// both. The diagonal one is Hotelling's T² and a weighted squared prediction error in one
// energy (Jackson and Mudholkar, Technometrics 1979). A fit takes milliseconds, also for
// hundreds of metrics. It is the model to hold a trained one against: see
// benchmarks/QUALITY.md. With RecentLevels it compares each metric with its recent levels,
// as Series does.
func PCA() Config {
	c := Metrics()
	c.Preset = "pca"
	c.Members = 1
	c.Network.PrincipalComponents = .7
	c.Mixture.Covariances = BothCovariances
	c.Mixture.DiagonalRidge = c.Mixture.Ridge // principal components do not know their rows by heart
	c.Mixture.Clip = 10
	return c
}

// Autoencoder is the preset without a mixture: it trains the compression network alone
// and scores by the norm of the residual. DAGMM adds the mixture to this method, so it is
// the natural one to compare with.
func Autoencoder() Config {
	c := Metrics()
	c.Preset = "autoencoder"
	c.Mixture.Disabled = true
	c.Mixture.Clip = -1
	c.Optimizer = patient
	return c
}

// paperSet holds the settings of one data set in section 4.3 of the paper.
type paperSet struct {
	hidden             []int
	latent, components int
	batch, epochs      int
}

var paperSets = map[string]paperSet{
	"kddcup":     {[]int{60, 30, 10}, 1, 4, 1024, 200},
	"thyroid":    {[]int{12, 4}, 1, 2, 1024, 20000},
	"arrhythmia": {[]int{10}, 2, 2, 128, 10000},
	// The paper's appendix gives KDDCUP-Rev half the components and twice the epochs.
	"kddcup-rev": {[]int{60, 30, 10}, 1, 2, 1024, 400},
}

// Paper is the model of Zong et al. (ICLR 2018, section 4.3) for one of the data sets
// "kddcup", "thyroid", "arrhythmia" and "kddcup-rev": relative error and cosine as error
// features, λ1 = .1, λ2 = .005, dropout .5, Adam at 1e-4 without gradient clipping, one
// network, and no refinement of the mixture. The scaling is min-max; the paper does not
// state one. With any other name, Fit returns an error that wraps ErrConfig.
func Paper(set string) Config {
	s, ok := paperSets[set]
	if !ok {
		known := strings.Join(slices.Sorted(maps.Keys(paperSets)), ", ")
		return Config{unknown: badSetting("Paper: there is no preset for the data set %q, only for %s", set, known)}
	}
	return Config{
		Preset:   "paper-" + set,
		Quantile: .99,
		Members:  1,
		Scaling:  ScalingConfig{Method: dataset.MinMax},
		Network: NetworkConfig{
			Hidden:           slices.Clone(s.hidden),
			Latent:           s.latent,
			ErrorFeatures:    autoencoder.RelativeCosine,
			EstimationHidden: 10,
			DropoutKeep:      .5,
		},
		Mixture: MixtureConfig{
			Components:  s.components,
			Covariances: FullCovariance,
			Ridge:       1e-6,
			Unscaled:    true,
			Clip:        -1,
			EMSteps:     -1,
			Trim:        -1,
		},
		Optimizer: OptimizerConfig{
			Lambda1:      .1,
			Lambda2:      .005,
			LearningRate: 1e-4,
			FinalRate:    1,
			BatchSize:    s.batch,
			Epochs:       s.epochs,
			MinSteps:     -1,
			ClipNorm:     -1,
		},
	}
}
