//go:build linux

package main

import (
	"context"
	"fmt"
	"log"
	"math"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// fault lasts whole seconds from at, counted from the command's start.
type fault struct {
	at, seconds int
	name        string
	inject      func(context.Context, *injector) error
}

// The load's troughs are at 0, 400, 800 and 1200 s, its peaks halfway.
var faults = []fault{
	{225, 2, "memory-balloon", balloon},
	{402, 2, "relation", peakTrafficAtIdle}, // traffic of the peak, everything else of the trough
	{560, 2, "net-flood", flood},            // far more traffic than ever
	{790, 2, "disk-thrash", thrash},
	{905, 3, "cpu-spin", spin},
}

const (
	settle = 10 * time.Millisecond  // from the recorder's tick to the beginning or end of a fault
	linger = 150 * time.Millisecond // that the label outlasts a fault, as a tick may come late on a busy host
)

// injector is what the faults need to know.
type injector struct {
	dir     string  // scratch
	label   string  // label file
	sink    string  // address of the service that throws away
	traffic float64 // mean of the load, bytes a second
}

// awayFromFaults moves a job that would run into a fault behind it.
func awayFromFaults(due, start time.Time) time.Time {
	for _, f := range faults {
		at := start.Add(time.Duration(f.at) * time.Second)
		if due.After(at.Add(-25*time.Second)) && due.Before(at) {
			return at.Add(time.Duration(f.seconds+5) * time.Second)
		}
	}
	return due
}

func (in *injector) run(ctx context.Context, start time.Time) error {
	if err := os.WriteFile(in.label, nil, 0o644); err != nil {
		return err
	}
	defer os.Remove(in.label)
	for _, f := range faults {
		at := start.Add(time.Duration(f.at)*time.Second + settle)
		if !sleepUntil(ctx, at) {
			return nil
		}
		if err := in.one(ctx, f, at); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

func (in *injector) one(ctx context.Context, f fault, at time.Time) error {
	if err := os.WriteFile(in.label, []byte(f.name+"\n"), 0o644); err != nil {
		return err
	}
	end := at.Add(time.Duration(f.seconds) * time.Second)
	timed, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	err := f.inject(timed, in)
	if timed.Err() == nil && err == nil {
		sleepUntil(ctx, end)
	}
	log.Printf("%6d s  fault %s, %.2f s", f.at, f.name, time.Since(at).Seconds())
	sleepUntil(ctx, end.Add(linger))
	if err := os.WriteFile(in.label, nil, 0o644); err != nil {
		return err
	}
	return err
}

func spin(ctx context.Context, _ *injector) error {
	return stress(ctx, 350*time.Millisecond, "--cpu", "0")
}

// thrash writes around the page cache with a sync after each block.
func thrash(ctx context.Context, in *injector) error {
	return stress(ctx, 150*time.Millisecond, "--hdd", "4", "--hdd-opts", "direct,sync", "--hdd-write-size", "1M",
		"--hdd-bytes", "64M", "--temp-path", in.dir)
}

// stress runs stress-ng, at low priority so that the recorder keeps its ticks,
// and ends it, by its process group, early enough that nothing of it is left
// when ctx ends.
func stress(ctx context.Context, early time.Duration, args ...string) error {
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-early))
		defer cancel()
	}
	args = append([]string{"stress-ng", "--quiet", "--timeout", "10"}, args...)
	cmd := exec.CommandContext(ctx, "nice", args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	if err := cmd.Run(); ctx.Err() == nil {
		return err
	}
	return nil // ended as meant
}

// balloon takes a fifth of the memory and touches each page.
func balloon(ctx context.Context, _ *injector) error {
	var info syscall.Sysinfo_t
	if err := syscall.Sysinfo(&info); err != nil {
		return err
	}
	n := int(info.Totalram) * int(info.Unit) / 5
	m, err := mapped(n)
	if err != nil {
		return err
	}
	const hugePage = 14              // MADV_HUGEPAGE, which only saves time
	_ = syscall.Madvise(m, hugePage) // so without is fine too
	for i := 0; i < n && ctx.Err() == nil; i += os.Getpagesize() {
		m[i] = 1
	}
	<-ctx.Done()
	return syscall.Munmap(m)
}

func flood(ctx context.Context, in *injector) error {
	return send(ctx, in.sink, 30*in.traffic)
}

// peakTrafficAtIdle adds what the traffic lacks to its peak.
func peakTrafficAtIdle(ctx context.Context, in *injector) error {
	return send(ctx, in.sink, (math.Exp(swing)-math.Exp(-swing))*in.traffic)
}

// send sends rate bytes a second to addr until ctx ends.
func send(ctx context.Context, addr string, rate float64) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	const pause = 20 * time.Millisecond
	block := make([]byte, int(rate*pause.Seconds()))
	for due := time.Now(); sleepUntil(ctx, due); due = due.Add(pause) {
		if _, err := c.Write(block); err != nil {
			return err
		}
	}
	return nil
}
