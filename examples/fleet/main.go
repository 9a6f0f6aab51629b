// Fleet watches a fleet of hosts with as many workers as wanted, on NATS JetStream. Without
// arguments it shows itself: it starts a server, three workers and a generator, kills a worker,
// and compares the alarms with those of one Monitor. README.md says more.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/metric-streams/anomaly/examples/fleet/drive"
	"github.com/metric-streams/anomaly/examples/fleet/watch"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run returns the exit status: 0, 1 where something failed, 2 where the arguments are wrong.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2
	}
	role := roles[o.role]
	if role == nil {
		fmt.Fprintf(stderr, "fleet: there is no role %q: see -help\n", o.role)
		return 2
	}
	o.stdout = stdout
	if err := role(ctx, o); err != nil {
		fmt.Fprintf(stderr, "fleet: %v\n", err)
		return 1
	}
	return 0
}

var roles = map[string]func(context.Context, *options) error{
	"demo":     demo,
	"scale":    scale,
	"server":   serve,
	"worker":   work,
	"train":    work,
	"generate": generate,
}

// serve runs a server until ctx is done.
func serve(ctx context.Context, o *options) error {
	host, port, err := net.SplitHostPort(o.listen)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return fmt.Errorf("port of %s: %w", o.listen, err)
	}
	dir, remove, err := o.folder()
	if err != nil {
		return err
	}
	defer remove()
	s, err := watch.Serve(watch.ServerConfig{Host: host, Port: n, Dir: dir, Sync: o.sync})
	if err != nil {
		return err
	}
	fmt.Fprintf(o.stdout, "NATS with JetStream on %s, streams in %s\n", s.ClientURL(), dir)
	<-ctx.Done()
	s.Shutdown()
	s.WaitForShutdown()
	return nil
}

// fleet connects to the fleet.
func (o *options) fleet(ctx context.Context) (*watch.Fleet, func(), error) {
	nc, err := watch.Dial(o.url, o.name)
	if err != nil {
		return nil, nil, err
	}
	o.storage.Adopt = o.adopts()
	f, err := watch.Open(ctx, nc, o.settings, o.storage)
	if err != nil {
		nc.Close()
		return nil, nil, err
	}
	return f, nc.Close, nil
}

// work runs a worker until ctx is done.
func work(ctx context.Context, o *options) error {
	f, hangUp, err := o.fleet(ctx)
	if err != nil {
		return unlessEnded(ctx, err)
	}
	defer hangUp()
	c := o.worker
	c.Name, c.Only = o.name, o.role == "train"
	if o.verbose {
		c.Log = log.New(o.stderr, "", log.Ltime|log.Lmicroseconds)
	}
	w := watch.NewWorker(f, c)
	if o.health != "" {
		s, err := o.answer(w)
		if err != nil {
			return err
		}
		defer s.Close()
	}
	return w.Run(ctx)
}

// answer starts a server of HTTP for probes.
func (o *options) answer(w *watch.Worker) (*http.Server, error) {
	l, err := net.Listen("tcp", o.health)
	if err != nil {
		return nil, err
	}
	s := &http.Server{Handler: w, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.Serve(l) }() // ends with Close
	return s, nil
}

// generate publishes the samples of made-up hosts, by the clock.
func generate(ctx context.Context, o *options) error {
	f, hangUp, err := o.fleet(ctx)
	if err != nil {
		return unlessEnded(ctx, err)
	}
	defer hangUp()
	return unlessEnded(ctx, drive.Generate(ctx, f, o.hosts, o.stdout))
}

// unlessEnded returns err, unless the process was asked to end: it may have waited for a server.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// demo shows the fleet.
func demo(ctx context.Context, o *options) error {
	d, remove, err := o.drive()
	if err != nil {
		return err
	}
	defer remove()
	fmt.Fprintf(o.stdout, "%d hosts in %d partitions, %d workers, a server, a generator\n", o.hosts, o.settings.Partitions, o.workers)
	r, err := drive.Run(ctx, d)
	if err != nil {
		return err
	}
	fmt.Fprintln(o.stdout, r)
	if !r.OK() {
		return errors.New("the fleet and one Monitor differ")
	}
	return nil
}

// scale measures fleets of 1, 2 and 4 workers.
func scale(ctx context.Context, o *options) error {
	const (
		hosts   = 20
		samples = 9 * 1440 // nine days: the window is full
	)
	s := o.settings
	s.Interval, s.WarmUp = time.Minute, 1000
	cost, err := watch.Measure(s, hosts, samples)
	if err != nil {
		return err
	}
	fmt.Fprintln(o.stdout, cost)
	d, remove, err := o.drive()
	if err != nil {
		return err
	}
	defer remove()
	_, err = drive.Scale(ctx, d, []int{1, 2, 4})
	return err
}

// folder returns that of the server.
func (o *options) folder() (dir string, remove func(), err error) {
	if o.dir != "" {
		return o.dir, func() {}, nil
	}
	dir, err = os.MkdirTemp("", "fleet")
	return dir, func() { _ = os.RemoveAll(dir) }, err
}

// drive returns what happens in a demonstration.
func (o *options) drive() (drive.Options, func(), error) {
	const (
		killPace    = 3 * time.Second
		killLong    = 2   // silences
		mess        = .02 // of the samples, where faults are wanted
		rowsOfFault = 400 // more samples of each host, at most, for each fault
	)
	self, err := os.Executable()
	if err != nil {
		return drive.Options{}, nil, err
	}
	dir, remove, err := o.folder()
	if err != nil {
		return drive.Options{}, nil, err
	}
	d := drive.Options{Command: []string{self}, Dir: dir, Out: o.stdout, Settings: o.settings, Hosts: o.hosts, Rows: o.samples,
		MaxRows: o.samples + rowsOfFault*o.faults, Rate: o.rate, Workers: o.workers, Trainers: o.trainers, Save: o.worker.Save,
		Silent: o.worker.Silent, Seed: o.settings.Seed, Pace: killPace}
	d.Settings.Ticks = false // the samples' clock is not that of the workers
	for range o.kills {
		d.Faults = append(d.Faults, drive.Fault{Kind: drive.Kill, Long: killLong})
	}
	if o.faults > 0 {
		d.Mess, d.Pace = mess, o.worker.Silent
		d.Faults = append(d.Faults, drive.RandomFaults(o.faults, append(drive.Kinds(), drive.Link), o.settings.Seed)...)
	}
	return d, remove, nil
}
