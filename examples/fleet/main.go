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
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/metric-streams/anomaly/dataset"
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
	o.stdout, o.stderr = stdout, stderr
	if err := role(ctx, o); err != nil {
		fmt.Fprintf(stderr, "fleet: %v\n", err)
		return 1
	}
	return 0
}

var roles = map[string]func(context.Context, *options) error{
	"demo":   demo,
	"scale":  scale,
	"server": serve,
	"worker": work,
	"train":  work,
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
	s, err := watch.Serve(watch.ServerConfig{Host: host, Port: n, Dir: o.dir, Sync: o.sync})
	if err != nil {
		return err
	}
	<-ctx.Done()
	s.Shutdown()
	s.WaitForShutdown()
	return nil
}

// work runs a worker until ctx is done.
func work(ctx context.Context, o *options) error {
	nc, err := watch.Dial(o.url, o.name)
	if err != nil {
		return err
	}
	defer nc.Close()
	f, err := watch.Open(ctx, nc, o.settings, o.storage)
	if err != nil {
		return err
	}
	c := o.worker
	c.Name, c.Only = o.name, o.role == "train"
	if o.verbose {
		c.Log = log.New(o.stderr, "", log.Ltime|log.Lmicroseconds)
	}
	return watch.NewWorker(f, c).Run(ctx)
}

// demo shows the fleet.
func demo(ctx context.Context, o *options) error {
	self, dir, remove, err := o.place()
	if err != nil {
		return err
	}
	defer remove()
	d := o.drive(self, dir)
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
	o.unless("hosts", func() { o.hosts = 2000 })
	o.unless("interval", func() { o.settings.Interval = time.Second })
	o.unless("lateness", func() { o.settings.Lateness = 0 })
	o.unless("warmup", func() { o.settings.WarmUp = 300 })
	o.unless("save", func() { o.worker.Save = 30 * time.Second })
	o.unless("silent", func() { o.worker.Silent = 2 * time.Second })
	self, dir, remove, err := o.place()
	if err != nil {
		return err
	}
	defer remove()
	cost, err := watch.Measure(o.settingsOf(time.Minute), costHosts, costSamples)
	if err != nil {
		return err
	}
	fmt.Fprintln(o.stdout, cost)
	rows, err := drive.Scale(ctx, o.drive(self, dir), []int{1, 2, 4})
	for _, r := range rows {
		fmt.Fprintln(o.stdout, r)
	}
	return err
}

// costHosts of costSamples are measured alone: their windows are full.
const (
	costHosts   = 20
	costSamples = 9 * 1440 // nine days
)

// settingsOf returns the settings with another interval.
func (o *options) settingsOf(interval time.Duration) watch.Settings {
	s := o.settings
	s.Interval = interval
	s.WarmUp = 1000
	return s
}

// unless sets a default of a role, unless the flag was given.
func (o *options) unless(name string, set func()) {
	if !o.given[name] {
		set()
	}
}

// place returns this program's file, and a folder for the server.
func (o *options) place() (self, dir string, remove func(), err error) {
	if self, err = os.Executable(); err != nil || o.dir != "" {
		return self, o.dir, func() {}, err
	}
	dir, err = os.MkdirTemp("", "fleet")
	return self, dir, func() { _ = os.RemoveAll(dir) }, err
}

// drive returns what happens in a demonstration.
func (o *options) drive(self, dir string) drive.Options {
	const (
		killPace    = 3 * time.Second
		killLong    = 2   // silences
		mess        = .02 // of the samples, where faults are wanted
		rowsOfFault = 400 // more samples of each host, at most, for each fault
	)
	d := drive.Options{Command: []string{self}, Dir: dir, Out: o.stdout, Settings: o.settings, Hosts: o.hosts, Rows: o.rows, MaxRows: o.rows + rowsOfFault*o.faults,
		Rate: o.rate, Workers: o.workers, Trainers: o.trainers, Save: o.worker.Save, Silent: o.worker.Silent, Seed: o.settings.Seed, Pace: killPace}
	d.Settings.Ticks = false // the samples' clock is not that of the workers
	for range o.kills {
		d.Faults = append(d.Faults, drive.Fault{Kind: drive.Kill, Long: killLong})
	}
	if o.faults > 0 {
		d.Mess, d.Pace = mess, o.worker.Silent
		d.Faults = append(d.Faults, drive.RandomFaults(o.faults, append(drive.Kinds(), drive.Link), o.settings.Seed)...)
	}
	return d
}

type options struct {
	role, url, name, dir, listen string
	sync, verbose                bool
	hosts, rows, workers, kills  int
	trainers, faults             int
	rate                         float64
	settings                     watch.Settings
	storage                      watch.Storage
	worker                       watch.Config
	given                        map[string]bool // flags
	stdout, stderr               io.Writer
}

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{given: map[string]bool{}}
	f := flag.NewFlagSet("fleet", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.role, "role", "demo", "what this process is: demo, server, worker, train (a worker that only trains)")
	f.StringVar(&o.url, "url", "nats://127.0.0.1:4222", "servers of NATS, for worker, train and generate")
	f.StringVar(&o.name, "name", "", "name of the worker, for people")
	f.StringVar(&o.dir, "dir", "", "folder of the server's streams; \"\" means a temporary one")
	f.StringVar(&o.listen, "listen", "127.0.0.1:4222", "address of the server")
	f.BoolVar(&o.sync, "sync", false, "server: write through to the disk before acknowledging")
	f.BoolVar(&o.verbose, "verbose", false, "worker: log to standard error")
	f.IntVar(&o.hosts, "hosts", 60, "demo: hosts")
	f.IntVar(&o.rows, "samples", 600, "demo: samples of each host, at least")
	f.Float64Var(&o.rate, "rate", 0, "demo: samples a second; 0 means as fast as they are acknowledged")
	f.IntVar(&o.workers, "workers", 3, "demo: workers")
	f.IntVar(&o.trainers, "trainers", 0, "demo: workers that only train")
	f.IntVar(&o.kills, "kills", 1, "demo: workers to kill")
	f.IntVar(&o.faults, "faults", 0, "demo: further faults of all kinds")
	s := &o.settings
	s.Columns = dataset.HostMetrics()
	f.IntVar(&s.Partitions, "partitions", 12, "partitions of the hosts; cannot change later")
	f.DurationVar(&s.Interval, "interval", time.Minute, "between the samples of a host")
	f.DurationVar(&s.Lateness, "lateness", 3*time.Minute, "samples wait so long for earlier ones")
	f.IntVar(&s.WarmUp, "warmup", 200, "samples before the first training")
	f.DurationVar(&s.Retrain, "retrain", 24*time.Hour, "between trainings")
	f.Float64Var(&s.Budget, "budget", 1, "false alarms a day and host")
	f.StringVar(&s.Preset, "preset", "metrics", "training: metrics, series or pca")
	f.Uint64Var(&s.Seed, "seed", 1, "of trainings, hosts and faults")
	f.BoolVar(&s.Ticks, "ticks", true, "workers tell the time, by their clocks")
	w := &o.worker
	f.DurationVar(&w.Save, "save", 2*time.Second, "a host's state is stored so long after its first new sample")
	f.DurationVar(&w.Silent, "silent", time.Second, "a worker not heard of for so long has lost its partitions")
	f.IntVar(&o.storage.Replicas, "replicas", 1, "of each stream, in a cluster")
	err := f.Parse(args)
	f.Visit(func(f *flag.Flag) { o.given[f.Name] = true })
	return o, err
}
