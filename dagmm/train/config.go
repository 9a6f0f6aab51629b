package train

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/dataset"
	"github.com/metric-streams/anomaly/gmm"
)

var (
	// ErrConfig reports a setting that is out of its range or does not fit the data.
	ErrConfig = errors.New("invalid configuration")
	// ErrData reports training rows from which no model can be made.
	ErrData = errors.New("unusable training data")
)

// Covariances tells which mixtures score the latent space.
type Covariances string

const (
	// FullCovariance is the paper's mixture.
	FullCovariance Covariances = "full"
	// DiagonalCovariance leaves the decorrelation to the network.
	DiagonalCovariance Covariances = "diagonal"
	// BothCovariances averages the energies of one mixture of either kind.
	BothCovariances Covariances = "both"
)

// TimeRange is a half-open interval of time [From, To).
type TimeRange struct{ From, To time.Time }

// Config sets up Fit. The zero Config is the preset Metrics; a field that is 0 takes
// the value that Metrics spells out, and a negative number means none where none makes
// sense. Take a preset and change fields of it.
type Config struct {
	// Columns names the metrics; nil: "1", "2", ….
	Columns []string
	// Seed decides everything random: the same seed, data and build give the same bits,
	// whatever the number of goroutines.
	Seed uint64
	// Quantile of the training energies that becomes the threshold, in (0, 1); 0 means .99.
	Quantile float64
	// Preset is the name kept in the model.
	Preset string

	// Exclude leaves the marked rows (known incidents) out of training; nil or one
	// element per row. They still enter the context of the rows after them.
	Exclude []bool
	// Times of the rows, which ExcludeTimes refers to; nil or one element per row.
	Times []time.Time
	// ExcludeTimes leaves out the rows within the ranges.
	ExcludeTimes []TimeRange

	// Context holds the smoothing factors, in (0, 1], of the exponentially weighted
	// levels that a row is compared with: rows are then consecutive samples of one host.
	// nil: every row stands alone.
	Context []float64
	// Scaling of the metrics; "" means dataset.Standard. Transforms and Floors are
	// dataset.ScalerOptions', one element per column or nil.
	Scaling    dataset.Scaling
	Transforms []dataset.Transform
	Floors     []float64
	// Skew is how much longer than its lower tail a metric's upper one must be for the
	// logarithm; 0 means 3 without Context, and with it that only a heavy tail counts;
	// negative: no logarithm at all. See dataset.ScalerOptions.
	Skew float64

	// Hidden layers of the encoder; the decoder mirrors them. nil means 16, 8.
	Hidden []int
	// Latent is the width of the code; 0: 1 up to 4 metrics, 2 up to 16, 4 beyond.
	Latent int
	// Predict lets the encoder see only the levels and the previous sample, and the
	// decoder give the current sample: the residual is then a forecast error. Needs Context.
	Predict bool
	// Alternate lets the members take turns: the first reconstructs as the other fields
	// say, the second predicts and is scored by diagonal mixtures, and so on. Needs Context.
	Alternate bool
	// Features of the reconstruction; "" means autoencoder.Residual.
	Features autoencoder.Features
	// Unscaled leaves z as the network gives it. Otherwise each dimension is divided by
	// its standard deviation over the training rows before the mixture sees it.
	Unscaled bool
	// Clip bends scaled residuals r to Clip·asinh(r/Clip); 0 means 3, negative none.
	Clip float64

	// Components K of the mixture; 0 means 1.
	Components int
	// Covariances of the mixture; "" means FullCovariance.
	Covariances Covariances
	// EstimationHidden is the width of the estimation network's hidden layer; 0 means 10.
	EstimationHidden int
	// Keep is the share of hidden units that dropout keeps, in (0, 1]; 0 means 1.
	Keep float64
	// Lambda1 weighs the mean energy, Lambda2 the covariance penalty (λ1 and λ2 of the
	// paper's equation 7); 0 means .1 and none, negative none.
	Lambda1, Lambda2 float64
	// Ridge is added to every variance of z; 0 means 1e-3, made for z of unit scale.
	Ridge float64
	// Plain trains the autoencoder alone and scores by the norm of its scaled residual,
	// without estimation network and mixture.
	Plain bool

	// LearningRate of Adam; 0 means 1e-3.
	LearningRate float64
	// BatchSize of a step; 0 means 256. The rows of an epoch are dealt out evenly, so no
	// batch is smaller, unless there are fewer rows.
	BatchSize int
	// Epochs over the training rows; 0: as many as MinSteps takes.
	Epochs int
	// MinSteps of one member whatever Epochs says; 0 means 2000, negative none.
	MinSteps int
	// ClipNorm bounds the gradient's global norm; 0 means 5, negative none.
	ClipNorm float64
	// EMSteps of expectation maximisation follow the exact pass over all training rows;
	// 0 means 20, negative none. Trim is the share of rows with the highest energies that
	// each step leaves out, in [0, .5); 0 or negative means none.
	EMSteps int
	Trim    float64
	// Members is the number of networks, from different seeds, whose energies are
	// averaged; 0 means 2.
	Members int
	// Untrained skips the optimisation: random networks, everything else the same. It is
	// what a trained model has to beat.
	Untrained bool

	// Workers bounds the goroutines; 0 means GOMAXPROCS. The result does not depend on it.
	Workers int
	// Progress is called after every epoch of every member, never concurrently; nil is none.
	Progress func(Progress)
}

// Progress tells how far training has come.
type Progress struct {
	Member, Members int // the member that reports, from 0, and how many there are
	Epoch, Epochs   int // of that member, from 1
	Step, Steps     int
	Loss            float64 // mean objective of the epoch
}

// resolved returns the configuration with every default filled in, for rows of width d.
func (c Config) resolved(d int) (Config, error) {
	if c.Columns == nil {
		for j := range d {
			c.Columns = append(c.Columns, strconv.Itoa(j+1))
		}
	}
	def(&c.Quantile, .99)
	if c.Preset == "" {
		c.Preset = "metrics"
		if len(c.Context) > 0 {
			c.Preset = "series"
		}
	}
	if c.Hidden == nil {
		c.Hidden = []int{16, 8}
	}
	def(&c.Latent, defaultLatent(d))
	if len(c.Context) == 0 {
		def(&c.Skew, rateSkew)
	}
	if c.Features == "" {
		c.Features = autoencoder.Residual
	}
	def(&c.Clip, 3)
	def(&c.Components, 1)
	if c.Covariances == "" {
		c.Covariances = FullCovariance
	}
	def(&c.EstimationHidden, 10)
	def(&c.Keep, 1)
	def(&c.Lambda1, .1)
	def(&c.Ridge, 1e-3)
	def(&c.LearningRate, 1e-3)
	def(&c.BatchSize, 256)
	def(&c.MinSteps, 2000)
	def(&c.ClipNorm, 5)
	def(&c.EMSteps, 20)
	def(&c.Members, 2)
	for _, v := range []*float64{&c.Clip, &c.Lambda1, &c.Lambda2, &c.ClipNorm, &c.Trim} {
		*v = max(*v, 0)
	}
	c.MinSteps, c.EMSteps = max(c.MinSteps, 0), max(c.EMSteps, 0)
	return c, c.check(d)
}

// def fills in a default.
func def[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
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

// Limits that no sensible setting reaches; beyond them only memory would say no.
const (
	maxUnits      = 1 << 16
	maxComponents = 1 << 10
	maxMembers    = 1 << 10
)

func (c *Config) check(d int) error {
	bad := badSetting
	switch {
	case c.Components < 0 && strings.HasPrefix(c.Preset, paperPrefix):
		return bad("there is no preset %q", c.Preset)
	case !(c.Quantile > 0 && c.Quantile < 1):
		return bad("quantile %g is not in (0, 1)", c.Quantile)
	case (c.Predict || c.Alternate) && len(c.Context) == 0:
		return bad("Predict without Context")
	case (c.Predict || c.Alternate) && c.Features != autoencoder.Residual:
		return bad("Predict with features %q", c.Features)
	case !(c.Keep > 0 && c.Keep <= 1):
		return bad("keep %g is not in (0, 1]", c.Keep)
	case math.IsNaN(c.Skew) || math.IsInf(c.Skew, 0):
		return bad("skew is %g", c.Skew)
	case !(c.Trim < .5):
		return bad("trim %g is not in [0, .5)", c.Trim)
	case c.Covariances != FullCovariance && c.Covariances != DiagonalCovariance && c.Covariances != BothCovariances:
		return bad("covariances %q", c.Covariances)
	case c.Scaling != "" && c.Scaling != dataset.Standard && c.Scaling != dataset.MinMax:
		return bad("scaling %q", c.Scaling)
	case c.Transforms != nil && len(c.Transforms) != d || c.Floors != nil && len(c.Floors) != d:
		return bad("%d transforms and %d floors for rows of width %d", len(c.Transforms), len(c.Floors), d)
	case c.Features.Check() != nil:
		return bad("features %q", c.Features)
	}
	if err := c.checkNumbers(); err != nil {
		return err
	}
	if err := c.checkLists(); err != nil {
		return err
	}
	return c.checkColumns(d)
}

func badSetting(format string, args ...any) error {
	return fmt.Errorf("train: "+format+": %w", append(args, ErrConfig)...)
}

func (c *Config) checkNumbers() error {
	for _, n := range []struct {
		name   string
		v, max int
	}{{"latent", c.Latent, maxUnits}, {"components", c.Components, maxComponents}, {"estimation hidden", c.EstimationHidden, maxUnits},
		{"batch size", c.BatchSize, math.MaxInt}, {"epochs", c.Epochs, math.MaxInt32}, {"min steps", c.MinSteps, math.MaxInt32}, {"members", c.Members, maxMembers}} {
		if n.v < 0 || n.v > n.max {
			return badSetting("%s %d is not in 0 to %d", n.name, n.v, n.max)
		}
	}
	for _, n := range []struct {
		name string
		v    float64
	}{{"clip", c.Clip}, {"lambda1", c.Lambda1}, {"lambda2", c.Lambda2}, {"ridge", c.Ridge}, {"learning rate", c.LearningRate}, {"clip norm", c.ClipNorm}} {
		if !(n.v >= 0) || math.IsInf(n.v, 0) {
			return badSetting("%s is %g", n.name, n.v)
		}
	}
	return nil
}

func (c *Config) checkLists() error {
	for i, h := range c.Hidden {
		if h <= 0 || h > maxUnits {
			return badSetting("hidden layer %d has %d units, not 1 to %d", i, h, maxUnits)
		}
	}
	for _, a := range c.Context {
		if !(a > 0 && a <= 1) {
			return badSetting("context: smoothing factor %g is not in (0, 1]", a)
		}
	}
	for j, t := range c.Transforms {
		if t != "" && t != dataset.Linear && t != dataset.Log1p {
			return badSetting("transform %q of column %d", t, j)
		}
	}
	for j, v := range c.Floors {
		if !(v >= 0) || math.IsInf(v, 0) {
			return badSetting("floor %g of column %d", v, j)
		}
	}
	return nil
}

func (c *Config) checkColumns(d int) error {
	if len(c.Columns) != d {
		return badSetting("%d column names for rows of width %d", len(c.Columns), d)
	}
	seen := map[string]bool{}
	for j, name := range c.Columns {
		switch {
		case seen[name]:
			return badSetting("columns: %q twice (column %d)", name, j)
		case !utf8.ValidString(name):
			// A model file is JSON: the name would come back as another.
			return badSetting("columns: the name of column %d, %q, is not UTF-8", j, name)
		}
		seen[name] = true
	}
	return nil
}

// member returns the settings of one member.
func (c *Config) member(i int) *Config {
	if !c.Alternate || i%2 == 0 {
		return c
	}
	m := *c
	m.Predict, m.Covariances = true, DiagonalCovariance
	return &m
}

// covariance is what the training objective uses: where diagonal mixtures score, the
// network has to do the decorrelating, and only a diagonal objective asks it to.
func (c *Config) covariance() gmm.Covariance {
	if c.Covariances == FullCovariance {
		return gmm.Full
	}
	return gmm.Diagonal
}
