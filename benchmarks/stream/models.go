package main

import (
	"context"
	"crypto/sha256"
	"encoding/gob"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/metric-streams/anomaly/benchmarks/internal/suite"
	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dagmm/train"
)

// presets are the settings that can be compared.
func presets(name string) (train.Config, error) {
	cfg := train.Series()
	cfg.Network.Alternate = name == "series"
	switch name {
	case "series":
	case "predict":
		cfg.Network.Predict, cfg.Mixture.Covariances = true, train.DiagonalCovariance
	case "both":
		cfg.Mixture.Covariances = train.BothCovariances
	case "pca":
		levels := cfg.RecentLevels
		cfg = train.PCA()
		cfg.RecentLevels = levels
	default:
		return cfg, fmt.Errorf("preset %q: want series, predict, both or pca", name)
	}
	return cfg, nil
}

// fit trains a model on the machine's training file, or reads it from the cache folder
// where an earlier run left it.
func fit(ctx context.Context, s *suite.Series, preset string, seed uint64, cache string) (*dagmm.Model, error) {
	cfg, err := presets(preset)
	if err != nil {
		return nil, err
	}
	cfg.Columns, cfg.Seed = s.Columns, seed
	return keep(cache, fmt.Sprintf("%s_%s_%s_%d.model", s.Suite, s.Machine, preset, seed), func() (*dagmm.Model, error) {
		m, _, err := train.Fit(ctx, s.Train, cfg)
		return m, err
	})
}

// keep reads a model from a folder, or makes it and keeps it there. Without a folder it makes it.
func keep(folder, name string, fit func() (*dagmm.Model, error)) (*dagmm.Model, error) {
	if folder == "" {
		return fit()
	}
	path := filepath.Join(folder, name)
	if m, err := dagmm.LoadFile(path); err == nil {
		return m, nil
	}
	m, err := fit()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	return m, m.SaveFile(path)
}

// cached trains as train.Windows does, and keeps the models in a folder, if there is one: a
// window of the same samples, of which the same are left out, gets the model of an earlier run.
// With cold, every training begins afresh, without the model in use.
func cached(folder string, cfg train.Config, cold bool) monitor.TrainFunc {
	fit := train.Windows(cfg)
	if cold {
		warm := fit
		fit = func(ctx context.Context, w *monitor.Window) (*dagmm.Model, error) {
			afresh := *w
			afresh.Model = nil
			return warm(ctx, &afresh)
		}
	}
	if folder == "" {
		return fit
	}
	settings := fmt.Sprintf("%s, forecast %t, %v covariance, seed %d", cfg.Preset, cfg.Network.Predict, cfg.Mixture.Covariances, cfg.Seed)
	return func(ctx context.Context, w *monitor.Window) (*dagmm.Model, error) {
		h := sha256.New()
		if w.Model != nil && !cold {
			if err := w.Model.Save(h); err != nil {
				return nil, err
			}
		}
		if err := gob.NewEncoder(h).Encode(struct {
			Preset  string // and other settings
			Columns []string
			Times   []time.Time
			X       []float64
			Exclude []bool
			Number  uint64
		}{settings, w.Columns, w.Times, w.X.RawMatrix().Data, w.Exclude, w.Number}); err != nil {
			return nil, err
		}
		return keep(folder, fmt.Sprintf("window_%x.model", h.Sum(nil)), func() (*dagmm.Model, error) { return fit(ctx, w) })
	}
}
