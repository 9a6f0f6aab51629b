package dagmm

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/metric-streams/anomaly/dagmm/season"
	"github.com/metric-streams/anomaly/dataset"
	"github.com/metric-streams/anomaly/gmm"
)

// Parameters is everything a model consists of. Package dagmm/train fills it in.
type Parameters struct {
	Columns  []string       // metric names
	Scaler   dataset.Scaler // one column per metric
	Context  Context
	Members  []Member
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

// Model scores rows. It is immutable and safe for concurrent use.
type Model struct {
	p      Parameters
	shares []float64 // of the members in the average energy
	pool   sync.Pool
}

// New makes a model of parameters. It checks them; what does not fit together is ErrModel.
// The model keeps p's slices, so the caller must not change them.
func New(p Parameters) (*Model, error) {
	m := &Model{p: p}
	if err := m.checkColumns(); err != nil {
		return nil, err
	}
	if err := p.Context.check(len(m.p.Columns)); err != nil {
		return nil, err
	}
	if len(p.Members) == 0 {
		return nil, fmt.Errorf("dagmm: model with 0 members: %w", ErrModel)
	}
	features := p.Context.blocks() * len(m.p.Columns)
	for i := range p.Members {
		if err := p.Members[i].check(features); err != nil {
			return nil, fmt.Errorf("dagmm: member %d: %w", i, err)
		}
	}
	if err := m.checkStatistics(); err != nil {
		return nil, err
	}
	m.share()
	m.pool.New = func() any { return m.newScratch(1) }
	return m, nil
}

// share sets the weight of each member in the average energy.
func (m *Model) share() {
	var sum float64
	for _, e := range m.p.Members {
		w := e.Weight
		if w == 0 {
			w = 1
		}
		m.shares = append(m.shares, w)
		sum += w
	}
	for i := range m.shares {
		m.shares[i] /= sum
	}
}

func (m *Model) checkColumns() error {
	p := &m.p
	if len(p.Columns) == 0 || len(p.Columns) != len(p.Scaler.Columns) {
		return fmt.Errorf("dagmm: model with %d columns and %d scales: %w", len(p.Columns), len(p.Scaler.Columns), ErrModel)
	}
	sorted := slices.Clone(p.Columns)
	slices.Sort(sorted)
	for i, c := range sorted {
		if i > 0 && c == sorted[i-1] {
			return fmt.Errorf("dagmm: two columns are named %q: %w", c, ErrModel)
		}
	}
	if p.Season != nil && !slices.Equal(p.Season.Columns(), p.Columns) {
		return fmt.Errorf("dagmm: season of columns %q, model of %q: %w", p.Season.Columns(), p.Columns, ErrModel)
	}
	if p.Season != nil && !p.Season.Complete() {
		return fmt.Errorf("dagmm: season of a metric without values: %w", ErrModel)
	}
	if err := p.Scaler.Check(); err != nil {
		return fmt.Errorf("dagmm: scaler: %w", err)
	}
	return nil
}

func (m *Model) checkStatistics() error {
	p := &m.p
	if math.IsNaN(p.Threshold) || math.IsInf(p.Threshold, 0) {
		return fmt.Errorf("dagmm: threshold is %g: %w", p.Threshold, ErrModel)
	}
	if !(p.Quantile > 0 && p.Quantile < 1) {
		return fmt.Errorf("dagmm: quantile %g is not in (0, 1): %w", p.Quantile, ErrModel)
	}
	if err := p.Calibration.check(); err != nil {
		return err
	}
	width := (1 + len(p.Context.Alphas)) * len(m.p.Columns)
	for i, row := range p.Prototypes {
		if len(row) != width {
			return fmt.Errorf("dagmm: prototype %d is %d wide, want %d: %w", i, len(row), width, ErrModel)
		}
		for _, v := range row {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("dagmm: prototype %d holds %g: %w", i, v, ErrModel)
			}
		}
	}
	return nil
}

// Columns returns the names of the metrics, in the order that rows must have.
func (m *Model) Columns() []string { return slices.Clone(m.p.Columns) }

// HasContext reports whether the model also looks at the samples before a row. Such a model
// was trained on a series, and scores with Series and Stream only.
func (m *Model) HasContext() bool { return len(m.p.Context.Alphas) > 0 }

// Threshold returns the energy above which a row is anomalous. It is a quantile of the
// training energies.
func (m *Model) Threshold() float64 { return m.p.Threshold }

// Quantile returns the quantile of the training energies that the threshold is, in (0, 1).
func (m *Model) Quantile() float64 { return m.p.Quantile }

// Training says how the model was made.
func (m *Model) Training() Training { return m.p.Training }

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
func (m *Model) Calibration() Calibration { return m.p.Calibration }

// Mixtures returns the mixtures that score, member by member. Treat them as read-only.
func (m *Model) Mixtures() [][]*gmm.Mixture {
	out := make([][]*gmm.Mixture, len(m.p.Members))
	for i := range m.p.Members {
		out[i] = slices.Clone(m.p.Members[i].Mixtures)
	}
	return out
}

// WithMixtures returns the model with other mixtures, member by member, of the same
// dimensions.
func (m *Model) WithMixtures(mixtures [][]*gmm.Mixture) (*Model, error) {
	if len(mixtures) != len(m.p.Members) {
		return nil, fmt.Errorf("dagmm: mixtures of %d members, model of %d: %w", len(mixtures), len(m.p.Members), ErrModel)
	}
	p := m.p
	p.Members = slices.Clone(p.Members)
	for i, list := range mixtures {
		p.Members[i].Mixtures = list
	}
	return New(p)
}

// Check reports whether x could be scored: a wrong width is ErrWidth, an infinite value
// ErrNotFinite. A missing value (NaN) is no error.
func (m *Model) Check(x []float64) error {
	_, err := m.checkRow("check", x, true)
	return err
}

// Members returns the number of networks whose energies are averaged.
func (m *Model) Members() int { return len(m.p.Members) }
