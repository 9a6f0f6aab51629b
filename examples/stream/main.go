// Stream replays a CSV of one or more hosts through monitor.Monitor, as a monitoring
// service would feed it, and prints the alarms as an operator wants to read them.
//
//	go run ./examples/stream -in host.csv
//	go run ./examples/stream -in host.csv.gz -columns cpu,mem,disk,net_in -time ts
//	go run ./examples/stream -in host.csv -follow -columns cpu,mem,disk,net_in
//
// The CSV may be of any form that package dataset reads. With -host the named column tells
// hosts apart. With -state the monitor keeps its state in a folder: stop the program at any
// point, start it again, and it goes on. Without -follow models are trained in turn with the
// samples, so that a replay prints the same alarms every time; -speed 60 replays an hour in
// a minute. With -follow a file may grow, a pipe may be silent, hosts that send nothing are
// reported, and SIGINT or SIGTERM ends the program.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dagmm/train"
)

type options struct {
	in, host, timeColumn, state string
	columns                     string
	follow, seasonal, adapt     bool
	speed, budget               float64
	interval                    time.Duration
	warmUp                      int
	steps                       int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "stream:", err)
		os.Exit(1)
	}
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("stream", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.in, "in", "-", "CSV file, plain or gzip'd; - for standard input")
	f.StringVar(&o.columns, "columns", "", "metrics, separated by commas; empty: every column of numbers but the time")
	f.StringVar(&o.timeColumn, "time", "", "column with the time; empty: found by name and content")
	f.StringVar(&o.host, "host", "", "column that tells hosts apart; empty: all rows are one host's")
	f.StringVar(&o.state, "state", "", "folder for the monitor's state; empty keeps none")
	f.BoolVar(&o.follow, "follow", false, "rows come live: train in the background, wait for more rows at the end of a file")
	f.Float64Var(&o.speed, "speed", 0, "times faster than recorded; 0 is as fast as possible")
	f.Float64Var(&o.budget, "budget", 1, "false alarms a day and host; 0: no budget, the threshold is the 99th percentile of the training energies")
	f.BoolVar(&o.seasonal, "seasonal", false, "take the time of day and of the week out, once the data show it")
	f.BoolVar(&o.adapt, "adapt", false, "let the models follow slow change between trainings")
	f.DurationVar(&o.interval, "interval", time.Minute, "between samples")
	f.IntVar(&o.warmUp, "warmup", 1000, "samples before the first model")
	f.IntVar(&o.steps, "steps", 2000, "of a training")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.interval <= 0 {
		return o, fmt.Errorf("-interval %s is not positive", o.interval)
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	items := read(ctx, stdin, o)
	var columns []string
	select {
	case <-ctx.Done():
		return nil
	case first := <-items:
		if first.err != nil {
			return first.err
		}
		columns = first.columns
	}
	detector := alarm.Config{Budget: o.budget}
	if o.budget == 0 {
		detector.Budget = alarm.NoBudget
	}
	if o.adapt {
		detector.Adapt = &alarm.AdaptConfig{}
	}
	var mu sync.Mutex // hosts may have events at the same time
	m, err := monitor.Open(monitor.Config{
		Columns: columns, Train: trainer(o.interval, o.steps), Interval: o.interval, Dir: o.state, WarmUp: o.warmUp, Synchronous: !o.follow,
		Detector: detector, Seasonal: o.seasonal,
		Handle: func(e alarm.Event) {
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintln(stdout, e)
		},
	})
	if err != nil {
		return err
	}
	var ticks <-chan time.Time
	if o.follow {
		t := time.NewTicker(o.interval)
		defer t.Stop()
		ticks = t.C
	}
	err = replay(ctx, m, items, ticks, o.speed)
	summary(stdout, m.Stats())
	return errors.Join(err, m.Close())
}

// trainer makes the models: this is the only place that needs the training library.
func trainer(interval time.Duration, steps int) monitor.TrainFunc {
	cfg := train.Series()
	if interval < train.SeriesInterval {
		cfg = train.Metrics()
	}
	cfg.Optimizer.MinSteps = steps
	return train.Windows(cfg)
}

// replay pushes the rows, at the pace of their times divided by speed, until they end or
// ctx does. Without ticks the time of each row is now.
func replay(ctx context.Context, m *monitor.Monitor, rows <-chan item, ticks <-chan time.Time, speed float64) error {
	var first, newest time.Time // newest since the last tick
	began := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticks:
			// Rows of an old file say themselves what time it is.
			if !newest.IsZero() && newest.Before(now) {
				now = newest
			}
			newest = time.Time{}
			if err := m.Tick(now); err != nil {
				return err
			}
		case r, more := <-rows:
			if !more {
				return nil
			}
			if r.err != nil {
				return r.err
			}
			if first.IsZero() {
				first = r.Time
			}
			if speed > 0 {
				wait(ctx, began.Add(time.Duration(float64(r.Time.Sub(first))/speed)))
			}
			if r.Time.After(newest) {
				newest = r.Time
			}
			if err := m.Push(r.host, r.Time, r.Values); err != nil {
				return err
			}
			if ticks != nil {
				continue
			}
			if err := m.Tick(r.Time); err != nil {
				return err
			}
		}
	}
}

func wait(ctx context.Context, until time.Time) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Until(until)):
	}
}

func summary(w io.Writer, s monitor.Stats) {
	fmt.Fprintf(w, "%d samples of %d hosts (%d dropped), %d alarms, %d still open; %d models trained, %d refused, %d failed\n",
		s.Samples, s.Streams, s.Dropped, s.Alarms, s.OpenAlarms, s.Trained, s.Kept, s.Failed)
}
