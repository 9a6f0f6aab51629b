package main

import (
	"context"
	"fmt"
	"time"

	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dataset"
)

// feed stands for the agents on the hosts: it pushes a sample of each host once an interval
// and tells the monitor what time it is.
func (s service) feed(ctx context.Context, m *monitor.Monitor) error {
	hosts := make([]*dataset.Table, s.hosts)
	for h := range hosts {
		var err error
		if hosts[h], _, err = dataset.Generate(dataset.GenerateConfig{Rows: s.samples, Seed: uint64(h), Independent: true}); err != nil {
			return err
		}
	}
	begin := time.Now()
	for k := range s.samples {
		now := begin.Add(time.Duration(k) * s.interval)
		if !sleepUntil(ctx, now) {
			return nil
		}
		for h, table := range hosts {
			if err := m.Push(fmt.Sprintf("host-%d", h), now, s.sample(table, h, k)); err != nil {
				return err
			}
		}
		if err := m.Tick(now); err != nil {
			return err
		}
	}
	return nil
}

// sample is what host h measures at its k-th interval. Soon after each warm-up one of the
// hosts has a fault: its processor is busy, and nothing to show for it.
func (s service) sample(table *dataset.Table, h, k int) []float64 {
	x := table.X.RawRowView(k)
	const every, length = 100, 15
	if since := k - s.warmUp - every; since >= 0 && since%every < length && since/every%s.hosts == h {
		x[0] = 99 // cpu
	}
	return x
}

// sleepUntil reports whether t came before ctx ended.
func sleepUntil(ctx context.Context, t time.Time) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(time.Until(t)):
		return true
	}
}
