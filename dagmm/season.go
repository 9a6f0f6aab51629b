package dagmm

import "github.com/metric-streams/anomaly/dagmm/season"

// WithSeason returns the model, which was trained on rows that p deseasonalised, together
// with p. A detector of alarms then deseasonalises its samples itself. Energy, Series and
// Stream know no time: they go on taking rows that the caller has deseasonalised. A flat
// profile or nil means no season.
func (m *Model) WithSeason(p *season.Profile) (*Model, error) {
	params := m.p
	params.Season = nil
	if p != nil && p.Kind != season.Flat {
		params.Season = p
	}
	return New(params)
}

// Season returns the profile given to WithSeason; nil where there is none.
func (m *Model) Season() *season.Profile { return m.p.Season }
