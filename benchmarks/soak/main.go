// Command soak runs dagmm.Monitor over a simulated month of many hosts, with drift, gaps,
// incidents and late samples, and kills its process again and again with SIGKILL. It
// reports memory, goroutines, the time of a Push while models are trained and while not,
// and whether any event was lost or came twice.
//
//	go run ./benchmarks/soak -hosts 200 -days 30 -kills 20
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

type options struct {
	dir         string
	hosts, days int
	kills       int
	seed        uint64
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

// parent starts children and kills all but the last.
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
	self, err := os.Executable()
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(o.seed, 9))
	total, killed := o.hosts*o.days*1440, 0
	for {
		c := exec.Command(self, "-child", "-dir", o.dir, "-hosts", strconv.Itoa(o.hosts), "-days", strconv.Itoa(o.days),
			"-seed", strconv.FormatUint(o.seed, 10), "-steps", strconv.Itoa(o.steps), "-retrain", o.retrain.String(),
			"-adapt="+strconv.FormatBool(o.adapt), "-seasonal="+strconv.FormatBool(o.seasonal))
		c.Stdout, c.Stderr = os.Stdout, os.Stderr
		if err := c.Start(); err != nil {
			return err
		}
		done := make(chan error, 1)
		go func() { done <- c.Wait() }()
		if killed < o.kills {
			// The next kill comes somewhere in the next part of the samples.
			until := (killed + 1) * total / (o.kills + 1)
			if died, err := killAfter(o, c, done, until, rng); err != nil {
				return err
			} else if died {
				killed++
				continue
			}
		} else if err := <-done; err != nil {
			return fmt.Errorf("child: %w", err)
		}
		break
	}
	fmt.Printf("killed %d times\n", killed)
	return check(filepath.Join(o.dir, "events"), o)
}

// killAfter kills the child some time after it has passed a number of samples.
func killAfter(o options, c *exec.Cmd, done chan error, samples int, rng *rand.Rand) (died bool, err error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return false, err
		case <-tick.C:
			if readProgress(o.dir)*o.hosts < samples {
				continue
			}
			time.Sleep(time.Duration(rng.IntN(200)) * time.Millisecond)
			if err := c.Process.Kill(); err != nil {
				return false, <-done
			}
			if err := <-done; err == nil {
				return false, nil // it ended by itself first
			}
			return true, nil
		}
	}
}
