package dagmm

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/dagmm/season"
	"github.com/metric-streams/anomaly/dataset"
	"github.com/metric-streams/anomaly/gmm"
)

// Parameters is everything a model consists of. Package dagmm/train fills it in.
type Parameters struct {
	Columns      []string       // metric names
	Scaler       dataset.Scaler // one column per metric
	RecentLevels RecentLevels
	Members      []Member
	// Bound of the evidence that members give: beyond it evidence grows by its logarithm only. 0
	// means no bound.
	Bound    float64
	Quantile float64 // Threshold is this quantile of the training energies
	// Threshold is the energy above which a row is anomalous.
	Threshold   float64
	Calibration Calibration
	// Prototypes are typical training rows, which explanations compare with: scaled values and,
	// with context, deviations from each recent level.
	Prototypes [][]float64
	Training   Training
	// Season is the profile that deseasonalised the training rows; nil where there is none. See
	// WithSeason.
	Season *season.Profile
	// Reading says how the training rows were read from a file; nil where nobody has said.
	Reading *Reading
}

// Training says how a model was made.
type Training struct {
	Rows     int     `json:"rows"` // used
	Epochs   int     `json:"epochs"`
	Steps    int     `json:"steps"` // of one member
	Seed     uint64  `json:"seed"`
	Preset   string  `json:"preset"`
	Loss     float64 `json:"loss"` // at the end, mean over members
	Version  string  `json:"library_version"`
	Interval float64 `json:"interval_seconds,omitempty"` // between samples; 0 where unknown
}

// maxInterval is a century: a time.Duration holds three.
const maxInterval = 100 * 365 * 86400

func (t Training) check() error {
	if t.Rows < 0 || t.Epochs < 0 || t.Steps < 0 {
		return fmt.Errorf("dagmm: training on %d rows, %d epochs, %d steps: %w", t.Rows, t.Epochs, t.Steps, ErrModel)
	}
	if !(t.Interval >= 0 && t.Interval <= maxInterval) {
		return fmt.Errorf("dagmm: training on samples %g seconds apart: %w", t.Interval, ErrModel)
	}
	return nil
}

// Model scores rows. It is immutable and safe for concurrent use.
type Model struct {
	p          Parameters // without Prototypes and what can be derived
	prototypes prototypes
	shares     []float64 // of the members in the average energy
	bound      float64   // of evidence
	weights    autoencoder.Weights
	pool       *sync.Pool // of scratch for one sample, shared by all models of this shape
}

// Shares returns the weight of each member in the average energy. Their sum is 1.
func (p Parameters) Shares() []float64 {
	shares := make([]float64, len(p.Members))
	var sum float64
	for i, e := range p.Members {
		shares[i] = e.Weight
		if e.Weight == 0 {
			shares[i] = 1
		}
		sum += shares[i]
	}
	for i := range shares {
		shares[i] /= sum
	}
	return shares
}

// share sets the members' shares.
func (m *Model) share() error {
	m.shares = m.p.Shares()
	for i, share := range m.shares {
		if !(share > 0) {
			return fmt.Errorf("dagmm: member %d: weight %g is too large or too small beside the others: %w", i, m.p.Members[i].Weight, ErrModel)
		}
	}
	return nil
}

// Columns returns the names of the metrics, in the order that rows must have.
func (m *Model) Columns() []string { return slices.Clone(m.p.Columns) }

// HasContext reports whether the model also looks at the samples before a row. Such a model
// was trained on a series, and scores with Series and Stream only.
func (m *Model) HasContext() bool { return len(m.p.RecentLevels.Alphas) > 0 }

// Threshold returns the energy above which a row is anomalous. It is a quantile of the
// training energies.
func (m *Model) Threshold() float64 { return m.p.Threshold }

// Quantile returns the quantile of the training energies that the threshold is, in (0, 1).
func (m *Model) Quantile() float64 { return m.p.Quantile }

// Training says how the model was made.
func (m *Model) Training() Training { return m.p.Training }

// Parameters returns everything the model consists of. Treat it as read-only: its slices and
// pointers are the model's.
func (m *Model) Parameters() Parameters {
	p := m.p
	p.Calibration, p.Prototypes = p.Calibration.whole(), m.prototypes.rows()
	return p
}

// Constant returns the names of metrics that did not vary in training.
func (m *Model) Constant() []string {
	var names []string
	for j, c := range m.p.Scaler.Columns {
		if c.Constant {
			names = append(names, m.p.Columns[j])
		}
	}
	return names
}

// Calibration returns the distribution of held-out energies that p-values are read from.
// Treat it as read-only: its slices are the model's.
func (m *Model) Calibration() Calibration { return m.p.Calibration.whole() }

// Mixtures returns the mixtures that score, member by member. Treat them as read-only.
func (m *Model) Mixtures() [][]*gmm.Mixture {
	out := make([][]*gmm.Mixture, len(m.p.Members))
	for i := range m.p.Members {
		out[i] = slices.Clone(m.p.Members[i].Mixtures)
	}
	return out
}

// Members returns the number of networks whose energies are averaged.
func (m *Model) Members() int { return len(m.p.Members) }

// Season returns the profile given to WithSeason; nil where there is none.
func (m *Model) Season() *season.Profile { return m.p.Season }

// unbounded returns the model without a bound of evidence, good for explaining only: how far a
// view has gone wild says which metric drives it.
func (m *Model) unbounded() *Model {
	out := m.withThreshold(m.p.Threshold)
	out.bound = math.Inf(1)
	return out
}

// withThreshold returns the model with another threshold, good for explaining only.
func (m *Model) withThreshold(t float64) *Model {
	out := &Model{p: m.p, prototypes: m.prototypes, shares: m.shares, bound: m.bound}
	out.p.Threshold = t
	return out
}
