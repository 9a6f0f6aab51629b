package watch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/ingest"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dagmm/train"
)

// ErrSettings reports settings that are out of range, or not those of the fleet.
var ErrSettings = errors.New("invalid settings")

// Settings are what all processes of a fleet must agree on: they decide which events come of
// which samples. The first process stores them in the bucket, and one with other settings is
// refused.
type Settings struct {
	Partitions int // of the hosts; cannot change later
	Columns    []string
	Interval   time.Duration // between the samples of a host
	Lateness   time.Duration // samples wait so long for earlier ones: ingest.Config
	WarmUp     int           // samples before the first training
	Retrain    time.Duration // between trainings
	Budget     float64       // false alarms a day and host
	Preset     string        // of package train: metrics, series or pca
	Seed       uint64        // of the trainings
	// Ticks says who tells the time: workers (true), by their clocks, or whoever publishes the
	// samples (false), as where a recording is replayed. Without ticks nobody notices that a
	// host has fallen silent, and old samples stay in the stream.
	Ticks bool
}

// presets are the trainings that Settings.Preset may name.
var presets = map[string]func() train.Config{"metrics": train.Metrics, "series": train.Series, "pca": train.PCA}

func (s Settings) check() error {
	const mostPartitions = 4096
	switch {
	case s.Partitions < 1 || s.Partitions > mostPartitions:
		return fmt.Errorf("watch: %d partitions, want 1 to %d: %w", s.Partitions, mostPartitions, ErrSettings)
	case s.Interval <= 0:
		return fmt.Errorf("watch: interval %s, want more than 0: %w", s.Interval, ErrSettings)
	case presets[s.Preset] == nil:
		return fmt.Errorf("watch: preset %q, want metrics, series or pca: %w", s.Preset, ErrSettings)
	}
	return nil
}

// Monitor returns the configuration of the Monitors, without Store and receivers. One Monitor
// with it that trains by itself (Train) gives the fleet's events.
func (s Settings) Monitor() monitor.Config {
	return monitor.Config{Columns: slices.Clone(s.Columns), Train: s.Train(), Interval: s.Interval, WarmUp: s.WarmUp, Retrain: s.Retrain,
		Detector: alarm.Config{Budget: s.Budget}, Input: ingest.Config{Lateness: s.Lateness}, Synchronous: true}
}

// Train returns the training of the fleet's models.
func (s Settings) Train() monitor.TrainFunc {
	cfg := presets[s.Preset]()
	cfg.Seed = s.Seed
	return train.Windows(cfg)
}

// encode returns the stored form: the same settings give the same bytes.
func (s Settings) encode() ([]byte, error) { return json.Marshal(s) }

// same reports that the stored settings are others.
func (s Settings) same(stored []byte) error {
	own, err := s.encode()
	if err != nil {
		return err
	}
	if bytes.Equal(own, stored) {
		return nil
	}
	return fmt.Errorf("watch: the fleet has the settings %s, this process has %s: %w", stored, own, ErrSettings)
}
