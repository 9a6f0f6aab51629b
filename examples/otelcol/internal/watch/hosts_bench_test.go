package watch

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
)

// crowd returns what the hostmetrics receiver sends of many hosts with eight processors, two disks and
// three network devices each.
func crowd(rng *rand.Rand, hosts int, when float64) *batch {
	in := newBatch(at(when))
	for k := range hosts {
		name := fmt.Sprint("host-", k)
		in.resource("host.name", name)
		for cpu := range 8 {
			for i, state := range []string{"idle", "user", "system", "nice", "softirq", "wait", "interrupt", "steal"} {
				in.total("system.cpu.time", when/float64(1+i)+rng.Float64(), "cpu", fmt.Sprint(cpu), "state", state)
			}
		}
		for _, state := range []string{"used", "free", "cached", "buffered"} {
			in.gauge("system.memory.utilization", rng.Float64(), "state", state)
		}
		for _, device := range []string{"sda", "sdb"} {
			in.total("system.disk.io_time", when/10+rng.Float64(), "device", device)
		}
		for _, device := range []string{"eth0", "eth1", "lo"} {
			for _, direction := range []string{"receive", "transmit"} {
				in.total("system.network.io", when*1000+1000*rng.Float64(), "device", device, "direction", direction)
			}
		}
	}
	return in
}

// BenchmarkHosts tells what a scrape of a hundred hosts costs once all have models, and what a
// host takes of memory.
func BenchmarkHosts(b *testing.B) {
	const hosts = 100
	c := Default()
	c.Directory = b.TempDir()
	c.Training = TrainingConfig{Preset: "pca", WarmUp: 300, Workers: 2}
	w, err := New(c, componenttest.NewNopTelemetrySettings())
	require.NoError(b, err)
	w.SendMetrics(consumertest.NewNop())
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	require.NoError(b, w.Start())
	rng, i := rand.New(rand.NewPCG(1, 2)), 0
	scrape := func() {
		w.Observe(b.Context(), crowd(rng, hosts, float64(60*i)).Metrics)
		i++
	}
	for i < 300 || w.monitor.Stats().WarmingUp > 0 {
		scrape()
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	in := make([]*batch, 0, 64)
	for b.Loop() {
		if len(in) == 0 {
			b.StopTimer()
			for range cap(in) {
				in = append(in, crowd(rng, hosts, float64(60*i)))
				i++
			}
			b.StartTimer()
		}
		w.Observe(b.Context(), in[0].Metrics)
		in = append(in[:0:cap(in)], in[1:]...)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/hosts/1000, "kB/host")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/hosts, "µs/host/row")
	require.NoError(b, w.Shutdown(b.Context()))
}
