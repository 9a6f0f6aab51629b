package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// recorder samples a host at steady ticks.
type recorder struct {
	sampler  Sampler
	table    *table
	interval time.Duration
	rows     int    // stop after so many; 0 for no limit
	label    string // file that is non-empty while a row is to be labelled; "" for none
	failed   func(error)
}

// run records until ctx ends or the rows are written. The ticks are whole
// multiples of the interval on the clock and don't drift: tick k is due k
// intervals after the first, however long the readings take. A tick missed
// while the machine slept is left out. A reading that fails is reported and
// costs its row, or two, not the recording.
func (r *recorder) run(ctx context.Context) error {
	now := time.Now()
	due := now.Add(now.Truncate(r.interval).Add(r.interval).Sub(now))
	var prev *Counters
	for n := 0; r.rows == 0 || n < r.rows; due = following(due, r.interval) {
		if !sleepUntil(ctx, due) {
			return nil
		}
		labelled, err := r.labelled()
		if err != nil {
			return err
		}
		cur, err := r.sampler.Read()
		if err != nil {
			r.failed(err)
			prev = nil
			continue
		}
		if prev != nil {
			if err := r.table.write(between(*prev, cur), labelled); err != nil {
				return fmt.Errorf("record: %w", err)
			}
			n++
		}
		prev = &cur
	}
	return nil
}

// following returns the next tick after due that isn't past.
func following(due time.Time, interval time.Duration) time.Time {
	due = due.Add(interval)
	if late := time.Since(due); late > 0 {
		due = due.Add(late.Truncate(interval) + interval)
	}
	return due
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

func (r *recorder) labelled() (bool, error) {
	if r.label == "" {
		return false, nil
	}
	info, err := os.Stat(r.label)
	if os.IsNotExist(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("record: label file: %w", err)
	}
	return info.Size() > 0, nil
}
