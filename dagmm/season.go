package dagmm

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"
)

// A model with a season was trained on rows that its Profile had deseasonalised, and its
// Detector takes rows as they come: inside, a Detector knows deseasonalised values only;
// what it tells is in the metrics' own values again.

// WithSeason returns the model, which was trained on rows that p deseasonalised, with p: a
// Detector then deseasonalises its samples itself. Energy, Series and Stream, which know
// no time, go on taking rows that the caller has deseasonalised. A flat profile or nil is
// no season.
func (m *Model) WithSeason(p *Profile) (*Model, error) {
	params := m.p
	params.Season = nil
	if p != nil && p.Kind != ProfileFlat {
		params.Season = p
	}
	return New(params)
}

// Season returns what WithSeason was given, nil for none.
func (m *Model) Season() *Profile { return m.p.Season }

// deseasonalised returns x as the model wants it; x itself without a season.
func (m *Model) deseasonalised(t time.Time, x []float64) []float64 {
	if m.p.Season == nil {
		return x
	}
	y := slices.Clone(x)
	m.p.Season.Deseasonalise(t, y)
	return y
}

// subtract returns a deseasonalised copy of the rows of x; x itself without a profile.
func (p *Profile) subtract(times []time.Time, x *mat.Dense) *mat.Dense {
	if p == nil {
		return x
	}
	out := mat.DenseCopyOf(x)
	for i, t := range times {
		p.Deseasonalise(t, out.RawRowView(i))
	}
	return out
}

// outward returns the event in the metrics' own values.
func (d *Detector) outward(e Event) Event {
	if d.m.p.Season == nil || e.Peak.Values == nil {
		return e
	}
	offsets := d.m.p.Season.offsets(e.Peak.Time)
	e.Peak.Values = shifted(e.Peak.Values, offsets)
	e.Explanation = e.Explanation.shifted(d.m.p.Columns, offsets)
	return e
}

func shifted(values, offsets []float64) []float64 {
	out := slices.Clone(values)
	for j := range out {
		out[j] += offsets[j]
	}
	return out
}

// shifted returns the explanation for values that are larger by offsets, by column.
func (e *Explanation) shifted(columns []string, offsets []float64) *Explanation {
	if e == nil {
		return nil
	}
	out := *e
	out.Contributions = slices.Clone(e.Contributions)
	for i := range out.Contributions {
		c := &out.Contributions[i]
		by := offsets[slices.Index(columns, c.Metric)]
		c.Value += by
		c.Low += by
		c.High += by
		if i == 0 {
			out.Clears += by
			out.usual = [2]float64{e.usual[0] + by, e.usual[1] + by}
		}
	}
	return &out
}

// reseason moves the open alarm from the values of one model to those of another.
func (a *alarmState) reseason(from, to *Model) {
	move := make([]float64, len(from.p.Columns))
	if p := from.p.Season; p != nil {
		move = p.offsets(a.Peak.Time)
	}
	if p := to.p.Season; p != nil {
		for j, v := range p.offsets(a.Peak.Time) {
			move[j] -= v
		}
	}
	a.Peak.Values = shifted(a.Peak.Values, move)
	a.Explained = a.Explained.shifted(from.p.Columns, move)
}

type storedProfile struct {
	Kind    ProfileKind `json:"kind"`
	Zone    string      `json:"zone"`
	Columns []string    `json:"columns"`
	Level   [][]float64 `json:"level"`
	Spread  [][]float64 `json:"spread"`
}

// MarshalJSON writes the profile; every float64 survives exactly.
func (p *Profile) MarshalJSON() ([]byte, error) {
	return json.Marshal(storedProfile{p.Kind, p.zone.String(), p.columns, p.level, p.spread})
}

// UnmarshalJSON reads what MarshalJSON wrote and checks all of it; the receiver is
// unchanged on error.
func (p *Profile) UnmarshalJSON(text []byte) error {
	var s storedProfile
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("dagmm: profile: %w: %w", ErrModel, err)
	}
	slots, ok := map[ProfileKind]int{ProfileFlat: 1, ProfileDaily: 24, ProfileWeekly: weekHours}[s.Kind]
	if !ok || len(s.Level) != slots || len(s.Spread) != slots || len(s.Columns) == 0 {
		return fmt.Errorf("dagmm: profile: kind %q with %d levels and %d spreads of %d columns: %w", s.Kind, len(s.Level), len(s.Spread), len(s.Columns), ErrModel)
	}
	for i, rows := range [][][]float64{s.Level, s.Spread} {
		for k, row := range rows {
			if len(row) != len(s.Columns) {
				return fmt.Errorf("dagmm: profile: slot %d is %d wide, not %d: %w", k, len(row), len(s.Columns), ErrModel)
			}
			for _, v := range row {
				if math.IsNaN(v) || math.IsInf(v, 0) || i == 1 && v < 0 {
					return fmt.Errorf("dagmm: profile: slot %d holds %g: %w", k, v, ErrModel)
				}
			}
		}
	}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return fmt.Errorf("dagmm: profile: time zone %q: %w: %w", s.Zone, ErrModel, err)
	}
	*p = Profile{Kind: s.Kind, columns: s.Columns, zone: zone, level: s.Level, spread: s.Spread, mean: meanLevel(s.Level)}
	return nil
}
