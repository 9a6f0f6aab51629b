package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
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

// events is a receiver that outlives the process: one line an event.
type events struct {
	mu   sync.Mutex
	f    *os.File
	last map[string]uint64
}

func openEvents(path string) (*events, error) {
	e := &events{last: map[string]uint64{}}
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	// A line that the process did not finish was not received.
	whole := strings.LastIndexByte(string(text), '\n') + 1
	if err := os.WriteFile(path, text[:whole], 0o644); err != nil {
		return nil, err
	}
	for _, line := range strings.Split(string(text[:whole]), "\n") {
		var stream string
		var seq uint64
		if _, err := fmt.Sscanf(line, "%s %d", &stream, &seq); err == nil {
			e.last[stream] = max(e.last[stream], seq)
		}
	}
	e.f, err = os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o644)
	return e, err
}

func (e *events) handle(ev dagmm.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	line := fmt.Sprintf("%s %d %s %d %d\n", ev.Stream, ev.Seq, strings.ReplaceAll(string(ev.Kind), " ", "-"), ev.Start.Unix(), ev.Time.Unix())
	if _, err := e.f.WriteString(line); err != nil {
		panic(err) // the soak is over
	}
}

func (e *events) delivered(stream string) uint64 { return e.last[stream] }

func trainFunc(steps int) dagmm.TrainFunc {
	return func(ctx context.Context, w *dagmm.Window) (*dagmm.Model, error) {
		cfg := train.Series()
		cfg.Columns, cfg.Exclude, cfg.Times, cfg.Seed, cfg.Workers = w.Columns, w.Exclude, w.Times, w.Number, 1
		cfg.Predict, cfg.Covariances, cfg.Members = true, train.DiagonalCovariance, 1
		cfg.Alternate, cfg.MinSteps = false, steps
		m, _, err := train.Fit(ctx, w.X, cfg)
		return m, err
	}
}

func child(o options) error {
	sink, err := openEvents(filepath.Join(o.dir, "events"))
	if err != nil {
		return err
	}
	defer sink.f.Close()
	progress, err := os.OpenFile(filepath.Join(o.dir, "progress"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer progress.Close()
	cfg := dagmm.MonitorConfig{Columns: columns, Train: trainFunc(o.steps), Detector: dagmm.DetectorConfig{Budget: 1}, Dir: filepath.Join(o.dir, "state"),
		Input: dagmm.InputConfig{Lateness: 3 * time.Minute}, Handle: sink.handle, Delivered: sink.delivered,
		Retrain: o.retrain, Window: dagmm.WindowConfig{Recent: 1000, Days: 3}, Seasonal: o.seasonal}
	if o.adapt {
		cfg.Detector.Adapt = &dagmm.AdaptConfig{}
	}
	if o.seasonal {
		cfg.Window.Days = 7
	}
	began := time.Now()
	m, err := dagmm.OpenMonitor(cfg)
	if err != nil {
		return err
	}
	first := readProgress(o.dir)
	if first > 0 {
		fmt.Printf("restarted at day %.2f in %s\n", float64(first)/1440, time.Since(began).Round(time.Millisecond))
	}
	if err := feed(o, m, progress, first); err != nil {
		return err
	}
	if err := m.Close(); err != nil {
		return err
	}
	time.Sleep(50 * time.Millisecond)
	fmt.Printf("goroutines at the end: %d\n", runtime.NumGoroutine())
	return nil
}

// feed sends the samples from a few minutes before the one where the last process ended:
// what has been received is received again.
func feed(o options, m *dagmm.Monitor, progress *os.File, first int) error {
	hosts := make([]*host, o.hosts)
	for h := range hosts {
		hosts[h] = newHost(o.seed, h)
	}
	var t times
	out := bufio.NewWriter(os.Stdout)
	for i := max(0, first-5); i < o.days*1440; i++ {
		for h, g := range hosts {
			at, x := g.sample(i)
			if x == nil {
				continue
			}
			began := time.Now()
			if err := m.Push(name(h), at, x); err != nil {
				return err
			}
			t.add(time.Since(began))
		}
		if err := m.Tick(start.Add(time.Duration(i) * time.Minute)); err != nil {
			return err
		}
		if err := writeProgress(progress, i); err != nil {
			return err
		}
		if i%10 == 9 {
			t.assign(m.Stats().Training > 0)
		}
		if i%360 == 359 {
			if err := m.Save(); err != nil {
				return err
			}
			settle(m)
		}
		if i%1440 == 1439 {
			t.report(out, i/1440+1, m.Stats())
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// settle waits for the trainings under way: simulated time runs thousands of times faster
// than trainings do.
func settle(m *dagmm.Monitor) {
	for m.Stats().Training > 0 {
		time.Sleep(5 * time.Millisecond)
	}
}

// times of Push while models are being trained and while not.
type times struct {
	fresh, idle, busy []time.Duration
}

func (t *times) add(d time.Duration) { t.fresh = append(t.fresh, d) }

// assign puts the latest times where they belong.
func (t *times) assign(training bool) {
	if training {
		t.busy = append(t.busy, t.fresh...)
	} else {
		t.idle = append(t.idle, t.fresh...)
	}
	t.fresh = t.fresh[:0]
}

func quantile(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[min(int(q*float64(len(d))), len(d)-1)].Round(100 * time.Nanosecond)
}

func (t *times) report(w *bufio.Writer, day int, s dagmm.MonitorStats) {
	runtime.GC()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	fmt.Fprintf(w, "day %d: heap %d MB, %d goroutines, %d window rows; %d models, %d kept, %d failed, %d alarms; Push p50 %s, p99 %s; while training p50 %s, p99 %s\n",
		day, mem.HeapAlloc>>20, runtime.NumGoroutine(), s.WindowRows, s.Trained, s.Kept, s.Failed, s.Alarms,
		quantile(t.idle, .5), quantile(t.idle, .99), quantile(t.busy, .5), quantile(t.busy, .99))
	t.idle, t.busy = t.idle[:0], t.busy[:0]
}
