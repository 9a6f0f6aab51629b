package train

import (
	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/dataset"
)

// Metrics is the default preset, spelt out: every row stands alone. One full Gaussian on
// [code, residual], no trimming, residuals bent from three standard deviations on, so that
// outliers among the training rows do not hide each other. On fresh generators these find
// both outliers of 1000 rows more often than a plain Gaussian, two components or trimming
// (go run ./benchmarks/quality -suite outliers -seeds 20).
func Metrics() Config {
	return Config{
		Preset:           "metrics",
		Quantile:         .99,
		Scaling:          dataset.Standard,
		Hidden:           []int{16, 8},
		Features:         autoencoder.Residual,
		Clip:             3,
		Components:       1,
		Covariances:      FullCovariance,
		EstimationHidden: 10,
		Keep:             1,
		Lambda1:          .1,
		Lambda2:          -1,
		Ridge:            1e-3,
		LearningRate:     1e-3,
		BatchSize:        256,
		MinSteps:         2000,
		ClipNorm:         5,
		EMSteps:          20,
		Trim:             -1,
		Members:          2,
	}
}

// Series is for rows that are consecutive samples of one host: each metric is also seen
// as its deviation from its own recent levels, over about 20 samples and about 2. Two
// members compress current values and deviations and are scored by a full and a diagonal
// Gaussian; two predict the sample from what came before and are scored by a diagonal
// one, which leaves the decorrelating to the network. On the public server sets the mix
// holds the precision of the former and the event recall of the latter, and is ahead of
// simple methods with the same context but for hosts with many metrics
// (benchmarks/QUALITY.md, go run ./benchmarks/quality -suite smd4,asd,smd38,jumpstarter).
func Series() Config {
	c := Metrics()
	c.Preset = "series"
	c.Context = []float64{.05, .5}
	c.Alternate = true
	c.Covariances = BothCovariances
	c.Clip = 10
	c.Members = 4
	return c
}

// Table is for tables of records instead of samples of a host: columns are taken as they
// are, since the long tail that a logarithm would fold in may be what is sought, and four
// components stand for several kinds of ordinary records. On classical sets its mean is
// ahead of Gaussian mixtures, nearest neighbours and isolation forests under the paper's
// protocol; the training itself adds little there (benchmarks/QUALITY.md,
// go run ./benchmarks/quality -suite tabular).
func Table() Config {
	c := Metrics()
	c.Preset = "table"
	c.Skew = -1
	c.Components = 4
	c.Ridge = .03
	c.Members = 4
	return c
}

// Autoencoder trains the compression network alone and scores by the norm of the
// residual: the step before DAGMM, to hold it against.
func Autoencoder() Config {
	c := Metrics()
	c.Preset = "autoencoder"
	c.Plain = true
	c.Clip = -1
	return c
}

// paperNet is a row of the settings in section 4.3 of the paper.
type paperNet struct {
	hidden             []int
	latent, components int
	batch, epochs      int
}

const paperPrefix = "paper-"

var paperNets = map[string]paperNet{
	"kddcup":     {[]int{60, 30, 10}, 1, 4, 1024, 200},
	"thyroid":    {[]int{12, 4}, 1, 2, 1024, 20000},
	"arrhythmia": {[]int{10}, 2, 2, 128, 10000},
	// The appendix' reversed KDDCUP: half the components, twice the epochs.
	"kddcup-rev": {[]int{60, 30, 10}, 1, 2, 1024, 400},
}

// Paper is the model of Zong et al. (ICLR 2018, section 4.3) for "kddcup", "thyroid",
// "arrhythmia" or "kddcup-rev": min-max scaling (the paper does not state one), relative
// error and cosine, λ1 = .1, λ2 = .005, dropout .5, Adam at 1e-4 without clipping, one
// network, no refinement of the mixture. Any other name makes Fit fail.
func Paper(set string) Config {
	net, ok := paperNets[set]
	c := Config{
		Preset:           paperPrefix + set,
		Quantile:         .99,
		Scaling:          dataset.MinMax,
		Hidden:           net.hidden,
		Latent:           net.latent,
		Features:         autoencoder.RelativeCosine,
		Unscaled:         true,
		Clip:             -1,
		Components:       net.components,
		Covariances:      FullCovariance,
		EstimationHidden: 10,
		Keep:             .5,
		Lambda1:          .1,
		Lambda2:          .005,
		Ridge:            1e-6,
		LearningRate:     1e-4,
		BatchSize:        net.batch,
		Epochs:           net.epochs,
		MinSteps:         -1,
		ClipNorm:         -1,
		EMSteps:          -1,
		Trim:             -1,
		Members:          1,
	}
	if !ok {
		c.Components = -1 // what check knows the unknown by
	}
	return c
}
