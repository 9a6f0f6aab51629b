package dataset

import (
	"fmt"
	"math"
	"time"
)

// GenerateConfig configures Generate. The zero value makes 1000 normal rows, a minute apart.
type GenerateConfig struct {
	Rows     int           // 0 means 1000
	Seed     uint64        // the same seed gives the same table, bit for bit
	Start    time.Time     // time of the first row; zero means 2024-01-01 00:00 UTC
	Interval time.Duration // time between rows; 0 means one minute

	// Independent makes rows that do not depend on each other, without a daily cycle. Only
	// the correlation between the metrics is left.
	Independent bool

	// Inject adds one fault of each listed kind. The seed decides its rows and its metric. A
	// fault takes 5 rows (OutOfRange), 10 (BrokenCorrelation) or 60 (LevelShift, Stuck), but
	// at most a twentieth of Rows. With Independent it takes one row, except Stuck. Faults do
	// not overlap. The rows outside them are the same as without faults.
	Inject []FaultKind
	// Faults are added exactly where they say.
	Faults []Fault
	// Strength scales the size of faults; 0 means 1. At 1, OutOfRange lies 2.5 standard
	// deviations above the largest usual value, LevelShift adds 2.5, and BrokenCorrelation
	// puts a metric 2 standard deviations from its mean, on the wrong side. These are
	// standard deviations of the metric before it is mapped to its range.
	Strength float64
}

// fill sets the defaults and returns an error for what cannot be made.
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
