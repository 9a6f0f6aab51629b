// Record samples this host's CPU, memory, disk and network at a steady
// interval and writes them as CSV, ready to be searched for anomalies.
//
//	record -interval 1s -n 1200 -out host.csv
//
// Columns: time (RFC 3339 with milliseconds, the end of the interval), cpu
// (busy share of all cores, percent), mem (memory in use, percent), disk (time
// with I/O under way on the busiest disk, percent), net_in (received, bits per
// second) and, with -label, label (1 while the label file is not empty). Rates
// are taken over the time that really passed. A value that can't be told, as
// when a counter starts afresh, is an empty cell.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

type options struct {
	interval, duration time.Duration
	rows               int
	out, label         string
	extend             bool
	host               host
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("record", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.DurationVar(&o.interval, "interval", time.Second, "time from sample to sample")
	fs.DurationVar(&o.duration, "duration", 0, "stop after this time; 0 records until interrupted")
	fs.IntVar(&o.rows, "n", 0, "stop after this many rows; 0 for no limit")
	fs.StringVar(&o.out, "out", "", "CSV file to write; standard output if empty")
	fs.BoolVar(&o.extend, "append", false, "add to an existing recording")
	fs.StringVar(&o.label, "label", "", "`file` that is not empty while rows are to be labelled; adds the label column")
	fs.StringVar(&o.host.net, "net", "", "`interfaces` to count, separated by commas; all counts every one, empty every one but the loopback")
	fs.StringVar(&o.host.disk, "disk", "", "`device` to watch, such as sda; empty takes the busiest disk")
	fs.BoolVar(&o.host.skipNice, "skip-nice", false, "count processes of low priority (nice) as idle in cpu")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	switch {
	case fs.NArg() > 0:
		return o, fmt.Errorf("record: unknown argument %q", fs.Arg(0))
	case o.interval < 10*time.Millisecond:
		return o, fmt.Errorf("record: -interval %v is under 10ms", o.interval)
	case o.rows < 0 || o.duration < 0:
		return o, fmt.Errorf("record: -n %d and -duration %v must not be negative", o.rows, o.duration)
	case o.extend && o.out == "":
		return o, fmt.Errorf("record: -append needs -out")
	}
	return o, nil
}

// run returns the exit status: 2 for a wrong command line or a host that
// can't be read as asked, 1 for a failure on the way.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if err == flag.ErrHelp {
		return 0
	}
	if err == nil {
		_, err = o.host.Read() // before any file is made
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	if o.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.duration)
		defer cancel()
	}
	if err := record(ctx, o, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

func record(ctx context.Context, o options, stdout, stderr io.Writer) (err error) {
	t := &table{w: stdout, labelled: o.label != ""}
	fresh := true
	if o.out != "" {
		var f *os.File
		if f, fresh, err = openOut(o.out, t.header(), o.extend); err != nil {
			return err
		}
		defer func() { err = firstError(err, f.Sync(), f.Close()) }()
		t.w = f
	}
	if fresh {
		if err := t.writeHeader(); err != nil {
			return err
		}
	}
	r := &recorder{sampler: o.host, table: t, interval: o.interval, rows: o.rows, label: o.label,
		failed: func(err error) { fmt.Fprintln(stderr, err) }}
	return r.run(ctx)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
