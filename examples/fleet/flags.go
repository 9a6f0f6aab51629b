package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/metric-streams/anomaly/dataset"
	"github.com/metric-streams/anomaly/examples/fleet/watch"
)

// options are what the flags say.
type options struct {
	role, url, name, dir, listen, health string
	sync, verbose                        bool
	hosts, samples                       int
	rate                                 float64
	workers, trainers, kills, faults     int
	settings                             watch.Settings
	storage                              watch.Storage
	worker                               watch.Config

	given          map[string]bool // flags
	stdout, stderr io.Writer
}

// group is some of the flags, for the help.
type group struct {
	title string
	flags []string
}

var groups = []group{
	{"What this process does:", []string{"role"}},
	{"What decides on the alarms. The fleet stores it; a process that is started without these flags takes it from there:",
		[]string{"partitions", "interval", "lateness", "warmup", "retrain", "budget", "preset", "seed", "ticks"}},
	{"worker, train and generate:", []string{"url", "name", "health", "verbose", "replicas", "max-bytes"}},
	{"worker:", []string{"save", "silent", "waiting", "train-at-once"}},
	{"server:", []string{"listen", "dir", "sync"}},
	{"demo, scale and generate:", []string{"hosts"}},
	{"demo:", []string{"samples", "rate", "workers", "trainers", "kills", "faults"}},
}

const intro = `Fleet watches a fleet of hosts with as many workers as wanted, on NATS JetStream.

  fleet                                    shows itself: server, workers, generator; a worker is killed
  fleet -kills 0 -faults 20                the same with 20 faults of all kinds
  fleet -role server -dir data             a server; or take your own with -url
  fleet -role worker -url nats://HOST:4222 a worker; start as many as you want
  fleet -role scale                        measures fleets of 1, 2 and 4 workers (some minutes)

`

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{given: map[string]bool{}, stderr: stderr}
	f := flag.NewFlagSet("fleet", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() { usage(f, stderr) }
	f.StringVar(&o.role, "role", "demo", "`one` of demo, server, worker, train (a worker that only trains), generate (made-up hosts), scale")
	o.settingsFlags(f)
	o.processFlags(f)
	o.demoFlags(f)
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		err := fmt.Errorf("fleet: there are no arguments but flags: %q", f.Args())
		fmt.Fprintln(stderr, err)
		return nil, err
	}
	f.Visit(func(f *flag.Flag) { o.given[f.Name] = true })
	o.defaults()
	return o, nil
}

func (o *options) settingsFlags(f *flag.FlagSet) {
	s := &o.settings
	s.Columns = dataset.HostMetrics()
	f.IntVar(&s.Partitions, "partitions", 12, "`number` of partitions of the hosts; it cannot change later")
	f.DurationVar(&s.Interval, "interval", time.Minute, "`time` between the samples of a host")
	f.DurationVar(&s.Lateness, "lateness", 0, "`time` for which samples wait for earlier ones (demo: 3m)")
	f.IntVar(&s.WarmUp, "warmup", 1000, "`samples` before the first training (demo: 200)")
	f.DurationVar(&s.Retrain, "retrain", 24*time.Hour, "`time` between trainings of a host, by the samples' clock")
	f.Float64Var(&s.Budget, "budget", 1, "`number` of false alarms a day and host")
	f.StringVar(&s.Preset, "preset", "metrics", "`training`: metrics, series or pca")
	f.Uint64Var(&s.Seed, "seed", 1, "`number` that decides on trainings, and on made-up hosts and faults")
	f.BoolVar(&s.Ticks, "ticks", true, "workers tell the time, by their clocks")
}

func (o *options) processFlags(f *flag.FlagSet) {
	w := &o.worker
	f.StringVar(&o.url, "url", "nats://127.0.0.1:4222", "`addresses` of NATS servers")
	f.StringVar(&o.name, "name", "", "`name` of the process, for people")
	f.StringVar(&o.health, "health", "", "`address` that answers /healthz, /readyz and /stats; \"\" means none")
	f.BoolVar(&o.verbose, "verbose", false, "log to standard error")
	f.IntVar(&o.storage.Replicas, "replicas", 1, "`copies` of each stream in a cluster; the first process decides")
	f.Int64Var(&o.storage.MaxBytes, "max-bytes", 0, "`bytes` of samples; more are not acknowledged. 0 means what the server has. The first process decides")
	f.DurationVar(&w.Save, "save", 5*time.Minute, "`time` from a host's first new sample until its state is stored (demo: 2s)")
	f.DurationVar(&w.Silent, "silent", 5*time.Second, "`time` after which a worker that is not heard of has lost its partitions (demo: 1s)")
	f.IntVar(&w.Waiting, "waiting", 4096, "`messages` in memory for each partition")
	f.IntVar(&w.Trainers, "train-at-once", 1, "`number` of trainings at the same time; -1 means none")
	f.StringVar(&o.listen, "listen", "127.0.0.1:4222", "`address` of the server")
	f.StringVar(&o.dir, "dir", "", "`folder` of the server's streams; \"\" means a temporary one")
	f.BoolVar(&o.sync, "sync", false, "write through to the disk before anything is acknowledged")
}

func (o *options) demoFlags(f *flag.FlagSet) {
	f.IntVar(&o.hosts, "hosts", 60, "`number` of made-up hosts (scale: 2000)")
	f.IntVar(&o.samples, "samples", 600, "`number` of samples of each host, at least")
	f.Float64Var(&o.rate, "rate", 0, "`samples` a second of all hosts; 0 means as fast as they are acknowledged")
	f.IntVar(&o.workers, "workers", 3, "`number` of workers")
	f.IntVar(&o.trainers, "trainers", 0, "`number` of processes that only train")
	f.IntVar(&o.kills, "kills", 1, "`number` of workers to kill")
	f.IntVar(&o.faults, "faults", 0, "`number` of further faults of all kinds")
}

// defaults are those of a role.
func (o *options) defaults() {
	unless := func(name string, set func()) {
		if !o.given[name] {
			set()
		}
	}
	switch o.role {
	case "demo":
		unless("lateness", func() { o.settings.Lateness = 3 * time.Minute })
		unless("warmup", func() { o.settings.WarmUp = 200 })
		unless("save", func() { o.worker.Save = 2 * time.Second })
		unless("silent", func() { o.worker.Silent = time.Second })
	case "scale":
		unless("hosts", func() { o.hosts = 2000 })
		unless("interval", func() { o.settings.Interval = time.Second })
		unless("warmup", func() { o.settings.WarmUp = 300 })
		unless("save", func() { o.worker.Save = 30 * time.Second })
		unless("silent", func() { o.worker.Silent = 2 * time.Second })
	}
}

// adopts reports whether the process takes the settings that the fleet has.
func (o *options) adopts() bool {
	return !slices.ContainsFunc(groups[1].flags, func(name string) bool { return o.given[name] })
}

// usage prints the flags by group.
func usage(f *flag.FlagSet, out io.Writer) {
	fmt.Fprint(out, intro)
	for _, g := range groups {
		fmt.Fprintln(out, g.title)
		for _, name := range g.flags {
			fl := f.Lookup(name)
			value, text := flag.UnquoteUsage(fl)
			if !slices.Contains([]string{"", "0", "0s", "false"}, fl.DefValue) {
				text += fmt.Sprintf(" (default %s)", strings.TrimSuffix(strings.TrimSuffix(fl.DefValue, "0s"), "0m"))
			}
			fmt.Fprintf(out, "  -%-24s %s\n", name+" "+value, text)
		}
		fmt.Fprintln(out)
	}
}
