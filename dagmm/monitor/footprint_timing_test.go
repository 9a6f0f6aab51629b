package monitor_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dagmm/train"
	"github.com/metric-streams/anomaly/dataset"
)

const (
	firstModel = 1001        // samples a minute apart, of which the last is the first to be scored
	fullWindow = 8 * 24 * 60 // the same, until the default window holds all that it ever does
)

// BenchmarkStateOfAHost says what a host of four metrics takes in memory.
func BenchmarkStateOfAHost(b *testing.B) {
	for _, preset := range []struct {
		name string
		cfg  train.Config
	}{{"Metrics", train.Metrics()}, {"Series", train.Series()}, {"PCA", train.PCA()}} {
		for _, c := range []struct {
			name   string
			rows   int
			stored bool
		}{{"first_model", firstModel, false}, {"full_window", fullWindow, false}, {"full_window_stored", fullWindow, true}} {
			b.Run(preset.name+"/"+c.name, func(b *testing.B) {
				for range b.N {
					f := measure(b, preset.cfg, monitor.Config{Window: monitor.WindowConfig{Stored: c.stored}}, c.rows, 8)
					b.ReportMetric(f.live, "B/host")
					b.ReportMetric(f.restored, "B/host_restored")
					b.ReportMetric(f.rows, "rows/host")
				}
				b.ReportMetric(0, "ns/op") // of no interest
			})
		}
	}
}

// With as many samples as make a model as large as it gets, and the window in the Store, a host
// takes little more than its model: weights, typical rows, and 2000 energies.
func TestStateOfAHostIsBounded(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("trains a dozen models")
	}
	for _, c := range []struct {
		preset train.Config
		most   float64
	}{{train.Metrics(), 44e3}, {train.Series(), 72e3}} {
		t.Run(c.preset.Preset, func(t *testing.T) {
			f := measure(t, c.preset, monitor.Config{WarmUp: 2500, Window: monitor.WindowConfig{PerHour: 60, Stored: true}}, 2510, 3)
			t.Logf("%.0f bytes a host, %.0f after a restart", f.live, f.restored)
			require.Less(t, f.live, c.most)
			require.Less(t, f.restored, c.most)
			require.Greater(t, f.live, 20e3, "the hosts are in memory")
			require.InDelta(t, 2510, f.rows, 1)
		})
	}
}

// footprint is what a host takes in memory, in bytes: one that has been watched all the time, and
// one that came back with a restart.
type footprint struct{ live, restored, rows float64 }

// measure watches hosts, and as many again: what these add is what hosts take.
func measure(t testing.TB, preset train.Config, cfg monitor.Config, rows, hosts int) (out footprint) {
	cfg.Columns, cfg.Train, cfg.Synchronous, cfg.Detector, cfg.Dir = dataset.HostMetrics(), train.Windows(preset), true, alarm.Config{Budget: 1}, t.TempDir()
	m, err := monitor.Open(cfg)
	require.NoError(t, err)
	watch(t, m, 0, hosts, rows)
	require.NoError(t, m.Save())
	one := liveHeap()
	watch(t, m, hosts, 2*hosts, rows)
	require.NoError(t, m.Save())
	out.live = (liveHeap() - one) / float64(hosts)
	out.rows = float64(m.Stats().WindowRows) / float64(2*hosts)
	require.NoError(t, m.Close())
	runtime.KeepAlive(m)
	closed := liveHeap()
	m, err = monitor.Open(cfg)
	require.NoError(t, err)
	out.restored = (liveHeap() - closed) / float64(2*hosts)
	require.NoError(t, m.Close())
	return out
}

// liveHeap returns the bytes on the heap that something still refers to.
func liveHeap() float64 {
	for range 3 { // what a sync.Pool holds outlives one collection
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// watch pushes samples of the synthetic hosts from to to, a minute apart.
func watch(t testing.TB, m *monitor.Monitor, from, to, rows int) {
	for k := from; k < to; k++ {
		table, _, err := dataset.Generate(dataset.GenerateConfig{Rows: rows, Seed: uint64(k), Interval: time.Minute})
		require.NoError(t, err)
		push(t, m, fmt.Sprintf("host-%d", k), table, 0, rows)
	}
}

// push pushes the rows from to to of a table, a minute apart.
func push(t testing.TB, m *monitor.Monitor, host string, table *dataset.Table, from, to int) {
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for r := from; r < to; r++ {
		require.NoError(t, m.Push(host, start.Add(time.Duration(r)*time.Minute), table.X.RawRowView(r)))
	}
}

// BenchmarkPush pushes samples of a hundred hosts in turn.
func BenchmarkPush(b *testing.B) {
	const hosts = 100
	for _, preset := range []train.Config{train.Metrics(), train.Series()} {
		b.Run(preset.Preset, func(b *testing.B) {
			table, _, err := dataset.Generate(dataset.GenerateConfig{Rows: 10000, Seed: 1, Interval: time.Minute})
			require.NoError(b, err)
			var model *dagmm.Model
			once := func(ctx context.Context, w *monitor.Window) (*dagmm.Model, error) {
				if model == nil {
					var err error
					if model, err = train.Windows(preset)(ctx, w); err != nil {
						return nil, err
					}
				}
				return dagmm.New(copied(model.Parameters()))
			}
			m, err := monitor.Open(monitor.Config{Columns: dataset.HostMetrics(), Train: once, Synchronous: true, Detector: alarm.Config{Budget: 1}, Retrain: -1})
			require.NoError(b, err)
			defer m.Close()
			names := make([]string, hosts)
			for k := range names {
				names[k] = fmt.Sprintf("host-%d", k)
				push(b, m, names[k], table, 0, firstModel)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				row := firstModel + i/hosts
				at := time.Date(2026, 3, 1, 0, row, 0, 0, time.UTC)
				if err := m.Push(names[i%hosts], at, table.X.RawRowView(row%10000)); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

// copied gives a model's networks memory of their own.
func copied(p dagmm.Parameters) dagmm.Parameters {
	p.Members = slices.Clone(p.Members)
	for i := range p.Members {
		p.Members[i].Network = p.Members[i].Network.Clone()
	}
	return p
}
