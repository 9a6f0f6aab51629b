package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
)

// check asks the source every query once and says what it makes of the answers.
func check(ctx context.Context, c *config, out io.Writer) error {
	src, err := newSource(c)
	if err != nil {
		return err
	}
	interval := time.Duration(c.Source.Interval)
	end := time.Now().Add(-time.Duration(*c.Source.Delay)).Truncate(interval)
	set, err := src.query(ctx, end.Add(-2*interval), end, interval)
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
	if past := int(time.Duration(c.Source.Lookback) / interval); past < c.Training.WarmUp {
		fmt.Fprintf(out, "note: the lookback holds %d samples and a first model needs %d: the rest comes live\n", past, c.Training.WarmUp)
	}
	if c.Training.WarmUp < 10*dagmm.ContextWarmUp {
		fmt.Fprintf(out, "note: a model of %d samples knows little\n", c.Training.WarmUp)
	}
	return nil
}
