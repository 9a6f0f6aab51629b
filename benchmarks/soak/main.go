// Command soak runs monitor.Monitor over a simulated month of many hosts, with drift, gaps,
// counters that wrap and begin anew, incidents and late samples, and kills its process
// again and again with SIGKILL. It holds what came of it against bounds, prints both as a
// table, and fails when one is broken.
//
//	go run ./benchmarks/soak -hosts 200 -days 30 -kills 20
//	go run ./benchmarks/soak -verify -hosts 20 -days 10 -steps 200
//
// Without -verify models are trained in the background, and the times of a Push with and
// without a training under way are compared. With -verify they are trained in turn with
// the samples, so that a run without kills gives the same events every time: the killed one
// must give exactly those, and no others.
package main

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

type options struct {
	dir         string
	hosts, days int
	kills       int
	seed        uint64
	verify      bool
	child       bool
	steps       int
	retrain     time.Duration
	adapt       bool
	seasonal    bool
}

func main() {
	var o options
	flag.StringVar(&o.dir, "dir", "", "folder for state and events; empty: a temporary one")
	flag.IntVar(&o.hosts, "hosts", 200, "hosts")
	flag.IntVar(&o.days, "days", 30, "simulated days at one sample a minute")
	flag.IntVar(&o.kills, "kills", 20, "times that the process is killed")
	flag.Uint64Var(&o.seed, "seed", 1, "of hosts and kills")
	flag.BoolVar(&o.verify, "verify", false, "train in turn with the samples and compare all events with a run without kills")
	flag.IntVar(&o.steps, "steps", 1000, "of a training")
	flag.DurationVar(&o.retrain, "retrain", 7*24*time.Hour, "simulated time between trainings of a host")
	flag.BoolVar(&o.adapt, "adapt", false, "let the mixtures follow slow change")
	flag.BoolVar(&o.seasonal, "seasonal", false, "take the seasons out")
	flag.BoolVar(&o.child, "child", false, "run the simulation in this process")
	flag.Parse()
	run := parent
	if o.child {
		run = child
	}
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// parent runs the simulation, with -verify once more without kills, and judges.
func parent(o options) (err error) {
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "soak"); err != nil {
			return err
		}
		defer func() {
			if err == nil {
				err = os.RemoveAll(o.dir)
			}
		}()
	}
	var undisturbed map[string][]event
	if o.verify {
		calm := o
		calm.dir, calm.kills = filepath.Join(o.dir, "undisturbed"), 0
		if _, err := simulate(calm); err != nil {
			return err
		}
		if undisturbed, err = readEvents(calm.eventsFile()); err != nil {
			return err
		}
	}
	o.dir = filepath.Join(o.dir, "killed")
	killed, err := simulate(o)
	if err != nil {
		return err
	}
	events, err := readEvents(o.eventsFile())
	if err != nil {
		return err
	}
	measured, err := readMeasurements(o.measurementsFile())
	if err != nil {
		return err
	}
	verdicts := judge(o, outcome{killed: killed, events: events, undisturbed: undisturbed, measured: measured})
	fmt.Print(table(verdicts))
	return broken(verdicts)
}

// args are the flags of a child.
func (o options) args() []string {
	return []string{"-child", "-dir", o.dir, fmt.Sprint("-hosts=", o.hosts), fmt.Sprint("-days=", o.days), fmt.Sprint("-seed=", o.seed),
		fmt.Sprint("-verify=", o.verify), fmt.Sprint("-steps=", o.steps), fmt.Sprint("-retrain=", o.retrain), fmt.Sprint("-adapt=", o.adapt),
		fmt.Sprint("-seasonal=", o.seasonal)}
}

func (o options) eventsFile() string       { return filepath.Join(o.dir, "events") }
func (o options) measurementsFile() string { return filepath.Join(o.dir, "measurements") }

func (o options) minutes() int { return o.days * 1440 }

// simulate starts children and kills them until one reaches the end.
func simulate(o options) (killed int, err error) {
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return 0, err
	}
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	rng := rand.New(rand.NewPCG(o.seed, 9))
	for {
		c := exec.Command(self, o.args()...)
		c.Stdout, c.Stderr = os.Stdout, os.Stderr
		if err := c.Start(); err != nil {
			return killed, err
		}
		done := make(chan error, 1)
		go func() { done <- c.Wait() }()
		if killed < o.kills {
			waitForKill(o, killed, done, rng)
			if c.Process.Kill() == nil {
				if err := <-done; wasKilled(err) {
					killed++
					continue
				} else if err != nil {
					return killed, fmt.Errorf("child: %w", err)
				}
				return killed, nil
			}
		}
		if err := <-done; err != nil {
			return killed, fmt.Errorf("child: %w", err)
		}
		return killed, nil
	}
}

func wasKilled(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && !exit.Exited()
}

const restoring = 4 // every so many kills one comes at once, most likely while the state is being read

// waitForKill returns when it is time for the next kill: somewhere in its part of the
// samples, or soon after the start of the process.
func waitForKill(o options, killed int, done chan error, rng *rand.Rand) {
	pause := time.Duration(rng.IntN(20000)) * time.Microsecond
	part := float64(o.minutes()) / float64(o.kills+1)
	until := int((float64(killed) + .3 + .6*rng.Float64()) * part)
	for (killed+1)%restoring != 0 && len(done) == 0 && readProgress(o.dir) < until {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(pause)
}
