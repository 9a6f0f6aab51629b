// Stream replays a CSV of one or more hosts through dagmm.Monitor, as a monitoring
// service would feed it, and prints the alarms as an operator wants to read them.
//
//	go run ./examples/stream -in host.csv -columns cpu,mem,disk,net_in -time ts
//	tail -f host.csv | go run ./examples/stream -in - -follow -columns cpu,mem,disk,net_in
//
// With -host the named column tells hosts apart. With -state the monitor keeps its state
// in a folder: stop the program at any point, start it again, and it goes on. Without
// -follow the models are trained in turn with the samples, so that a replay prints the
// same alarms every time; -speed 60 replays an hour in a minute.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
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
	f.StringVar(&o.in, "in", "-", "CSV file with a header, - for standard input")
	f.StringVar(&o.columns, "columns", "", "metrics, separated by commas")
	f.StringVar(&o.timeColumn, "time", "time", "column with the time: RFC 3339, or seconds since 1970")
	f.StringVar(&o.host, "host", "", "column that tells hosts apart; empty: all rows are one host's")
	f.StringVar(&o.state, "state", "", "folder for the monitor's state; empty keeps none")
	f.BoolVar(&o.follow, "follow", false, "rows come live: train in the background, wait for more rows")
	f.Float64Var(&o.speed, "speed", 0, "times faster than recorded; 0 is as fast as possible")
	f.Float64Var(&o.budget, "budget", 1, "alarms a day and host")
	f.BoolVar(&o.seasonal, "seasonal", false, "take the time of day and of the week out, once the data show it")
	f.BoolVar(&o.adapt, "adapt", false, "let the models follow slow change between trainings")
	f.DurationVar(&o.interval, "interval", time.Minute, "between samples")
	f.IntVar(&o.warmUp, "warmup", 1000, "samples before the first model")
	f.IntVar(&o.steps, "steps", 2000, "of a training")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.columns == "" {
		return o, errors.New("no -columns")
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	in := stdin
	if o.in != "-" {
		f, err := os.Open(o.in)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	columns := strings.Split(o.columns, ",")
	detector := dagmm.DetectorConfig{Budget: o.budget}
	if o.adapt {
		detector.Adapt = &dagmm.AdaptConfig{}
	}
	var mu sync.Mutex // hosts may have events at the same time
	m, err := dagmm.OpenMonitor(dagmm.MonitorConfig{
		Columns: columns, Train: trainer(o.steps), Interval: o.interval, Dir: o.state, WarmUp: o.warmUp, Synchronous: !o.follow,
		Detector: detector, Seasonal: o.seasonal,
		Handle: func(e dagmm.Event) {
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintln(stdout, e)
		},
	})
	if err != nil {
		return err
	}
	rows, err := newRows(in, o, columns)
	if err == nil {
		err = replay(ctx, m, rows, o.speed)
	}
	summary(stdout, m.Stats())
	return errors.Join(err, m.Close())
}

// trainer makes the models: this is the only place that needs the training library.
func trainer(steps int) dagmm.TrainFunc {
	return func(ctx context.Context, w *dagmm.Window) (*dagmm.Model, error) {
		cfg := train.Series()
		cfg.Columns, cfg.Exclude, cfg.Times, cfg.Seed, cfg.MinSteps = w.Columns, w.Exclude, w.Times, w.Number, steps
		m, _, err := train.Fit(ctx, w.X, cfg)
		return m, err
	}
}

// replay pushes the rows, at the pace of their times divided by speed.
func replay(ctx context.Context, m *dagmm.Monitor, rows *rows, speed float64) error {
	var first time.Time
	began := time.Now()
	for {
		r, err := rows.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if first.IsZero() {
			first = r.time
		}
		if speed > 0 {
			due := began.Add(time.Duration(float64(r.time.Sub(first)) / speed))
			select {
			case <-ctx.Done():
			case <-time.After(time.Until(due)):
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		if err := m.Push(r.host, r.time, r.values); err != nil {
			return err
		}
		if err := m.Tick(r.time); err != nil {
			return err
		}
	}
}

func summary(w io.Writer, s dagmm.MonitorStats) {
	fmt.Fprintf(w, "%d samples of %d hosts (%d dropped), %d alarms, %d still open; %d models trained, %d refused, %d failed\n",
		s.Samples, s.Streams, s.Dropped, s.Alarms, s.OpenAlarms, s.Trained, s.Kept, s.Failed)
}
