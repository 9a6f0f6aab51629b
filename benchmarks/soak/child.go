package main

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/ingest"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dagmm/train"
)

var start = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// progress is the minute up to which all hosts have been fed; it is written in place.
func writeProgress(f *os.File, minute int) error {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(minute))
	_, err := f.WriteAt(b[:], 0)
	return err
}

func readProgress(dir string) int {
	b, err := os.ReadFile(filepath.Join(dir, "progress"))
	if err != nil || len(b) < 8 {
		return 0
	}
	return int(binary.LittleEndian.Uint64(b))
}

// fits trains and knows whether it does.
type fits struct {
	steps   int
	running atomic.Int64
}

func (f *fits) train(ctx context.Context, w *monitor.Window) (*dagmm.Model, error) {
	f.running.Add(1)
	defer f.running.Add(-1)
	cfg := train.Series()
	cfg.Workers = 1
	cfg.Network.Predict, cfg.Mixture.Covariances, cfg.Members = true, train.DiagonalCovariance, 1
	cfg.Network.Alternate, cfg.Optimizer.MinSteps = false, f.steps
	return train.Windows(cfg)(ctx, w)
}

func (o options) windowDays() int {
	if o.seasonal {
		return 7
	}
	return 3
}

func (o options) monitor(f *fits, r *receiver) monitor.Config {
	cfg := monitor.Config{Columns: columns, Train: f.train, Detector: alarm.Config{Budget: 1}, Dir: filepath.Join(o.dir, "state"),
		Input:  ingest.Config{Lateness: 3 * time.Minute, Metrics: map[string]ingest.Rule{"net_in": {Counter: true}}},
		Handle: r.handle, Delivered: r.delivered, Synchronous: o.verify,
		Retrain: o.retrain, Window: monitor.WindowConfig{Recent: 1000, Days: o.windowDays()}, Seasonal: o.seasonal}
	if o.adapt {
		cfg.Detector.Adapt = &alarm.AdaptConfig{}
	}
	return cfg
}

func child(o options) error {
	r, err := openReceiver(o.eventsFile())
	if err != nil {
		return err
	}
	defer r.file.Close()
	measurements, err := openLines(o.measurementsFile())
	if err != nil {
		return err
	}
	defer measurements.Close()
	progress, err := os.OpenFile(filepath.Join(o.dir, "progress"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer progress.Close()
	first, before := readProgress(o.dir), runtime.NumGoroutine()
	f := &fits{steps: o.steps}
	began := time.Now()
	m, err := monitor.Open(o.monitor(f, r))
	if err != nil {
		return err
	}
	if first > 0 {
		if err := writeLine(measurements, measurement{Minute: first, Restored: time.Since(began)}); err != nil {
			return err
		}
	}
	if err := feed(o, m, &stopwatch{fits: f}, progress, measurements, first); err != nil {
		return err
	}
	if err := m.Close(); err != nil {
		return err
	}
	return writeLine(measurements, measurement{Minute: o.minutes(), Ended: true, Left: remaining(before)})
}

const (
	again     = 5   // minutes that are sent a second time after a kill
	sometimes = 360 // minutes between Saves and measurements
)

// feed sends the samples from a few minutes before the one where the last process ended:
// what has been received is received again.
func feed(o options, m *monitor.Monitor, w *stopwatch, progress, measurements *os.File, first int) error {
	hosts := make([]*host, o.hosts)
	for h := range hosts {
		hosts[h] = newHost(o.seed, h)
	}
	for i := max(0, first-again); i < o.minutes(); i++ {
		w.others = m.Stats().Training > 0
		for h, g := range hosts {
			at, x := g.sample(i)
			if x == nil {
				continue
			}
			if err := w.push(func() error { return m.Push(name(h), at, x) }); err != nil {
				return err
			}
		}
		if err := m.Tick(start.Add(time.Duration(i) * time.Minute)); err != nil {
			return err
		}
		if err := writeProgress(progress, i); err != nil {
			return err
		}
		if i%sometimes != sometimes-1 {
			continue
		}
		if err := m.Save(); err != nil {
			return err
		}
		settle(m)
		if err := w.measure(measurements, i); err != nil {
			return err
		}
	}
	return nil
}
