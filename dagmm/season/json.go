package season

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// storedProfile is the JSON form of a Profile. Its keys are part of the model file.
type storedProfile struct {
	Kind    Kind        `json:"kind"`
	Zone    string      `json:"zone"`
	Columns []string    `json:"columns"`
	Level   [][]float64 `json:"level"`
	Spread  [][]float64 `json:"spread"`
}

// MarshalJSON writes the profile. Every float64 survives exactly. The profile of a metric
// without values holds NaN, which JSON cannot hold: that is an error.
func (p *Profile) MarshalJSON() ([]byte, error) {
	return json.Marshal(storedProfile{p.Kind, p.zone.String(), p.columns, p.level, p.spread})
}

// most bounds what a stored profile may hold, so that sums of it are finite.
const most = math.MaxFloat64 / (2 * weekHours)

// UnmarshalJSON reads what MarshalJSON wrote and checks all of it. On error, which is
// ErrStored, the receiver stays as it was.
func (p *Profile) UnmarshalJSON(text []byte) error {
	var s storedProfile
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("season: %w: %w", ErrStored, err)
	}
	slots, ok := map[Kind]int{Flat: 1, Daily: 24, Weekly: weekHours}[s.Kind]
	if !ok || len(s.Level) != slots || len(s.Spread) != slots || len(s.Columns) == 0 {
		return fmt.Errorf("season: kind %q with %d levels and %d spreads of %d columns: %w", s.Kind, len(s.Level), len(s.Spread), len(s.Columns), ErrStored)
	}
	for i, rows := range [][][]float64{s.Level, s.Spread} {
		for k, row := range rows {
			if len(row) != len(s.Columns) {
				return fmt.Errorf("season: hour %d is %d wide, not %d: %w", k, len(row), len(s.Columns), ErrStored)
			}
			for _, v := range row {
				if !(math.Abs(v) <= most) || i == 1 && v < 0 {
					return fmt.Errorf("season: hour %d holds %g: %w", k, v, ErrStored)
				}
			}
		}
	}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return fmt.Errorf("season: time zone %q: %w: %w", s.Zone, ErrStored, err)
	}
	*p = Profile{Kind: s.Kind, columns: s.Columns, zone: zone, level: s.Level, spread: s.Spread, mean: meanLevel(s.Level)}
	return nil
}
