package train

import (
	"time"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dataset"
)

// Config sets up Fit. The zero Config works: it is the preset Metrics.
//
// The fields at the top are those that change from one training to the next. The four
// groups below them describe the model and the optimisation; a preset fills them in.
// In every field 0 means the default that the comment names. Where the comment says that
// a negative number switches something off, 0 cannot, since it means the default. Any
// other value outside the stated range makes Fit fail with ErrConfig.
type Config struct {
	// Columns names the metrics, one name per column of the rows. Names are unique UTF-8
	// strings. nil means "1", "2", ….
	Columns []string
	// Seed of all random numbers; any value, 0 included. The same seed, data, From, build and
	// CPU path give a bit-identical model, whatever the number of goroutines.
	Seed uint64
	// Quantile of the training energies that becomes the threshold, in (0, 1). 0 means .99.
	// Where that would be the largest energy, because there are fewer than 100 rows, the
	// threshold is extrapolated from the others.
	Quantile float64
	// Preset is the name that the model file keeps. "" means "metrics", or "series" where
	// RecentLevels is set.
	Preset string

	// Exclude marks rows to leave out of training, such as known incidents: one element per
	// row. nil excludes none. Excluded rows still move the recent levels that later rows
	// are compared with.
	Exclude []bool
	// Times of the rows, one per row. nil means unknown. ExcludeTimes needs them.
	Times []time.Time
	// ExcludeTimes leaves out the rows whose time lies in one of the ranges. nil excludes none.
	ExcludeTimes []TimeRange

	// Reading says how the rows were read from a file. The model keeps it. nil means that
	// nobody knows.
	Reading *dagmm.Reading

	// RecentLevels lets a row be compared with the rows before it: each element is the
	// smoothing factor, in (0, 1], of one exponentially weighted level per metric. Factor
	// .05 averages over about 20 rows, factor .5 over about 2. The rows must be
	// consecutive samples of one host. nil means that every row stands alone.
	RecentLevels []float64
	// Members is the number of networks in the model, 1 to 1024. They start from different
	// seeds and their energies are averaged. 0 means 2.
	Members int
	// From is an earlier model of the same host, such as the one in use. Training then starts
	// from its networks and takes a tenth of the steps. Everything else is learned anew from the
	// rows: scales, mixtures, threshold and calibration. From does not fit where it has other
	// columns, recent levels, members or layers, or where the mixture has several components.
	// Then the training begins afresh, and a warning of kind WarnColdStart says why. nil means a
	// training from the start.
	From *dagmm.Model
	// Untrained skips the optimisation and leaves the networks random. Everything else is
	// done as usual. The result is the reference that a trained model has to beat.
	Untrained bool

	// Scaling brings the metrics to a common scale.
	Scaling ScalingConfig
	// Network describes the two networks: the autoencoder and the estimation network.
	Network NetworkConfig
	// Mixture describes how the Gaussian mixture is fitted and what it sees.
	Mixture MixtureConfig
	// Optimizer describes the objective and the steps that minimise it.
	Optimizer OptimizerConfig

	// Workers bounds the number of goroutines. 0 or less means GOMAXPROCS. The model does not
	// depend on it.
	Workers int
	// Progress is called after every epoch of every member, one call at a time. nil means
	// no reports.
	Progress func(Progress)

	// unknown is the error of a preset that does not exist; Fit returns it.
	unknown error
}

// TimeRange is the half-open interval of time [From, To).
type TimeRange struct{ From, To time.Time }

// ScalingConfig describes how raw metrics become the inputs of the networks.
type ScalingConfig struct {
	// Method is dataset.Standard or dataset.MinMax. "" means dataset.Standard.
	Method dataset.Scaling
	// Transforms of the columns before scaling, one per column: dataset.Linear,
	// dataset.Log1p, or "" to choose from the data. nil chooses for all columns.
	Transforms []dataset.Transform
	// Floors are the smallest scales of the columns, in their own units: one finite number
	// of at least 0 per column, 0 for none. nil means none for all. See dataset.ScalerOptions.
	Floors []float64
	// Skew decides which metrics are replaced by their logarithm: those whose upper tail is
	// at least Skew times as long as the lower one. 0 means 3; with RecentLevels, 0 means that
	// only a heavy tail counts. A negative number switches the logarithm off. See
	// dataset.ScalerOptions.
	Skew float64
}

// NetworkConfig describes the autoencoder and the estimation network of every member.
type NetworkConfig struct {
	// PrincipalComponents, in (0, 1), replaces the trained autoencoder by a linear one in
	// closed form: its code are as many principal components of the training rows as hold that
	// share of their variance, its residual is what they leave. There are no steps of
	// optimisation, so Hidden, Latent and the Optimizer do not matter. 0 means a trained network.
	PrincipalComponents float64
	// Hidden holds the widths of the encoder's hidden layers, each 1 to 65536. The decoder
	// mirrors them. nil means 16, 8; an empty slice means no hidden layer.
	Hidden []int
	// Latent is the width of the code, up to 65536. 0 means 1 for up to 4 metrics, 2 for up
	// to 16, and 4 beyond.
	Latent int
	// Predict turns the autoencoder into a forecaster: the encoder sees only the recent
	// levels and the previous row, the decoder gives the current row, and the residual is
	// the forecast error. It needs RecentLevels and residual ErrorFeatures.
	Predict bool
	// Alternate makes every second member a forecaster that diagonal mixtures score; the
	// others are as the other fields say. It needs RecentLevels and residual ErrorFeatures.
	Alternate bool
	// ErrorFeatures tells what the mixture sees of a reconstruction:
	// autoencoder.Residual or autoencoder.RelativeCosine. "" means autoencoder.Residual.
	ErrorFeatures autoencoder.ErrorFeatures
	// EstimationHidden is the width of the estimation network's hidden layer, up to 65536.
	// 0 means 10.
	EstimationHidden int
	// DropoutKeep is the share of the estimation network's hidden units that dropout keeps
	// in a training step, in (0, 1]. 0 means 1, which is no dropout.
	DropoutKeep float64
}

// Covariances tells with which kinds of covariance matrices the latent space is scored.
type Covariances string

const (
	// FullCovariance is one mixture with full covariance matrices, as in the paper.
	FullCovariance Covariances = "full"
	// DiagonalCovariance is one mixture with diagonal covariance matrices. The
	// network has to remove the correlations between the dimensions.
	DiagonalCovariance Covariances = "diagonal"
	// BothCovariances averages the energies of one mixture of each kind.
	BothCovariances Covariances = "both"
)

// MixtureConfig describes the Gaussian mixture over the latent space and the scaling of
// the latent vector z = [code, error features] that it sees.
type MixtureConfig struct {
	// Components is the number K of Gaussians, up to 1024. 0 means 1.
	Components int
	// Covariances of the Gaussians. "" means FullCovariance.
	Covariances Covariances
	// Ridge, at least 0, is added to every variance of z. 0 means 1e-3, which suits a z of
	// unit scale.
	Ridge float64
	// DiagonalRidge is the Ridge of the model's diagonal covariance matrices; the objective keeps
	// Ridge. 0 means ten times Ridge. Where a network knows few rows by heart, their residuals
	// say too little of how large others are, and nothing but the ridge keeps a diagonal mixture
	// from taking all of those for odd.
	DiagonalRidge float64
	// Unscaled passes z on as the network gives it. Otherwise each dimension is divided by
	// its standard deviation over the training rows.
	Unscaled bool
	// Clip compresses large scaled error features r to Clip·asinh(r/Clip), which is nearly
	// r below Clip and grows like a logarithm above. 0 means 3; a negative number switches
	// it off.
	Clip float64
	// Bound, in (1, 1e6], replaces the energy under each mixture by its evidence, which all
	// mixtures have on one scale, −log p (see dagmm.Evidence). The energy of a row is then
	// the mean evidence of the members. Beyond Bound evidence grows by its logarithm only, so that one mixture
	// that has gone wild does not hide what the others see. 0 or a negative number means no
	// evidence: the members' energies are averaged, each in units of its own spread.
	Bound float64
	// EMSteps is the largest number of steps of expectation maximisation that refine the
	// final mixture. 0 means 20; a negative number means none.
	EMSteps int
	// Trim is the share of the training rows that each such step leaves out: those with the
	// highest energies, in [0, .5). 0 or a negative number means none.
	Trim float64
	// Disabled leaves out the mixture and the estimation network. The autoencoder is then
	// trained alone, and the energy is the norm of the scaled error features.
	Disabled bool
}

// OptimizerConfig describes the objective J = reconstruction error + λ1·mean energy +
// λ2·covariance penalty (equation 7 of the paper) and how Adam minimises it.
type OptimizerConfig struct {
	// Lambda1 weighs the mean energy. 0 means .1; a negative number leaves the term out.
	Lambda1 float64
	// Lambda2 weighs the covariance penalty. 0 or a negative number leaves the term out.
	Lambda2 float64
	// LearningRate of Adam, at least 0. 0 means 3e-3.
	LearningRate float64
	// FinalRate is the share of the LearningRate that is left at the last step, in (0, 1]. The
	// rate falls to it by the same factor in every step. 0 means .1; 1 means no fall.
	FinalRate float64
	// BatchSize is the least number of rows in a step. 0 means 128 or, of fewer than 512 rows,
	// all of them. The rows of an epoch
	// are divided evenly, so batches are somewhat larger than BatchSize where it does not
	// divide the number of rows, and smaller only where there are fewer rows.
	BatchSize int
	// Epochs is the number of passes over the training rows. 0 means as many as MinSteps
	// needs.
	Epochs int
	// MinSteps is the least number of steps of one member; epochs are added until it is
	// reached. 0 means 2000; a negative number means that Epochs alone decides.
	MinSteps int
	// ClipNorm is the largest global norm of a gradient; a longer one is shortened to it. 0
	// means 5; a negative number switches it off.
	ClipNorm float64
	// Precision of the arithmetic in a step. "" means Float64.
	Precision Precision
}

// Progress tells how far training has come.
type Progress struct {
	Member, Members int     // the member that reports, counted from 0, and the number of members
	Epoch, Epochs   int     // the epoch that this member has finished, counted from 1, and their number
	Step, Steps     int     // the steps that this member has taken, and their number
	Loss            float64 // mean of the objective over the epoch
}

// member returns the configuration of member i.
func (c *Config) member(i int) *Config {
	if !c.Network.Alternate || i%2 == 0 {
		return c
	}
	m := *c
	m.Network.Predict, m.Mixture.Covariances = true, DiagonalCovariance
	return &m
}
