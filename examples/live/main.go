// Live serves the live page of three made-up hosts, one of which has a fault when you press
// Enter:
//
//	go run ./examples/live
//
// Open the address that it prints, press Enter in the terminal, and the page shows the alarm
// a few seconds later. Call it true or false, or say for how long it is expected. The program ends
// with Ctrl-C, and keeps nothing.
package main

import (
	"bufio"
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
	"syscall"
	"time"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dagmm/report/live"
	"github.com/metric-streams/anomaly/dagmm/train"
	"github.com/metric-streams/anomaly/dataset"
)

const history = 600 // samples of each host that there are at the start

// demo is what the program does.
type demo struct {
	listen, token string
	interval      time.Duration // between the samples of a host
}

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "address of the page; elsewhere than on the loopback it needs ANOMALY_TOKEN in the environment")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	d := demo{listen: *listen, token: os.Getenv("ANOMALY_TOKEN"), interval: time.Second}
	err := d.run(ctx, os.Stdin, os.Stdout)
	stop()
	if err != nil {
		slog.Error(err.Error())
		os.Exit(1)
	}
}

// run serves the page until ctx ends. Each line of in makes a fault.
func (d demo) run(ctx context.Context, in io.Reader, out io.Writer) error {
	page := live.New(live.Config{Title: "Made-up hosts", Units: []string{"%", "%", "%", "bit/s"}, Token: d.token})
	m, err := monitor.Open(monitor.Config{
		Columns:  dataset.HostMetrics(),
		Train:    train.Windows(train.Metrics()),
		Interval: d.interval,
		WarmUp:   history / 2,
		Detector: alarm.Config{
			Budget: 24,       // false alarms a day and host; 1 where a sample comes once a minute
			Open:   2, Of: 3, // samples above the threshold that make an alarm
			Merge: -1, // a second fault is a second alarm
		},
		// Trainings within Push, so that the history is scored too. A service leaves them to the background.
		Synchronous: true,
		Scored:      page.Scored,
		Handle:      page.Handle,
	})
	if err != nil {
		return err
	}
	page.Watch(m)
	defer func() {
		page.Close()
		_ = m.Close() // it keeps nothing
	}()

	listener, err := net.Listen("tcp", d.listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: page, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	server.RegisterOnShutdown(page.Close)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Fprintf(out, "Open http://%s, and press Enter here for a fault.\n", listener.Addr())

	fed := make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { fed <- d.feed(ctx, m, lines(ctx, in), out) }()
	select {
	case err = <-served:
		cancel()
		return errors.Join(err, <-fed)
	case err = <-fed:
	}
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(err, server.Shutdown(grace))
}

// lines sends something for each line.
func lines(ctx context.Context, in io.Reader) <-chan struct{} {
	out := make(chan struct{})
	go func() {
		for s := bufio.NewScanner(in); s.Scan(); {
			select {
			case out <- struct{}{}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}
