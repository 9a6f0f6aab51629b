package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/stretchr/testify/require"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/proto"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
)

// benchHosts is how many hosts there are. ANOMALYD_HOSTS says otherwise.
func benchHosts(b *testing.B) int {
	n, err := strconv.Atoi(os.Getenv("ANOMALYD_HOSTS"))
	if os.Getenv("ANOMALYD_HOSTS") == "" {
		return 50
	}
	require.NoError(b, err)
	return n
}

const (
	benchHistory = 300 // rows that a host has before its first model
	benchScored  = 450 // rows after that and before it is measured: then the page has all it remembers
	benchStep    = 15 * time.Second
	otherSeries  = 500 // that Prometheus writes of a host, and that nobody wants
)

var benchNames = []string{"a", "bb", "ccc", "dddd"}

// crowd gives the rows of many hosts to one source of a program.
type crowd struct {
	b      *testing.B
	in     *intake
	hosts  int
	others int // series of a host that nobody wants
	rng    *rand.Rand
	// at gives the rows of a time.
	at  func(t time.Time)
	cpu time.Duration // that was measured
}

// measure takes the processor time of what is done, also by other goroutines meanwhile.
func (c *crowd) measure(f func()) {
	before := cpuTime()
	f()
	c.cpu += cpuTime() - before
}

func (c *crowd) value() float64 { return 50 + c.rng.NormFloat64() }

func newCrowd(b *testing.B, source string) *crowd {
	c := &crowd{b: b, hosts: benchHosts(b), rng: rand.New(rand.NewPCG(1, 2))}
	dir := b.TempDir()
	var text string
	switch source {
	case prometheusSource:
		text = fmt.Sprintf("{prometheus: {url: %q, delay: 0s, lookback: 15s}}", c.prometheus().URL)
	case csvSource:
		text = "{csv: {files: [all.csv], key: host}}"
	default:
		text = "{" + source + ": {}}"
	}
	cfg, err := parseConfig(fmt.Appendf(nil, `
metrics: [{name: a, query: a, remote_write: a, otlp: a}, {name: bb, query: bb, remote_write: bb, otlp: bb}, {name: ccc, query: ccc, remote_write: ccc, otlp: ccc}, {name: dddd, query: dddd, remote_write: dddd, otlp: dddd}]
sources: %s
training: {preset: pca, warm_up: %d, workers: 2}
`, text, benchHistory))
	require.NoError(b, err)
	c.in = opened(b, cfg, dir)
	switch source {
	case prometheusSource:
		f := c.in.sources[0].(*follower)
		c.at = func(t time.Time) { c.measure(func() { require.NoError(b, f.poll(b.Context(), t)) }) }
	case remoteWriteSource:
		c.at = c.push(c.in.sources[0].(*receiver), map[string]string{"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request", "Content-Encoding": "snappy"}, c.written)
	case otlpSource:
		c.at = c.push(c.in.sources[0].(*receiver), map[string]string{"Content-Type": "application/x-protobuf"}, c.exported)
	case csvSource:
		c.at = c.lines(c.in.sources[0].(*csvFiles), filepath.Join(dir, "all.csv"))
	}
	return c
}

// prometheus is one with many hosts.
func (c *crowd) prometheus() *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		end, _ := strconv.ParseFloat(r.FormValue("end"), 64)
		type series struct {
			Metric map[string]string `json:"metric"`
			Values [][2]any          `json:"values"`
		}
		matrix := make([]series, c.hosts)
		for i := range matrix {
			matrix[i] = series{map[string]string{"instance": fmt.Sprint("host-", i)}, [][2]any{{end, strconv.FormatFloat(c.value(), 'g', 6, 64)}}}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"resultType": "matrix", "result": matrix}})
	}))
	c.b.Cleanup(server.Close)
	return server
}

// push sends a request a host. Its making is not measured.
func (c *crowd) push(r *receiver, header map[string]string, body func(host string, t int64) []byte) func(t time.Time) {
	return func(t time.Time) {
		bodies := make([][]byte, c.hosts)
		for i := range bodies {
			bodies[i] = body(fmt.Sprint("host-", i), t.UnixMilli())
		}
		c.measure(func() {
			for _, one := range bodies {
				q := httptest.NewRequest(http.MethodPost, "http://127.0.0.1"+r.cfg.Path, bytes.NewReader(one))
				for k, v := range header {
					q.Header.Set(k, v)
				}
				w := httptest.NewRecorder()
				r.ServeHTTP(w, q)
				require.Less(c.b, w.Code, 300, w.Body)
			}
		})
		r.flush(time.Now().Add(time.Hour)) // the first rows wait for more
	}
}

func (c *crowd) written(host string, t int64) []byte {
	w := newWriting()
	for i := range c.others {
		w.add(t, c.value(), "__name__", "other", "instance", host, "number", strconv.Itoa(i))
	}
	for _, name := range benchNames {
		w.add(t, c.value(), "__name__", name, "instance", host, "job", "node")
	}
	body, err := w.message().MarshalVT()
	require.NoError(c.b, err)
	return snappy.Encode(nil, body)
}

func (c *crowd) exported(host string, t int64) []byte {
	scope := &metrics.ScopeMetrics{}
	for _, name := range benchNames {
		scope.Metrics = append(scope.Metrics, &metrics.Metric{Name: name, Data: &metrics.Metric_Gauge{Gauge: &metrics.Gauge{DataPoints: []*metrics.NumberDataPoint{
			{TimeUnixNano: uint64(t) * 1e6, Value: &metrics.NumberDataPoint_AsDouble{AsDouble: c.value()}}}}}})
	}
	body, err := proto.Marshal(&metrics.MetricsData{ResourceMetrics: []*metrics.ResourceMetrics{{ScopeMetrics: []*metrics.ScopeMetrics{scope},
		Resource: &resource.Resource{Attributes: []*common.KeyValue{{Key: "instance", Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: host}}}}}}}})
	require.NoError(c.b, err)
	return body
}

func (c *crowd) lines(source *csvFiles, path string) func(t time.Time) {
	require.NoError(c.b, os.WriteFile(path, []byte("time,host,a,bb,ccc,dddd\n"), 0o600))
	return func(t time.Time) {
		var text bytes.Buffer
		for i := range c.hosts {
			fmt.Fprintf(&text, "%s,host-%d,%.4f,%.4f,%.4f,%.4f\n", t.UTC().Format(time.RFC3339), i, c.value(), c.value(), c.value(), c.value())
		}
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600)
		require.NoError(c.b, err)
		_, err = f.Write(text.Bytes())
		require.NoError(c.b, err)
		require.NoError(c.b, f.Close())
		c.measure(func() { require.NoError(c.b, source.poll(c.b.Context(), t)) })
	}
}

// BenchmarkHosts tells what a row of every host with four metrics costs by each source, once all
// have models, and what a host takes of memory. An answer of Prometheus is made within what is
// measured, and requests and lines are not.
func BenchmarkHosts(b *testing.B) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	for _, source := range []string{prometheusSource, remoteWriteSource, otlpSource, csvSource} {
		b.Run(source, func(b *testing.B) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			c := newCrowd(b, source)
			now := time.Now().Truncate(benchStep).Add(-100_000 * benchStep)
			step := func() {
				now = now.Add(benchStep)
				c.at(now)
			}
			for range benchHistory {
				step()
			}
			for c.in.monitor.Stats().WarmingUp > 0 { // what is trained takes over with the next row
				step()
			}
			for range benchScored {
				step()
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			c.others, c.cpu = otherSeries, 0
			rounds := 0
			for b.Loop() {
				rounds++
				step()
			}
			b.ReportMetric(0, "ns/op") // it has the making of the requests
			thousand := float64(c.hosts) / 1000
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6/thousand, "MB/1000hosts")
			b.ReportMetric(float64(c.cpu.Microseconds())/1000/float64(rounds)/thousand, "cpu-ms/1000hosts/row")
		})
	}
}
