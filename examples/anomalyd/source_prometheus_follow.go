package main

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

const chunkSteps = 250 // of a query: bounds the size of an answer

// follower asks a Prometheus, first for what it has of the past and then step by step. What
// cannot be read now is read later.
type follower struct {
	client *prometheusClient
	intake *intake
	watch  *outage

	interval, delay, lookback time.Duration
}

func newFollower(in *intake) (*follower, error) {
	client, err := newPrometheusClient(in.cfg)
	if err != nil {
		return nil, err
	}
	if until := in.streams.until(); !until.IsZero() {
		in.clocks[prometheusSource] = until
	}
	p := in.cfg.Sources.Prometheus
	return &follower{client, in, &outage{name: prometheusSource},
		time.Duration(in.cfg.Interval), time.Duration(*p.Delay), time.Duration(p.Lookback)}, nil
}

func (f *follower) run(ctx context.Context) {
	ticker := time.NewTicker(f.interval)
	defer ticker.Stop()
	for ctx.Err() == nil {
		err := f.poll(ctx, time.Now())
		if ctx.Err() != nil {
			return
		}
		f.report(err, time.Now())
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

// poll reads what has come since the last poll.
func (f *follower) poll(ctx context.Context, now time.Time) error {
	end := now.Add(-f.delay).Truncate(f.interval)
	until := f.intake.streams.until()
	from := until.Add(f.interval)
	if earliest := end.Add(-f.lookback); from.Before(earliest) {
		if !until.IsZero() {
			slog.Warn("what is older than the lookback is left out", "from", from, "to", earliest)
		}
		from = earliest
	}
	for !from.After(end) {
		to := from.Add((chunkSteps - 1) * f.interval)
		if to.After(end) {
			to = end
		}
		set, err := f.client.query(ctx, from, to, f.interval)
		if err != nil {
			return err
		}
		if err := f.take(set, to); err != nil {
			return err
		}
		from = to.Add(f.interval)
	}
	return nil
}

// take gives a set of rows on, which end with time to.
func (f *follower) take(set *rowSet, to time.Time) error {
	f.intake.exporter.ambiguous.Add(float64(set.ambiguous))
	if set.ambiguous > 0 {
		slog.Debug("series with the same labels: aggregate them in the query, or name more labels in by", "series", set.ambiguous)
	}
	for _, r := range set.rows() {
		if err := f.intake.push(r.labels, r.time, r.values); err != nil {
			return err
		}
	}
	if err := f.intake.tick(prometheusSource, to); err != nil {
		return err
	}
	f.intake.streams.setUntil(to)
	return nil
}

func (f *follower) report(err error, now time.Time) {
	f.intake.exporter.polled(err, now)
	f.watch.report(err, now)
}

// ready reports whether the source answers and has been read up to now.
func (f *follower) ready() error {
	last := f.intake.exporter.lastSuccess(prometheusSource)
	if last.IsZero() {
		return errors.New("the source has not been read yet")
	}
	if age := time.Since(last); age > max(5*f.interval, 10*time.Second) {
		return errors.New("the source has not answered for " + age.Round(time.Second).String())
	}
	return nil
}

func (f *follower) save() error       { return nil } // the streams hold its position
func (f *follower) forget(_ []string) {}
func (f *follower) close() error      { return nil }
