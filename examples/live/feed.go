package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dataset"
)

const (
	faultLength = 15     // samples
	rows        = 20_000 // of each host, which then begin again
)

var names = []string{"web-1", "web-2", "db-1"}

// hosts are made up.
type hosts struct {
	tables []*dataset.Table
	next   int // row
	faulty int // host with a fault
	left   int // samples of the fault to come
}

// feed pushes the history, and then a sample of each host once an interval, until ctx ends.
func (d demo) feed(ctx context.Context, m *monitor.Monitor, faults <-chan struct{}, out io.Writer) error {
	h := hosts{faulty: -1}
	for k := range names {
		table, _, err := dataset.Generate(dataset.GenerateConfig{Rows: rows, Seed: uint64(k + 1), Independent: true})
		if err != nil {
			return err
		}
		h.tables = append(h.tables, table)
	}
	now := time.Now().Truncate(d.interval)
	for k := range history {
		if err := h.push(m, now.Add(time.Duration(k-history)*d.interval)); err != nil {
			return err
		}
	}
	ticker := time.NewTicker(d.interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-faults:
			h.faulty = (h.faulty + 1) % len(names)
			h.left = faultLength
			fmt.Fprintf(out, "%s has a busy processor for %s.\n", names[h.faulty], faultLength*d.interval)
		case t := <-ticker.C:
			if err := h.push(m, t); err != nil {
				return err
			}
			if err := m.Tick(t); err != nil {
				return err
			}
		}
	}
}

// push pushes a sample of each host.
func (h *hosts) push(m *monitor.Monitor, t time.Time) error {
	for k, name := range names {
		x := slices.Clone(h.tables[k].X.RawRowView(h.next % rows))
		if k == h.faulty && h.left > 0 {
			x[0] = 99 // cpu, and nothing that explains it
		}
		if err := m.Push(name, t, x); err != nil {
			return err
		}
	}
	h.next++
	h.left = max(0, h.left-1)
	return nil
}
