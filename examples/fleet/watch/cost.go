package watch

import (
	"context"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dataset"
)

// Cost is what one host costs, once its window is full.
type Cost struct {
	Rows         int           // samples remembered
	State        int           // bytes of the state, as the Monitor gives it
	Record       int           // bytes of the record that is stored
	Model        int           // bytes of the model
	Job          int           // bytes of a training's job
	Memory       int           // bytes of the heap after a save, which leaves the samples in the bucket
	Push         time.Duration // of one sample, trainings apart
	First, Later time.Duration // of a training: the first one, and the mean of those that start from a model
	Trainings    int           // later ones
}

// Measure measures hosts of so many made-up samples each.
func Measure(s Settings, hosts, samples int) (c Cost, err error) {
	tables := make([]*dataset.Table, hosts)
	for k := range tables {
		tables[k], _, err = dataset.Generate(dataset.GenerateConfig{Rows: samples, Seed: s.Seed + uint64(k), Interval: s.Interval})
		if err != nil {
			return c, err
		}
	}
	before := heap()
	monitors := make([]*monitor.Monitor, hosts)
	stores := make([]monitor.Store, hosts)
	var pushing, first, later time.Duration
	for k, table := range tables {
		cfg := s.Monitor()
		train := cfg.Train
		cfg.Train = func(ctx context.Context, w *monitor.Window) (*dagmm.Model, error) {
			job, _, err := encodeJob(w)
			if err != nil {
				return nil, err
			}
			c.Job = len(job)
			begun := time.Now()
			defer func() {
				if w.Model == nil {
					first += time.Since(begun)
				} else {
					later += time.Since(begun)
					c.Trainings++
				}
			}()
			return train(ctx, w)
		}
		stores[k] = &sizes{Store: monitor.InMemory()}
		cfg.Store = stores[k]
		cfg.Window.Stored = true
		if monitors[k], err = monitor.Open(cfg); err != nil {
			return c, err
		}
		trained, begun := first+later, time.Now()
		for i, t := range table.Times {
			if err := monitors[k].Push("host", t, table.X.RawRowView(i)); err != nil {
				return c, err
			}
		}
		pushing += time.Since(begun) - (first + later - trained)
		c.Rows = monitors[k].Stats().WindowRows
	}
	c.Push, c.First, c.Later = pushing/time.Duration(hosts*samples), first/time.Duration(hosts), later/time.Duration(max(c.Trainings, 1))
	kept := 0 // bytes that a bucket would hold
	for k := range monitors {
		if err := monitors[k].Save(); err != nil {
			return c, err
		}
		kept += cap(stores[k].(*sizes).state)
	}
	c.Memory = (int(heap()-before) - kept) / hosts
	runtime.KeepAlive(tables)
	runtime.KeepAlive(monitors)
	return c, c.sizes(stores[0].(*sizes))
}

// heap returns the bytes in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // what pools held is free after the second one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// sizes is a Store that keeps the last state, and of models the size.
type sizes struct {
	monitor.Store
	name  string
	state []byte
	model int
}

// Load returns the state.
func (s *sizes) Load(name string) ([]byte, error) {
	if name != s.name {
		return nil, fmt.Errorf("watch: %s: %w", name, fs.ErrNotExist)
	}
	return s.state, nil
}

// Save implements monitor.Store.
func (s *sizes) Save(name string, data []byte) error {
	if strings.HasPrefix(name, modelNames) {
		s.model = len(data)
		return nil
	}
	s.name, s.state = name, slices.Clone(data)
	return nil
}

func (c *Cost) sizes(s *sizes) error {
	text, err := record{Applied: 1 << 40, Name: s.name, Models: map[string]modelRef{modelNames + s.name: {Key: modelKey + s.name, Seq: 1 << 40}}, state: s.state}.encode()
	if err != nil {
		return err
	}
	c.State, c.Record, c.Model = len(s.state), len(text), s.model
	return nil
}

// String is what to know of it.
func (c Cost) String() string {
	return fmt.Sprintf("a host with %d samples remembered: heap %.1f kB, state %.1f kB, stored record %.1f kB, model %.1f kB, job %.1f kB; "+
		"a sample %.1f µs, the first training %.0f ms, a later one %.0f ms (mean of %d)",
		c.Rows, kB(c.Memory), kB(c.State), kB(c.Record), kB(c.Model), kB(c.Job), float64(c.Push.Nanoseconds())/1e3, float64(c.First.Microseconds())/1e3, float64(c.Later.Microseconds())/1e3, c.Trainings)
}

func kB(bytes int) float64 { return float64(bytes) / 1e3 }
