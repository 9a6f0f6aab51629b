package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dataset"
)

// check looks at every source once and says what it makes of it.
func check(ctx context.Context, c *config, out io.Writer) (err error) {
	if c.Sources.Prometheus != nil {
		err = checkPrometheus(ctx, c, out)
	}
	for name, r := range c.Sources.receivers() {
		fmt.Fprintf(out, "%s: waits for requests at http://%s%s\n", name, c.Listen, r.Path)
	}
	if c.Sources.CSV != nil {
		err = errors.Join(err, checkCSV(c, out))
	}
	if c.Training.WarmUp < 10*dagmm.ContextWarmUp {
		fmt.Fprintf(out, "note: a model of %d samples knows little\n", c.Training.WarmUp)
	}
	return err
}

// checkPrometheus asks every query once.
func checkPrometheus(ctx context.Context, c *config, out io.Writer) error {
	client, err := newPrometheusClient(c)
	if err != nil {
		return err
	}
	interval, p := time.Duration(c.Interval), c.Sources.Prometheus
	end := time.Now().Add(-time.Duration(*p.Delay)).Truncate(interval)
	set, err := client.query(ctx, end.Add(-2*interval), end, interval)
	if err != nil {
		return err
	}
	names, with := len(set.streams), make([]int, len(c.Metrics))
	for _, from := range set.streams {
		for j, series := range from.series {
			if series != nil && !from.twice[j] {
				with[j]++
			}
		}
	}
	for j, m := range c.Metrics {
		fmt.Fprintf(out, "%s: %d of %d streams have it\n", m.Name, with[j], names)
	}
	switch {
	case names == 0:
		return errors.New("the source has no series for any query")
	case set.ambiguous > 0:
		return fmt.Errorf("%d series are left out because others have the same %v: aggregate them in the query, or name more labels in by", set.ambiguous, c.By)
	case names > c.MaxStreams:
		return fmt.Errorf("%d streams, max_streams is %d", names, c.MaxStreams)
	}
	for j, n := range with {
		if n == 0 {
			return fmt.Errorf("%s has no series", c.Metrics[j].Name)
		}
	}
	if past := int(time.Duration(p.Lookback) / interval); past < c.Training.WarmUp {
		fmt.Fprintf(out, "note: the lookback holds %d samples and a first model needs %d: the rest comes live\n", past, c.Training.WarmUp)
	}
	return nil
}

// checkCSV reads the beginning of every file.
func checkCSV(c *config, out io.Writer) error {
	opt, err := c.Sources.CSV.options(c)
	if err != nil {
		return err
	}
	var paths []string
	for _, pattern := range c.Sources.CSV.Files {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return fmt.Errorf("%s: %w", pattern, err)
		}
		if len(found) == 0 {
			fmt.Fprintf(out, "note: %s is not there yet\n", pattern)
		}
		paths = append(paths, found...)
	}
	var problems error
	for _, path := range paths {
		if err := checkFile(path, opt, out); err != nil {
			problems = errors.Join(problems, fmt.Errorf("%s: %w", path, err))
		}
	}
	return problems
}

func checkFile(path string, opt dataset.CSVOptions, out io.Writer) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	opt.SkipBadRows = true
	r, err := dataset.NewReader(f, opt)
	if err != nil {
		return err
	}
	if !r.HasTimes() {
		return errors.New("its rows have no times: name their column with sources.csv.time")
	}
	row, err := r.Next()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %s, the first row at %s\n", path, strings.Join(r.Columns(), ", "), row.Time.Format(time.RFC3339))
	for _, note := range r.Notes() {
		fmt.Fprintf(out, "  note: %s\n", note)
	}
	return nil
}
