package dagmm

import (
	"fmt"
	"math"
	"slices"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/dagmm/season"
	"github.com/metric-streams/anomaly/gmm"
)

// New makes a model of parameters. It checks them; what does not fit together is ErrModel.
// The model keeps p's slices, so the caller must not change them.
func New(p Parameters) (*Model, error) {
	m := &Model{p: p}
	if err := m.checkColumns(); err != nil {
		return nil, err
	}
	if err := p.RecentLevels.check(len(m.p.Columns)); err != nil {
		return nil, err
	}
	if len(p.Members) == 0 {
		return nil, fmt.Errorf("dagmm: model with 0 members: %w", ErrModel)
	}
	features := p.RecentLevels.blocks() * len(m.p.Columns)
	for i := range p.Members {
		if err := p.Members[i].check(features); err != nil {
			return nil, fmt.Errorf("dagmm: member %d: %w", i, err)
		}
	}
	if err := m.checkStatistics(); err != nil {
		return nil, err
	}
	m.bound = p.Bound
	if m.bound == 0 {
		m.bound = math.Inf(1)
	}
	if err := p.Reading.Check(p.Columns); err != nil {
		return nil, err
	}
	m.p.Reading = p.Reading.clone()
	if err := m.share(); err != nil {
		return nil, err
	}
	m.trim()
	networks := make([]*autoencoder.Network, len(m.p.Members))
	for i := range networks {
		networks[i] = m.p.Members[i].Network
	}
	m.weights, m.pool = autoencoder.NewWeights(networks), m.p.pool()
	return m, nil
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
		return fmt.Errorf("dagmm: scaler: %w: %w", ErrModel, err)
	}
	for j, c := range p.Scaler.Columns {
		if low, high := c.Apply(c.Min), c.Apply(c.Max); bound(low) != low || bound(high) != high {
			return fmt.Errorf("dagmm: scaler: column %d is scaled from %g to %g: %w", j, low, high, ErrModel)
		}
	}
	return nil
}

func (m *Model) checkStatistics() error {
	p := &m.p
	if math.IsNaN(p.Threshold) || math.IsInf(p.Threshold, 0) {
		return fmt.Errorf("dagmm: threshold is %g: %w", p.Threshold, ErrModel)
	}
	if !(p.Bound == 0 || p.Bound > 1 && p.Bound <= 1e6) {
		return fmt.Errorf("dagmm: bound %g of evidence is not in (1, 1e6]: %w", p.Bound, ErrModel)
	}
	if !(p.Quantile > 0 && p.Quantile < 1) {
		return fmt.Errorf("dagmm: quantile %g is not in (0, 1): %w", p.Quantile, ErrModel)
	}
	if err := p.Calibration.check(); err != nil {
		return err
	}
	if err := p.Training.check(); err != nil {
		return err
	}
	width := (1 + len(p.RecentLevels.Alphas)) * len(m.p.Columns)
	for i, row := range p.Prototypes {
		if len(row) != width {
			return fmt.Errorf("dagmm: prototype %d is %d wide, want %d: %w", i, len(row), width, ErrModel)
		}
		for _, v := range row {
			if !(math.Abs(v) <= limit) {
				return fmt.Errorf("dagmm: prototype %d holds %g: %w", i, v, ErrModel)
			}
		}
	}
	return nil
}

// trim lets go of memory that slices have beyond their length: those of a file have half as much
// again. It copies them, because the caller's are not the model's to change.
func (m *Model) trim() {
	p := &m.p
	p.Calibration = p.Calibration.compact()
	m.prototypes, p.Prototypes = newPrototypes(p.Prototypes), nil
	p.Members = slices.Clone(p.Members)
	for i := range p.Members {
		e := &p.Members[i]
		e.Inputs, e.Targets, e.Scale = trimmed(e.Inputs), trimmed(e.Targets), trimmed(e.Scale)
		e.Mixtures, e.Evidence = trimmed(e.Mixtures), slices.Clone(e.Evidence)
		for k := range e.Evidence {
			e.Evidence[k].Curve = trimmed(e.Evidence[k].Curve)
		}
		if !tight(e.Network) {
			e.Network = e.Network.Clone()
		}
	}
}

// tight reports whether the network's weights take no more memory than they need.
func tight(n *autoencoder.Network) bool {
	for _, layers := range [][]autoencoder.Layer{n.Encoder, n.Decoder} {
		for _, l := range layers {
			if loose(l.Theta) {
				return false
			}
		}
	}
	return true
}

// loose reports whether a slice has more room than an allocation of its length would have.
func loose[T any](s []T) bool { return cap(s)-len(s) > len(s)/8+8 }

// trimmed returns the slice, or a copy where it is loose.
func trimmed[T any](s []T) []T {
	if !loose(s) {
		return s
	}
	return append(make([]T, 0, len(s)), s...)
}

// WithMixtures returns the model with other mixtures, member by member, of the same
// dimensions.
func (m *Model) WithMixtures(mixtures [][]*gmm.Mixture) (*Model, error) {
	if len(mixtures) != len(m.p.Members) {
		return nil, fmt.Errorf("dagmm: mixtures of %d members, model of %d: %w", len(mixtures), len(m.p.Members), ErrModel)
	}
	p := m.Parameters()
	p.Members = slices.Clone(p.Members)
	for i, list := range mixtures {
		p.Members[i].Mixtures = list
	}
	return New(p)
}

// WithCalibration returns the model with another calibration, as of rows that have come since
// it was trained. Its energies stay. Its p-values, and its threshold at Model.Quantile, are
// those of c.
func (m *Model) WithCalibration(c Calibration) (*Model, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	p := m.Parameters()
	p.Calibration, p.Threshold = c, c.Quantile(p.Quantile)
	return New(p)
}

// WithSeason returns the model, which was trained on rows that p deseasonalised, together
// with p. A detector of alarms then deseasonalises its samples itself. Energy, Series and
// Stream know no time: they go on taking rows that the caller has deseasonalised. A flat
// profile or nil means no season.
func (m *Model) WithSeason(p *season.Profile) (*Model, error) {
	params := m.Parameters()
	params.Season = nil
	if p != nil && p.Kind != season.Flat {
		params.Season = p
	}
	return New(params)
}
