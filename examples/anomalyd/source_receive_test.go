package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/client_golang/exp/api/remote"
	writev2 "github.com/prometheus/client_golang/exp/api/remote/genproto/v2"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

const pushedMetrics = `
interval: 1s
metrics:
  - {name: mem, remote_write: mem, otlp: system.mem}
  - name: net_in
    remote_write: {series: 'net_total{device!="lo"}', aggregate: sum, scale: 8}
    otlp: {series: system.network, aggregate: sum, scale: 8}
training: {warm_up: 7000}
`

// pushing is a program that others send to, with a Monitor that never trains.
func pushing(t *testing.T, dir, text string) (*intake, *httptest.Server) {
	t.Helper()
	c, err := parseConfig([]byte(pushedMetrics + text))
	require.NoError(t, err)
	in := opened(t, c, dir)
	server := httptest.NewServer((&service{in.cfg, in.monitor, in}).handler())
	t.Cleanup(server.Close)
	return in, server
}

func (in *intake) receiver(t *testing.T) *receiver {
	r, ok := in.sources[0].(*receiver)
	require.True(t, ok)
	return r
}

// writing is a message with one sample of every series that a host has.
type writing struct {
	symbols writev2.SymbolsTable
	request writev2.Request
}

func newWriting() *writing { return &writing{symbols: writev2.NewSymbolTable()} }

func (w *writing) add(t int64, value float64, labels ...string) {
	one := &writev2.TimeSeries{Samples: []*writev2.Sample{{Timestamp: t, Value: value}}}
	for _, l := range labels {
		one.LabelsRefs = append(one.LabelsRefs, w.symbols.Symbolize(l))
	}
	w.request.Timeseries = append(w.request.Timeseries, one)
}

// host adds what a host says at a time.
func (w *writing) host(instance string, at time.Time, mem, net float64) *writing {
	t := at.UnixMilli()
	w.add(t, mem, "__name__", "mem", "instance", instance, "job", "demo")
	for _, device := range []string{"eth0", "eth1", "lo"} {
		w.add(t, net, "__name__", "net_total", "device", device, "instance", instance)
	}
	w.add(t, 1, "__name__", "up", "instance", instance)
	return w
}

func (w *writing) message() *writev2.Request {
	w.request.Symbols = w.symbols.Symbols()
	return &w.request
}

// send sends a message as the official client does, without its retries.
func (w *writing) send(t *testing.T, server *httptest.Server) (remote.WriteResponseStats, error) {
	client, err := remote.NewAPI(server.URL, remote.WithAPIPath("api/v1/write"), remote.WithAPIBackoff(remote.BackoffConfig{Min: time.Millisecond, Max: time.Millisecond, MaxRetries: 1}))
	require.NoError(t, err)
	return client.Write(t.Context(), remote.WriteV2MessageType, w.message())
}

func post2(t *testing.T, server *httptest.Server, path string, header map[string]string, body []byte) (code int, retryAfter, text string) {
	r, err := http.NewRequest(http.MethodPost, server.URL+path, bytes.NewReader(body))
	require.NoError(t, err)
	for k, v := range header {
		r.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, resp.Header.Get("Retry-After"), string(answer)
}

// What the official client of version 2 sends becomes rows of the right streams, with rates and
// sums, and everything counts as written.
func TestRemoteWrite(t *testing.T) {
	in, server := pushing(t, t.TempDir(), "sources: {remote_write: {wait: 1h}}\n")
	at := time.Now().Add(-time.Minute).Truncate(time.Second)
	for i := range 10 {
		now := at.Add(time.Duration(i) * time.Second)
		stats, err := newWriting().host("a", now, 50, float64(1000*i)).host("b", now, 60, 5).send(t, server)
		require.NoError(t, err)
		require.Equal(t, 10, stats.Samples)
		if i == 0 {
			in.receiver(t).flush(time.Now().Add(2 * time.Hour)) // nobody knows what belongs to the first rows
		}
	}
	require.Equal(t, uint64(20), in.monitor.Stats().Samples)
	require.ElementsMatch(t, []string{`{instance="a"}`, `{instance="b"}`}, keys(in.streams.all()))
	require.Equal(t, 60., testutil.ToFloat64(in.exporter.samples.WithLabelValues(remoteWriteSource, "taken")))
	require.Equal(t, 10., testutil.ToFloat64(in.exporter.requests.WithLabelValues(remoteWriteSource, "200")))
	require.False(t, in.exporter.lastSuccess(remoteWriteSource).IsZero())
}

func keys[V any](m map[string]V) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	return out
}

// Garbage is refused with a reason, and nothing else is harmed.
func TestReceivedGarbage(t *testing.T) {
	in, server := pushing(t, t.TempDir(), "sources: {remote_write: {max_body: 1000}, otlp: {max_body: 1000}}\n")
	const write, metrics = "/api/v1/write", "/v1/metrics"
	protobuf := map[string]string{"Content-Type": "application/x-protobuf"}
	with := func(key, value string) map[string]string {
		return map[string]string{"Content-Type": "application/x-protobuf", key: value}
	}
	large := bytes.Repeat([]byte("\x0a\x00"), 1000)
	for name, one := range map[string]struct {
		path   string
		header map[string]string
		body   []byte
		want   int
	}{
		"text":            {write, map[string]string{"Content-Type": "text/plain"}, nil, http.StatusUnsupportedMediaType},
		"nothing said":    {write, nil, nil, http.StatusUnsupportedMediaType},
		"encoding":        {write, with("Content-Encoding", "br"), nil, http.StatusUnsupportedMediaType},
		"version 3":       {write, map[string]string{"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v3.Request"}, nil, http.StatusUnsupportedMediaType},
		"no snappy":       {write, with("Content-Encoding", "snappy"), []byte("\xff\xff\xff\xff\xff\xff"), http.StatusBadRequest},
		"broken snappy":   {write, with("Content-Encoding", "snappy"), []byte("\x40\xf0abc"), http.StatusBadRequest},
		"no protobuf":     {write, with("Content-Encoding", "snappy"), snappy.Encode(nil, []byte("<html>")), http.StatusBadRequest},
		"too large":       {write, protobuf, large, http.StatusRequestEntityTooLarge},
		"a bomb":          {write, with("Content-Encoding", "snappy"), snappy.Encode(nil, large), http.StatusRequestEntityTooLarge},
		"no gzip":         {metrics, with("Content-Encoding", "gzip"), []byte("abc"), http.StatusBadRequest},
		"no OTLP":         {metrics, protobuf, []byte("<html>"), http.StatusBadRequest},
		"no JSON":         {metrics, map[string]string{"Content-Type": "application/json"}, []byte("<html>"), http.StatusBadRequest},
		"nothing":         {write, protobuf, nil, http.StatusNoContent},
		"nothing in JSON": {metrics, map[string]string{"Content-Type": "application/json; charset=utf-8"}, []byte("{}"), http.StatusOK},
	} {
		code, _, text := post2(t, server, one.path, one.header, one.body)
		require.Equal(t, one.want, code, "%s: %s", name, text)
		if one.want >= 300 {
			require.NotEmpty(t, text, name)
		}
	}
	require.Zero(t, in.monitor.Stats().Samples)
	require.Equal(t, http.StatusNotFound, statusOf(t, server.URL+write))
}

func statusOf(t *testing.T, address string) int {
	resp, err := http.Get(address)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

// A flood is told to come again, with bounded memory, and what was acknowledged is there: after
// the flood, and after a death in the middle of it.
func TestFlood(t *testing.T) {
	dir := t.TempDir()
	in, server := pushing(t, dir, "sources: {remote_write: {wait: 1h, max_waiting: 100}}\n")
	at := time.Now().Add(-10 * time.Minute).Truncate(time.Second)
	acknowledged := 0
	flood := func(from, to int) (refused int) {
		for i := from; i < to; i++ {
			w := newWriting().host("a", at.Add(time.Duration(i)*time.Second), 50, float64(i)).message()
			packed, err := w.MarshalVT()
			require.NoError(t, err)
			code, retryAfter, _ := post2(t, server, "/api/v1/write", map[string]string{"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request", "Content-Encoding": "snappy"}, snappy.Encode(nil, packed))
			switch code {
			case http.StatusNoContent:
				acknowledged++
			case http.StatusServiceUnavailable:
				require.Equal(t, "1", retryAfter)
				refused++
			default:
				require.Fail(t, "unexpected", code)
			}
		}
		return refused
	}
	require.Positive(t, flood(0, 100))
	require.LessOrEqual(t, in.receiver(t).aligner.Pending(), 100)
	first := acknowledged
	in.receiver(t).flush(time.Now().Add(2 * time.Hour))
	require.Equal(t, uint64(first), in.monitor.Stats().Samples)
	require.Zero(t, flood(100, 110), "there is room again")

	r := in.receiver(t)
	r.patience = time.Millisecond
	for range atOnce {
		r.places <- struct{}{}
	}
	require.Equal(t, 5, flood(110, 115), "too many at once")
	for range atOnce {
		<-r.places
	}

	server.Close() // it dies: nothing is closed or saved
	require.NoError(t, in.monitor.Close())
	again, _ := pushing(t, dir, "sources: {remote_write: {wait: 1h, max_waiting: 100}}\n")
	again.receiver(t).flush(time.Now().Add(2 * time.Hour))
	require.Equal(t, acknowledged, again.monitor.Stats().WindowRows)
}

// What the Monitor does not take is acknowledged all the same, waits, and is given again.
func TestMonitorThatTakesNothing(t *testing.T) {
	dir := t.TempDir()
	in, server := pushing(t, dir, "sources: {remote_write: {wait: 1ms}}\n")
	require.NoError(t, in.monitor.Close())
	_, err := newWriting().host("a", time.Now(), 50, 1).send(t, server)
	require.NoError(t, err)
	time.Sleep(5 * time.Millisecond)
	in.receiver(t).flush(time.Now())
	require.Positive(t, in.receiver(t).aligner.Pending())
	again, _ := pushing(t, dir, "sources: {remote_write: {wait: 1ms}}\n")
	again.receiver(t).flush(time.Now().Add(time.Second))
	require.Equal(t, uint64(1), again.monitor.Stats().Samples)
}

// Only those may send who have the token, or come from this host.
func TestSenders(t *testing.T) {
	in, server := pushing(t, t.TempDir(), "sources: {remote_write: {}}\n")
	code := func(header ...string) int {
		r, err := http.NewRequest(http.MethodPost, server.URL+"/api/v1/write", http.NoBody)
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/x-protobuf")
		for i := 0; i < len(header); i += 2 {
			if header[i] == "Host" {
				r.Host = header[i+1]
			}
			r.Header.Set(header[i], header[i+1])
		}
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	require.Equal(t, http.StatusNoContent, code())
	require.Equal(t, http.StatusForbidden, code("Host", "evil.example:9815"))
	in.receiver(t).cfg.token = "secret"
	require.Equal(t, http.StatusForbidden, code())
	require.Equal(t, http.StatusForbidden, code("Authorization", "Bearer guess"))
	require.Equal(t, http.StatusNoContent, code("Authorization", "Bearer secret"))
	in.receiver(t).cfg.token, in.receiver(t).loopback = "", false
	require.Equal(t, http.StatusForbidden, code())
	in.receiver(t).cfg.Anyone = true
	require.Equal(t, http.StatusNoContent, code("Host", "monitoring.example"))
}

// Streams beyond max_streams, and those without any name, are left out and counted.
func TestPushedStreamsAreBounded(t *testing.T) {
	in, server := pushing(t, t.TempDir(), "sources: {remote_write: {}}\nmax_streams: 1\n")
	w := newWriting().host("a", time.Now(), 1, 1).host("b", time.Now(), 1, 1)
	w.add(time.Now().UnixMilli(), 1, "__name__", "mem", "job", "x")
	_, err := w.send(t, server)
	require.NoError(t, err)
	require.Len(t, in.streams.all(), 1)
	require.Equal(t, 3., testutil.ToFloat64(in.exporter.refused))
	require.Equal(t, 3, in.receiver(t).aligner.Pending())
}

// Names that are no text, or far too long, harm nobody.
func TestHostileNames(t *testing.T) {
	in, server := pushing(t, t.TempDir(), "sources: {remote_write: {wait: 1ms}}\n")
	w := newWriting()
	for _, name := range []string{"\xff\xfe", "a\"\n{}<script>", "\x00", strings.Repeat("x", longestLabel+1)} {
		w.host(name, time.Now(), 1, 1)
	}
	_, err := w.send(t, server)
	require.NoError(t, err)
	in.receiver(t).flush(time.Now().Add(time.Second))
	require.Equal(t, 3, in.monitor.Stats().Streams)
	for name := range in.streams.all() {
		in.exporter.scored(name, time.Now(), alarm.Result{})
	}
	require.Equal(t, 3, strings.Count(get(server.URL+"/metrics"), "\nanomaly_score{"))
}

// The official exporter of OpenTelemetry delivers, compressed and not, and comes again when it is
// told to.
func TestOTLPExporter(t *testing.T) {
	for _, compression := range []otlpmetrichttp.Compression{otlpmetrichttp.NoCompression, otlpmetrichttp.GzipCompression} {
		in, server := pushing(t, t.TempDir(), "by: [host_name]\nsources: {otlp: {wait: 1ms}}\n")
		exporter, err := otlpmetrichttp.New(t.Context(), otlpmetrichttp.WithEndpointURL(server.URL+"/v1/metrics"), otlpmetrichttp.WithCompression(compression),
			otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig{Enabled: true, InitialInterval: time.Millisecond, MaxInterval: 10 * time.Millisecond, MaxElapsedTime: 20 * time.Second}))
		require.NoError(t, err)
		reader := sdk.NewPeriodicReader(exporter, sdk.WithInterval(time.Hour))
		provider := sdk.NewMeterProvider(sdk.WithReader(reader), sdk.WithResource(resource.NewSchemaless(attribute.String("host.name", "web-1"))))
		mem, err := provider.Meter("test").Float64Gauge("system.mem")
		require.NoError(t, err)
		network, err := provider.Meter("test").Int64Counter("system.network")
		require.NoError(t, err)
		r := in.receiver(t)
		export := func() {
			mem.Record(t.Context(), 50)
			for _, device := range []string{"eth0", "eth1"} {
				network.Add(t.Context(), 1000, metric.WithAttributes(attribute.String("device", device)))
			}
			require.NoError(t, provider.ForceFlush(t.Context()))
		}
		export()
		require.Equal(t, []string{`{host_name="web-1"}`}, keys(in.streams.all()))
		require.Equal(t, 3., testutil.ToFloat64(in.exporter.samples.WithLabelValues(otlpSource, "taken")))
		r.patience = time.Millisecond
		for range atOnce { // too much at once, for a while
			r.places <- struct{}{}
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			defer cancel()
			for testutil.ToFloat64(in.exporter.requests.WithLabelValues(otlpSource, "503")) == 0 {
				time.Sleep(time.Millisecond)
			}
			for range atOnce {
				<-r.places
			}
		}()
		export()
		<-ctx.Done()
		require.Equal(t, 2., testutil.ToFloat64(in.exporter.requests.WithLabelValues(otlpSource, "200")))
		time.Sleep(2 * time.Millisecond)
		r.flush(time.Now())
		require.Positive(t, in.monitor.Stats().Samples)
		require.NoError(t, provider.Shutdown(t.Context()))
	}
}

// What is refused of an OTLP request is told to its sender.
func TestOTLPPartialSuccess(t *testing.T) {
	_, server := pushing(t, t.TempDir(), "sources: {otlp: {labels: {instance: host.name}}}\n")
	body := func(host string) string {
		return fmt.Sprintf(`{"resourceMetrics":[{"resource":{"attributes":[{"key":%q,"value":{"stringValue":"a"}}]},"scopeMetrics":[{"metrics":[{"name":"system.mem","gauge":{"dataPoints":[{"timeUnixNano":"%d","asDouble":5}]}}]}]}]}`,
			host, time.Now().UnixNano())
	}
	header := map[string]string{"Content-Type": "application/json"}
	code, _, text := post2(t, server, "/v1/metrics", header, []byte(body("host.name")))
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "{}", text)
	code, _, text = post2(t, server, "/v1/metrics", header, []byte(body("instance.id")))
	require.Equal(t, http.StatusOK, code)
	require.True(t, strings.HasPrefix(text, `{"partialSuccess":{"rejectedDataPoints":"1"`), text)
}

// A sender that falls silent is told once, and that it is back.
func TestSilence(t *testing.T) {
	in, server := pushing(t, t.TempDir(), "sources: {remote_write: {}}\n")
	r := in.receiver(t)
	now := time.Now()
	r.notice(now.Add(time.Hour))
	require.True(t, r.watch.since.IsZero(), "nobody has begun")
	_, err := newWriting().host("a", now, 1, 1).send(t, server)
	require.NoError(t, err)
	r.notice(now.Add(time.Second))
	require.True(t, r.watch.since.IsZero())
	r.notice(now.Add(time.Minute))
	require.False(t, r.watch.since.IsZero())
	r.notice(now.Add(time.Second))
	require.True(t, r.watch.since.IsZero())
}

// Sources that are silent, or bring the past, do not let streams be missed.
func TestTimeOfAReceiver(t *testing.T) {
	in, server := pushing(t, t.TempDir(), "sources: {remote_write: {wait: 1ms}}\n")
	r := in.receiver(t)
	now := time.Now().Truncate(time.Second)
	for _, at := range []time.Time{now.Add(-time.Hour), now} {
		_, err := newWriting().host("a", at, 1, 1).send(t, server)
		require.NoError(t, err)
		r.flush(time.Now().Add(time.Second))
		r.tick(now)
		require.Equal(t, at.Equal(now), !in.now().IsZero(), at)
	}
}
