package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/evaluate"
	"github.com/metric-streams/anomaly/dagmm/report"
	"github.com/metric-streams/anomaly/dagmm/train"
	"github.com/metric-streams/anomaly/dataset"
)

// job is one recording: what was read, the model, and what it says of the rows.
type job struct {
	title, source string
	host          string // empty where the file is of one host
	table         *dataset.Table
	units         []string // of the metrics, empty where unknown
	model         *dagmm.Model
	modelFile     string        // where the model was loaded from; empty if it was trained
	training      *train.Report // nil if the model was loaded
	bound         string        // which rows the model was trained on; empty for all
	excluded      []int         // rows that each range of -exclude holds
	choice        string        // why which preset was taken; empty if the user said so

	energies  []float64          // one a row; NaN where a value is missing
	flagged   []report.Explained // of which those that nobody sees have a verdict and no more
	ordinary  []report.Explained // some others, for the band of expected values
	incidents []report.Incident
}

// fit trains a model on the table unless one was loaded.
func (j *job) fit(ctx context.Context, opt *options, terminal io.Writer) error {
	if j.model != nil {
		return nil
	}
	h, err := j.trainee(opt)
	if err == nil {
		err = checkExcluded(opt.exclude, j)
	}
	if err != nil {
		return input(err)
	}
	bar := newProgress(terminal)
	h.Config.Progress = bar.show
	j.model, j.training, err = train.Fit(ctx, h.Rows, h.Config)
	bar.clear()
	if errors.Is(err, train.ErrData) || errors.Is(err, train.ErrConfig) {
		return input(fmt.Errorf("%s: %w%s", j.named(), err, j.fewerColumns(err)))
	}
	return err
}

// trainee returns the rows to train on, and how.
func (j *job) trainee(opt *options) (train.Host, error) {
	cfg, err := j.config(opt)
	if err != nil {
		return train.Host{}, err
	}
	rows := bounded(j.table, cfg.Exclude)
	cfg.Times, cfg.Exclude, j.bound = rows.times, rows.exclude, rows.note
	return train.Host{Name: j.host, Rows: rows.x, Config: cfg}, nil
}

// fewerColumns returns the advice to take fewer columns, where there are rows enough for some.
func (j *job) fewerColumns(err error) string {
	rows, columns := j.table.X.Dims()
	if !errors.Is(err, train.ErrFewRows) || columns == 1 || rows < 10 {
		return ""
	}
	return "; name fewer metrics, which have values in the same rows, in -columns"
}

func (j *job) config(opt *options) (train.Config, error) {
	cfg, err := j.preset(opt)
	if err != nil {
		return cfg, err
	}
	cfg.Columns = j.table.Columns
	cfg.Reading = reading(opt.csv, j.table)
	cfg.Seed, cfg.Quantile = opt.seed, opt.quantile
	if opt.epochs > 0 {
		cfg.Optimizer.Epochs, cfg.Optimizer.MinSteps = opt.epochs, -1 // as asked, however few
	}
	cfg.Exclude, j.excluded, err = mask(j.table, opt.exclude, opt.csv.Location)
	return cfg, err
}

// preset returns the settings that the user names, or those that fit the rows, and notes why.
func (j *job) preset(opt *options) (train.Config, error) {
	if opt.preset != "" {
		return preset(opt.preset)
	}
	cfg, reason := train.Choose(j.table.X, j.table.Times)
	j.choice = fmt.Sprintf("preset %s, %s", cfg.Preset, reason)
	return cfg, nil
}

// agreement holds the energies against the labels; nil where no row is labelled. The model has not seen the labels.
func (j *job) agreement() (*evaluate.Agreement, error) {
	if !slices.Contains(j.table.Labels, true) {
		return nil, nil
	}
	a, err := evaluate.Agree(j.energies, j.table.Labels, j.model.Threshold())
	return &a, err
}

// unscored counts the rows with a missing value.
func (j *job) unscored() int {
	n := 0
	for _, e := range j.energies {
		if math.IsNaN(e) {
			n++
		}
	}
	return n
}

// named is the job in an error.
func (j *job) named() string {
	if j.host == "" {
		return j.source
	}
	return j.source + ", host " + j.host
}

// thresholdNote says where the threshold comes from.
func (j *job) thresholdNote() string {
	return fmt.Sprintf("%.4g %% quantile of the training energies", 100*j.model.Quantile())
}

// warnings are what the user should know about the recording and the training.
func (j *job) warnings() []string {
	out := append([]string{}, j.table.Notes...)
	if j.training != nil {
		for _, w := range j.training.Warnings {
			out = append(out, withFlags(w.Text))
		}
	}
	return out
}
