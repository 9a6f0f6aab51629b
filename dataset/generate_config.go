package dataset

import (
	"fmt"
	"math"
	"time"
)

// GenerateConfig says what Generate makes. The zero value gives 1000 normal samples, a
// minute apart.
type GenerateConfig struct {
	Rows     int           // 0 means 1000
	Seed     uint64        // the same seed gives the same bits
	Start    time.Time     // of the first row; zero means 2024-01-01 00:00 UTC
	Interval time.Duration // from row to row; 0 means one minute

	// Independent makes rows that do not depend on each other, and no daily cycle: only the
	// correlation between the metrics is left.
	Independent bool

	// Inject puts one fault for each element, of that kind, at a place and on a metric chosen
	// by the seed. A fault takes 5 rows (OutOfRange), 10 (BrokenCorrelation) or 60
	// (LevelShift, Stuck), but at most a twentieth of Rows; with Independent it takes one,
	// except Stuck. Faults do not overlap, and rows outside them do not depend on them.
	Inject []FaultKind
	// Faults are put exactly where they say.
	Faults []Fault
	// Strength scales how far faults go; 0 means 1. At 1, OutOfRange lies 2.5 standard
	// deviations beyond the largest usual value, LevelShift adds 2.5, and BrokenCorrelation
	// puts a metric 2 standard deviations from its mean, on the wrong side. All are
	// standard deviations of the metric before it is bent into its range.
	Strength float64
}

// fill puts the defaults in and refuses what cannot be made.
func (cfg *GenerateConfig) fill() error {
	if cfg.Rows == 0 {
		cfg.Rows = 1000
	}
	if cfg.Interval == 0 {
		cfg.Interval = time.Minute
	}
	if cfg.Start.IsZero() {
		cfg.Start = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if cfg.Strength == 0 {
		cfg.Strength = 1
	}
	const mostRows = 1 << 28
	if cfg.Rows < 1 || cfg.Rows > mostRows {
		return fmt.Errorf("%w: Generate: Rows is %d, must be 1 to %d", ErrOption, cfg.Rows, mostRows)
	}
	if cfg.Interval < 0 || int64(cfg.Rows) > math.MaxInt64/int64(cfg.Interval) {
		return fmt.Errorf("%w: Generate: Interval is %s for %d rows", ErrOption, cfg.Interval, cfg.Rows)
	}
	if !(cfg.Strength > 0 && cfg.Strength <= 100) {
		return fmt.Errorf("%w: Generate: Strength is %v, must be above 0 and at most 100", ErrOption, cfg.Strength)
	}
	return nil
}
