// Anomalyd watches the metrics of many hosts: it takes them from a Prometheus, by remote write,
// by OTLP or from CSV files, learns what is usual for each host, scores every new sample, exports
// the scores as metrics, and sends alarms to Alertmanager, a webhook or standard output.
// README.md says how.
//
//	anomalyd -config anomaly.yml -check    # is the file right, and what do the sources have?
//	anomalyd -config anomaly.yml
//
// SIGINT or SIGTERM ends it; it goes on where it stopped.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/metric-streams/anomaly/dagmm/monitor"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run returns the exit status: 0, 1 where something failed, 2 where arguments or
// configuration are wrong.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f := flag.NewFlagSet("anomalyd", flag.ContinueOnError)
	f.SetOutput(stderr)
	path := f.String("config", "anomaly.yml", "configuration `file`")
	only := f.Bool("check", false, "check the configuration, look at the sources once, and end")
	health := f.Bool("health", false, "ask the program that runs with the configuration whether it is healthy, and end")
	format := f.String("log", "text", "format of the log: text or json")
	debug := f.Bool("debug", false, "log more")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil || f.NArg() > 0 {
		fmt.Fprintln(stderr, "anomalyd: there are only flags")
		return 2
	}
	slog.SetDefault(slog.New(logHandler(stderr, *format, *debug)))
	cfg, err := loadConfig(*path)
	if err != nil {
		fmt.Fprintln(stderr, "anomalyd:", err)
		return 2
	}
	switch {
	case *only:
		err = check(ctx, cfg, stdout)
	case *health:
		err = askHealth(ctx, cfg)
	default:
		err = watch(ctx, cfg, stdout, func(address string) { slog.Info("listening", "address", address) })
	}
	if err != nil {
		fmt.Fprintln(stderr, "anomalyd:", err)
		return 1
	}
	return 0
}

func logHandler(w io.Writer, format string, debug bool) slog.Handler {
	o := &slog.HandlerOptions{}
	if debug {
		o.Level = slog.LevelDebug
	}
	if format == "json" {
		return slog.NewJSONHandler(w, o)
	}
	return slog.NewTextHandler(w, o)
}

// watch runs until ctx ends. listening is told the address.
func watch(ctx context.Context, cfg *config, stdout io.Writer, listening func(address string)) (err error) {
	known, err := openStreams(filepath.Join(cfg.Dir, "position.json"), cfg.By)
	if err != nil {
		return err
	}
	e := newExporter(cfg.By, cfg.Sources.stale(time.Duration(cfg.Interval)))
	for name, labels := range known.all() {
		e.know(name, labels)
	}
	to, err := newReceivers(cfg, e, stdout)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.close()) }()
	mc, err := cfg.monitor()
	if err != nil {
		return err
	}
	mc.Handle, mc.Scored = to.handle, e.scored
	page := newPage(cfg, &mc, e)
	if len(to.couriers) > 0 {
		mc.Delivered = to.delivered
	}
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return err
	}
	m, err := monitor.Open(mc)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	page.Watch(m)
	defer page.Close() // before the Monitor
	e.resume(m.OpenAlarms())
	in := newIntake(cfg, m, e, page, known)
	if err := in.open(); err != nil {
		return errors.Join(err, listener.Close(), in.close())
	}
	listening(listener.Addr().String())
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var parts sync.WaitGroup
	for _, one := range append(in.parts(), to.parts(m)...) {
		parts.Go(func() { one(ctx) })
	}
	served := serve(ctx, listener, (&service{cfg, m, in}).handler())
	cancel()
	parts.Wait()
	slog.Info("stopping; the state is saved")
	return errors.Join(served, in.close())
}

// askHealth asks the program that listens whether it is healthy: for containers, which have no
// other program to ask with.
func askHealth(ctx context.Context, cfg *config) error {
	host, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/-/healthy", http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}
