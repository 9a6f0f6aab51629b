// Anomalyd watches what a Prometheus collects: it learns each host's metrics from its past,
// scores every new sample, exports the scores as metrics, and sends alarms to Alertmanager or
// to a webhook. README.md says how.
//
//	go run . -config anomaly.yml -check    # is the file right, and what does the source have?
//	go run . -config anomaly.yml
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
	only := f.Bool("check", false, "check the configuration, ask the source once, and end")
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
	if *only {
		err = check(ctx, cfg, stdout)
	} else {
		err = watch(ctx, cfg, func(address string) { slog.Info("listening", "address", address) })
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
func watch(ctx context.Context, cfg *config, listening func(address string)) (err error) {
	src, err := newSource(cfg)
	if err != nil {
		return err
	}
	at, err := openPosition(filepath.Join(cfg.Dir, "position.json"))
	if err != nil {
		return err
	}
	e := newExporter(cfg.By, time.Duration(*cfg.Source.Delay)+max(10*time.Duration(cfg.Source.Interval), time.Minute))
	for name, s := range at.Streams {
		e.know(name, s.Labels)
	}
	mc, err := cfg.monitor()
	if err != nil {
		return err
	}
	to := &receivers{exporter: e, maxAge: time.Duration(cfg.Alarms.MaxAge)}
	if cfg.Alertmanager != nil {
		if to.alertmanager, err = newAlertmanager(cfg, e); err != nil {
			return err
		}
	}
	if cfg.Webhook != nil {
		if to.webhook, err = newWebhook(cfg, e); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, to.webhook.outbox.close()) }()
		mc.Delivered = to.webhook.outbox.last
	}
	mc.Handle, mc.Scored = to.handle, e.scored
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return err
	}
	m, err := monitor.Open(mc)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	e.resume(m.OpenAlarms())
	listening(listener.Addr().String())
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var parts sync.WaitGroup
	part := func(f func()) {
		parts.Add(1)
		go func() {
			defer parts.Done()
			f()
		}()
	}
	part(func() { newFollower(cfg, src, m, e, at).run(ctx) })
	if to.alertmanager != nil {
		part(func() { to.alertmanager.run(ctx, m) })
	}
	if to.webhook != nil {
		part(func() { to.webhook.run(ctx) })
	}
	served := serve(ctx, listener, (&service{cfg, m, e}).handler())
	cancel()
	parts.Wait()
	slog.Info("stopping; the state is saved")
	return errors.Join(served, m.Close())
}
