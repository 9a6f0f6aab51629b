//go:build linux

// Workload keeps this host busy like a small server while a command, the
// recorder, runs, and injects five faults at fixed times:
//
//	workload -label fault.label -- record -net lo -n 1200 -label fault.label -out host.csv
//
// A service on the loopback takes log batches over HTTP, compresses them, keeps the
// recent ones in memory and syncs each to disk. Its clients follow a slow
// cycle with noise, so that processor, network, disk and memory move together;
// now and then a job (rotation, sort, backup) runs beside it. While a fault lasts, the
// label file holds its name. All traffic stays on 127.0.0.1, all files in a
// scratch directory, and everything ends with the command. Needs stress-ng.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

type options struct {
	seed  uint64
	rate  float64
	label string
	warm  time.Duration
}

func main() {
	var o options
	flag.Uint64Var(&o.seed, "seed", 1, "seed of the load, the batches and the jobs")
	flag.Float64Var(&o.rate, "rate", 300, "log batches a second; right if cpu is at about 10 % in the trough and 50 % at the peak")
	flag.StringVar(&o.label, "label", "", "`file` that holds a fault's name while it lasts")
	flag.DurationVar(&o.warm, "warm", 2*time.Minute, "load before the command starts")
	scratch := flag.String("dir", "", "where to make the scratch directory; empty for the system's")
	longest := flag.Duration("max", time.Hour, "stop in any case after this time")
	flag.Parse()
	log.SetFlags(log.Ltime)
	if flag.NArg() == 0 || o.label == "" || !(o.rate > 0) {
		log.Fatal("workload: usage: workload -label FILE [flags] -- command args")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *longest)
	defer cancel()
	dir, err := os.MkdirTemp(*scratch, "workload-")
	if err != nil {
		log.Fatal("workload: ", err)
	}
	err = run(ctx, o, dir, flag.Args())
	if rmErr := os.RemoveAll(dir); err == nil {
		err = rmErr
	}
	if err != nil {
		log.Fatal("workload: ", err)
	}
}

func run(ctx context.Context, o options, dir string, command []string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := startService(filepath.Join(dir, "log"))
	if err != nil {
		return err
	}
	defer s.stop()

	// Whole second at which the command starts: the recorder ticks on whole
	// seconds as well, and a fault covers whole intervals.
	now := time.Now()
	start := now.Add(now.Add(o.warm).Truncate(time.Second).Sub(now))

	var wg sync.WaitGroup
	background := func(f func() error) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := f(); err != nil && ctx.Err() == nil {
				log.Print(err)
				cancel()
			}
		}()
	}
	background(func() error { return newLoad(o.seed, s.url, o.rate).run(ctx, start) })
	background(func() error { return runJobs(ctx, o.seed, start, dir, o.rate*medianLen, s) })
	background(func() error {
		in := &injector{dir: dir, label: o.label, sink: s.sink, traffic: o.rate * medianLen}
		return in.run(ctx, start)
	})
	err = runCommand(ctx, start, command)
	cancel()
	wg.Wait()
	return err
}

func runCommand(ctx context.Context, start time.Time, command []string) error {
	if !sleepUntil(ctx, start) {
		return ctx.Err()
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	log.Print("command starts")
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", command[0], err)
	}
	log.Print("command ended")
	return nil
}

func sleepUntil(ctx context.Context, due time.Time) bool {
	t := time.NewTimer(time.Until(due))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
