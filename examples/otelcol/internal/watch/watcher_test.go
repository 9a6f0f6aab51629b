package watch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/metric-streams/anomaly/examples/otelcol/internal/watch/internal/metadatatest"
)

// watcher starts a Watcher whose log and telemetry are kept.
func watcher(t *testing.T, c *Config) (*Watcher, *observer.ObservedLogs, *componenttest.Telemetry) {
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, telemetry.Shutdown(context.Background())) })
	core, logs := observer.New(zapcore.InfoLevel)
	set := telemetry.NewTelemetrySettings()
	set.Logger = zap.New(core)
	w, err := New(c, set)
	require.NoError(t, err)
	require.NoError(t, w.Start())
	return w, logs, telemetry
}

func small(directory string) *Config {
	c := Default()
	c.Directory, c.Metrics = directory, []MetricConfig{{Name: "m", From: []string{"x"}}}
	c.Training = TrainingConfig{Preset: "pca", WarmUp: 100}
	return c
}

// Garbage and floods are counted, and said in the log once and not again and again.
func TestGarbageIsReported(t *testing.T) {
	c := small("")
	c.MaxStreams = 3
	w, logs, telemetry := watcher(t, c)
	for i := range 50 {
		in := newBatch(at(float64(60*i))).gauge("x", 1, "a", "b").gauge("x", nan, "a", "c")
		for k := range 20 {
			in.resource("host.name", fmt.Sprint(k)).gauge("x", 1)
		}
		w.Observe(t.Context(), in.Metrics)
	}
	for i := range 5 {
		w.tick(t.Context(), time.Now().Add(time.Duration(i)*time.Second))
	}
	said := map[any]int{}
	for _, entry := range logs.FilterMessage("data points are left out").All() {
		said[entry.ContextMap()["reason"]]++
	}
	require.Equal(t, map[any]int{"no number": 1, "too many resources": 1}, said)
	one := func(v int64) []metricdata.DataPoint[int64] { return []metricdata.DataPoint[int64]{{Value: v}} }
	reason := func(why reason, v int64) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Value: v, Attributes: attribute.NewSet(attribute.String("reason", string(why)))}
	}
	ignore := metricdatatest.IgnoreTimestamp()
	metadatatest.AssertEqualAnomalyRows(t, telemetry, one(3*50), ignore)
	metadatatest.AssertEqualAnomalyStreams(t, telemetry, one(3), ignore)
	metadatatest.AssertEqualAnomalyWarmingUp(t, telemetry, one(3), ignore)
	metadatatest.AssertEqualAnomalyPointsLeftOut(t, telemetry, []metricdata.DataPoint[int64]{reason(lostValue, 50), reason(lostStream, 50*18)}, ignore)
	require.NoError(t, w.Shutdown(t.Context()))
}

// A stream that has gone is forgotten in the end, also after a restart, with its files.
func TestForget(t *testing.T) {
	c := small(t.TempDir())
	w, _, _ := watcher(t, c)
	w.Observe(t.Context(), newBatch(at(0), "host.name", "gone").gauge("x", 1).resource("host.name", "stays", "n", "5").gauge("x", 1).Metrics)
	require.NoError(t, w.Shutdown(t.Context()))
	files := func() int {
		all, err := os.ReadDir(filepath.Join(c.Directory, "monitor"))
		require.NoError(t, err)
		return len(all)
	}
	before := files()

	w, logs, _ := watcher(t, c)
	require.Equal(t, map[string]any{"host.name": "stays", "n": "5"}, w.rows.streams[`{host.name="stays",n="5"}`].attributes.AsRaw())
	later := time.Now().Add(c.Forget)
	w.rows.streams[`{host.name="stays",n="5"}`].seen = later
	w.tick(t.Context(), later)
	require.Equal(t, 1, logs.FilterMessage("a stream is forgotten").Len())
	require.Len(t, w.rows.streams, 1)
	require.NoError(t, w.Shutdown(t.Context()))
	require.Less(t, files(), before)

	require.NoError(t, os.WriteFile(w.path("streams.json"), []byte("{"), 0o600))
	require.NoError(t, os.WriteFile(w.path("waiting.otlp"), []byte("{"), 0o600))
	w, logs, _ = watcher(t, c)
	require.Equal(t, 2, logs.FilterLevelExact(zapcore.ErrorLevel).Len(), "damage is said, and does no more")
	require.NoError(t, w.Shutdown(t.Context()))
}

// A host that falls silent is a log record, with its attributes, although it has not come back
// since the restart. Metrics that are replayed are not taken for silence.
func TestSilence(t *testing.T) {
	c, sink := small(t.TempDir()), new(consumertest.LogsSink)
	w, _, _ := watcher(t, c)
	w.KeepRecords()
	w.SendLogs(sink)
	i := 0
	for ; w.monitor.Stats().Trained == 0; i++ {
		require.Less(t, i, 5000)
		w.Observe(t.Context(), newBatch(at(float64(60*i)), "host.name", "a").gauge("x", float64(i*7%11)).Metrics)
		if i > 100 {
			time.Sleep(5 * time.Millisecond) // training is under way
		}
	}
	w.began = w.began.Add(-time.Hour)
	w.send(t.Context(), w.tick(t.Context(), time.Now()))
	require.Empty(t, sink.AllLogs())
	require.NoError(t, w.Shutdown(t.Context()))

	w, logs, _ := watcher(t, c)
	w.KeepRecords()
	w.SendLogs(sink)
	w.send(t.Context(), w.tick(t.Context(), time.Now()))
	require.Empty(t, sink.AllLogs(), "it was this process that was not there")
	w.send(t.Context(), w.tick(t.Context(), time.Now().Add(time.Hour)))
	require.Equal(t, 1, logs.FilterMessage("anomaly: no data").Len())
	require.Equal(t, 1, sink.LogRecordCount())
	rl := sink.AllLogs()[0].ResourceLogs().At(0)
	require.Equal(t, map[string]any{"host.name": "a"}, rl.Resource().Attributes().AsRaw())
	require.Equal(t, "anomaly.no_data", rl.ScopeLogs().At(0).LogRecords().At(0).EventName())
	require.NoError(t, w.Shutdown(t.Context()))
}

// What was under way at the end becomes a row.
func TestShutdownFinishesRows(t *testing.T) {
	c := small("")
	c.Metrics = append(c.Metrics, MetricConfig{Name: "n", From: []string{"y"}})
	w, _, telemetry := watcher(t, c)
	w.Observe(t.Context(), newBatch(at(0)).gauge("x", 1).Metrics) // y may follow
	require.NoError(t, w.Shutdown(t.Context()))
	metadatatest.AssertEqualAnomalyRows(t, telemetry, []metricdata.DataPoint[int64]{{Value: 1}}, metricdatatest.IgnoreTimestamp())
	w.Observe(t.Context(), newBatch(at(60)).gauge("x", 1).Metrics) // nobody listens any more
	require.NoError(t, w.Shutdown(t.Context()))
}

// Batches come from many receivers at once, while pipelines come and go.
func TestManyAtOnce(t *testing.T) {
	w, _, telemetry := watcher(t, small(""))
	sink := new(consumertest.MetricsSink)
	var all sync.WaitGroup
	for k := range 4 {
		all.Go(func() {
			for i := range 200 {
				w.Observe(t.Context(), newBatch(at(float64(60*i)), "host.name", fmt.Sprint(k)).gauge("x", float64(i*7%11)).Metrics)
			}
		})
	}
	all.Go(func() {
		for range 50 {
			w.SendMetrics(sink)
			w.send(t.Context(), w.tick(t.Context(), time.Now()))
			w.SendMetrics(nil)
		}
	})
	all.Wait()
	metadatatest.AssertEqualAnomalyRows(t, telemetry, []metricdata.DataPoint[int64]{{Value: 800}}, metricdatatest.IgnoreTimestamp())
	require.NoError(t, w.Shutdown(t.Context()))
}
