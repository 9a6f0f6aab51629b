package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/metric-streams/anomaly/dataset"

	"github.com/metric-streams/anomaly/examples/anomalyd/tail"
)

// csvFiles is a source of CSV files that grow.
type csvFiles struct {
	cfg    *csvConfig
	intake *intake
	tail   *tail.Tailer
	watch  *outage
	newest time.Time // row
	noted  time.Time
}

// options says how to read the files.
func (f *csvConfig) options(c *config) (dataset.CSVOptions, error) {
	zone, err := time.LoadLocation(f.Zone)
	if err != nil {
		return dataset.CSVOptions{}, fmt.Errorf("sources: csv: zone: %w", err)
	}
	out := dataset.CSVOptions{Time: f.Time, TimeLayout: f.TimeLayout, Location: zone, Key: f.Key, Label: dataset.None,
		Missing: f.Missing, Sentinels: f.Sentinels, Counters: f.Counters, Scale: f.Scale}
	for _, r := range f.Comma {
		out.Comma = r
	}
	for _, r := range f.Decimal {
		out.Decimal = r
	}
	for i := range c.Metrics {
		out.Columns = append(out.Columns, c.Metrics[i].Column)
	}
	return out, nil
}

func newCSVFiles(in *intake) (*csvFiles, error) {
	cfg := in.cfg.Sources.CSV
	opt, err := cfg.options(in.cfg)
	if err != nil {
		return nil, err
	}
	t, err := tail.Open(tail.Config{Files: cfg.Files, Options: opt, Position: filepath.Join(in.cfg.Dir, "csv.json")})
	if err != nil {
		return nil, fmt.Errorf("sources: csv: %w", err)
	}
	return &csvFiles{cfg: cfg, intake: in, tail: t, watch: &outage{name: csvSource}}, nil
}

// labels names the stream of a row: by the key, or else by the name of the file.
func (c *csvFiles) labels(path string, row *dataset.Row) []string {
	out := make([]string, len(c.intake.cfg.By))
	for i, label := range c.intake.cfg.By {
		fixed, ok := c.cfg.Labels[label]
		switch {
		case ok:
			out[i] = fixed
		case c.cfg.Key != "":
			out[i] = row.Key
		default:
			name := filepath.Base(path)
			out[i] = strings.TrimSuffix(name, filepath.Ext(name))
		}
	}
	return out
}

func (c *csvFiles) run(ctx context.Context) {
	ticker := time.NewTicker(time.Duration(c.cfg.Poll))
	defer ticker.Stop()
	for ctx.Err() == nil {
		err := c.poll(ctx, time.Now())
		if ctx.Err() != nil {
			return
		}
		c.watch.report(err, time.Now())
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

// poll reads what has come since the last poll.
func (c *csvFiles) poll(ctx context.Context, now time.Time) error {
	newest := c.newest
	failed, err := c.tail.Poll(ctx, func(path string, row dataset.Row) error {
		err := c.intake.push(c.labels(path, &row), row.Time, row.Values)
		if row.Time.After(c.newest) {
			c.newest = row.Time
		}
		return err
	})
	if err != nil {
		return err
	}
	if c.newest.After(newest) { // no sooner: files are read one after the other
		if err := c.intake.tick(csvSource, c.newest); err != nil {
			return err
		}
	}
	if now.Sub(c.noted) >= noteEvery {
		c.noted = now
		if err := c.tail.Save(); err != nil {
			slog.Error("the position in the files is not saved", "err", err)
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d files cannot be read", failed)
	}
	c.intake.exporter.succeeded(csvSource, now)
	return nil
}

func (c *csvFiles) ready() error {
	if c.intake.exporter.lastSuccess(csvSource).IsZero() {
		return errors.New("the files have not been read yet")
	}
	return nil
}

func (c *csvFiles) save() error       { return nil } // poll does
func (c *csvFiles) forget(_ []string) {}
func (c *csvFiles) close() error      { return c.tail.Close() }
