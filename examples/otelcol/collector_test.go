package otelcol

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// builder is what makes a collector of builder-config.yaml.
const builder = "go.opentelemetry.io/collector/cmd/builder@v0.165.0"

// skip skips a test, with a message, unless ANOMALY_REQUIRE_SERVERS says that it must run.
func skip(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("ANOMALY_REQUIRE_SERVERS") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// build builds the real collector. Only the first time takes long: the rest is in Go's cache.
func build(t *testing.T) string {
	if testing.Short() {
		skip(t, "building a collector takes long the first time")
	}
	if runtime.GOOS != "linux" {
		skip(t, "the test runs on Linux")
	}
	dir := t.TempDir()
	manifest, err := os.ReadFile("builder-config.yaml")
	require.NoError(t, err)
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	text := strings.NewReplacer("output_path: ./build", "output_path: "+dir, "=> ../../..", "=> "+root).Replace(string(manifest))
	config := filepath.Join(dir, "builder-config.yaml")
	require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "run", builder, "--config="+config)
	cmd.Env = append(os.Environ(), "GOFLAGS=-e") // not all modules that only tests of components need may be there
	if out, err := cmd.CombinedOutput(); err != nil {
		skip(t, "the collector cannot be built: %v\n%s", err, out)
	}
	return filepath.Join(dir, "otelcol-anomaly")
}

// program is the collector. Its files have its number, because a file exporter begins anew.
type program struct {
	dir     string
	number  int
	address string // of OTLP over HTTP
	cmd     *exec.Cmd
	done    chan error
	log     *syncBuffer
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// run starts the collector, which ends with the test.
func run(t *testing.T, binary, dir string, number int) *program {
	file := filepath.Join(dir, fmt.Sprintf("config-%d.yaml", number))
	address := freeAddress(t)
	text := strings.NewReplacer(".json", fmt.Sprintf("-%d.json", number), "ADDRESS", address).Replace(config)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	p := &program{dir: dir, number: number, address: address, cmd: exec.Command(binary, "--config="+file), done: make(chan error, 1), log: new(syncBuffer)}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, p.log, p.log
	require.NoError(t, p.cmd.Start())
	go func() { p.done <- p.cmd.Wait() }()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may have ended
		p.wait()
		if t.Failed() {
			text := p.log.String()
			t.Logf("%s", text[max(0, len(text)-8000):])
		}
	})
	return p
}

// freeAddress returns an address of the loopback where nobody listens.
func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// say sends a log record of an operator, and returns the answer.
func (p *program) say(t *testing.T, event, attributes string) (status int, text string) {
	body := fmt.Sprintf(`{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"eventName": %q, "attributes": [%s]}]}]}]}`, event, attributes)
	resp, err := http.Post("http://"+p.address+"/v1/logs", "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(answer)
}

func (p *program) wait() error {
	err := <-p.done
	p.done <- err
	return err
}

// lines returns the complete lines of an exporter's file.
func (p *program) lines(t *testing.T, name string) [][]byte {
	text, err := os.ReadFile(filepath.Join(p.dir, fmt.Sprintf("%s-%d.json", name, p.number)))
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	end := bytes.LastIndexByte(text, '\n')
	if end < 0 {
		return nil
	}
	return bytes.Split(text[:end], []byte("\n"))
}

// alarms returns the log records of alarms.
func (p *program) alarms(t *testing.T) (out []plog.LogRecord) {
	for _, line := range p.lines(t, "alarms") {
		l, err := new(plog.JSONUnmarshaler).UnmarshalLogs(line)
		require.NoError(t, err)
		for _, rl := range l.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, r := range sl.LogRecords().All() {
					if attribute(r.Attributes(), "anomaly.alarm") != "" {
						out = append(out, r)
					}
				}
			}
		}
	}
	return out
}

func attribute(m pcommon.Map, name string) string {
	v, _ := m.Get(name)
	return v.AsString()
}

// gauge returns the last value of a gauge without attributes, and how many there have been.
func (p *program) gauge(t *testing.T, name string) (v float64, n int) {
	for _, m := range p.metrics(t, "after") {
		if m.Name() == name {
			v, n = m.Gauge().DataPoints().At(0).DoubleValue(), n+1
		}
	}
	return v, n
}

func (p *program) metrics(t *testing.T, file string) (out []pmetric.Metric) {
	for _, line := range p.lines(t, file) {
		md, err := new(pmetric.JSONUnmarshaler).UnmarshalMetrics(line)
		require.NoError(t, err)
		for _, rm := range md.ResourceMetrics().All() {
			for _, sm := range rm.ScopeMetrics().All() {
				for _, m := range sm.Metrics().All() {
					out = append(out, m)
				}
			}
		}
	}
	return out
}

func eventually(t *testing.T, within time.Duration, what string, f func() bool) {
	t.Helper()
	began := time.Now()
	for !f() {
		if time.Since(began) > within {
			require.Fail(t, "not within "+within.String()+": "+what)
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Logf("%s after %s", what, time.Since(began).Round(100*time.Millisecond))
}

// The loopback's traffic stands beside the metrics of a host, because a test can make it odd
// whatever else the machine does.
const config = `
receivers:
  host_metrics:
    collection_interval: 250ms
    initial_delay: 0s
    scrapers:
      cpu:
      memory: {metrics: {system.memory.utilization: {enabled: true}}}
      disk:
      network:
  otlp: {protocols: {http: {endpoint: "ADDRESS"}}}
connectors:
  anomaly:
    directory: state
    interval: 250ms
    metrics:
      - {name: cpu, from: [system.cpu.time], exclude: {state: [idle]}, aggregation: share, scale: 100, floor: 5}
      - {name: memory, from: [system.memory.utilization], attributes: {state: [used]}, scale: 100, floor: 1}
      - {name: disk, from: [system.disk.io_time], aggregation: max, scale: 100, floor: 5}
      - {name: loopback, from: [system.network.io], attributes: {direction: [receive], device: [lo]}, scale: 0.000001, floor: 1, unit: MBy/s}
    training: {warm_up: 120, preset: pca}
    alarms: {budget: 1000, open: 3, of: 5, gap: 2s, merge: 0s}
exporters:
  file/before: {path: before.json, flush_interval: 100ms}
  file/after: {path: after.json, flush_interval: 100ms}
  file/alarms: {path: alarms.json, flush_interval: 100ms}
service:
  telemetry: {metrics: {level: none}, logs: {encoding: json}}
  pipelines:
    metrics/hosts: {receivers: [host_metrics], exporters: [anomaly, file/before]}
    metrics: {receivers: [anomaly], exporters: [file/after]}
    logs/operators: {receivers: [otlp], exporters: [anomaly]}
    logs: {receivers: [anomaly], exporters: [file/alarms]}
`

// flood sends 100 MB/s over the loopback until the function that it returns is called.
func flood(t *testing.T) (stop func()) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	from, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	to, err := listener.Accept()
	require.NoError(t, err)
	var both sync.WaitGroup
	end := make(chan struct{})
	both.Go(func() {
		defer from.Close()
		for data := make([]byte, 1<<20); ; {
			select {
			case <-end:
				return
			case <-time.After(10 * time.Millisecond):
			}
			if _, err := from.Write(data); err != nil {
				return
			}
		}
	})
	both.Go(func() {
		defer to.Close()
		for data := make([]byte, 1<<20); ; {
			if _, err := to.Read(data); err != nil {
				return
			}
		}
	})
	return func() {
		close(end)
		both.Wait()
		listener.Close()
	}
}

// The real collector watches this machine with its hostmetrics receiver. A fault is made, and is a
// log record with the metric named. The metrics pass as they are.
func TestRealCollector(t *testing.T) {
	binary := build(t)
	dir := t.TempDir()
	p := run(t, binary, dir, 1)
	eventually(t, 3*time.Minute, "there is a model", func() bool {
		_, n := p.gauge(t, "anomaly.score")
		return n > 0
	})
	require.NoError(t, p.cmd.Process.Kill())
	p.wait()
	p = run(t, binary, dir, 2)
	eventually(t, time.Minute, "it goes on after it was killed", func() bool {
		_, n := p.gauge(t, "anomaly.score")
		return n > 0
	})
	require.NotContains(t, p.log.String(), "warming up")

	found := func() bool { // the machine may do other odd things meanwhile
		eventually(t, time.Minute, "no alarm is open", func() bool {
			open, _ := p.gauge(t, "anomaly.alarm")
			return open == 0
		})
		known := len(p.alarms(t))
		stop := flood(t)
		defer stop()
		for range 200 {
			for _, r := range p.alarms(t)[known:] {
				if attribute(r.Attributes(), "anomaly.metric") != "loopback" {
					t.Log(r.Body().Str())
					return false
				}
				requireAlarm(t, r)
				requireExpected(t, p, r)
				return true
			}
			time.Sleep(100 * time.Millisecond)
		}
		return false
	}
	for tries := 1; !found(); tries++ {
		require.Less(t, tries, 3, "the fault is flagged, with the metric named")
	}
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, p.wait())
	requireUnchanged(t, p)
}

func requireAlarm(t *testing.T, r plog.LogRecord) {
	require.Equal(t, "opened", attribute(r.Attributes(), "anomaly.kind"))
	require.Equal(t, "anomaly.opened", r.EventName())
	require.Contains(t, r.Body().Str(), "loopback is ")
	require.GreaterOrEqual(t, r.SeverityNumber(), plog.SeverityNumberWarn)
	value, _ := r.Attributes().Get("anomaly.value")
	high, _ := r.Attributes().Get("anomaly.expected.high")
	require.Greater(t, value.Double(), high.Double())
	require.Equal(t, "MBy/s", attribute(r.Attributes(), "anomaly.unit"))
	t.Log(r.Body().Str())
}

// requireExpected says that the alarm is real, and then that what happens is expected: it is over
// although the fault goes on.
func requireExpected(t *testing.T, p *program, r plog.LogRecord) {
	seq := attribute(r.Attributes(), "anomaly.seq")
	verdict := `{"key": "anomaly.seq", "value": {"intValue": "%s"}}, {"key": "anomaly.real", "value": {"boolValue": true}}`
	status, _ := p.say(t, "anomaly.verdict", fmt.Sprintf(verdict, seq))
	require.Equal(t, http.StatusOK, status)
	status, answer := p.say(t, "anomaly.verdict", fmt.Sprintf(verdict, "1000"))
	require.NotEqual(t, http.StatusOK, status)
	require.Contains(t, answer, "1000")
	expect := `{"key": "anomaly.from", "value": {"stringValue": %q}}, {"key": "anomaly.until", "value": {"stringValue": %q}}`
	now := time.Now()
	status, _ = p.say(t, "anomaly.expect", fmt.Sprintf(expect, now.Add(-time.Hour).Format(time.RFC3339), now.Add(time.Hour).Format(time.RFC3339)))
	require.Equal(t, http.StatusOK, status)
	eventually(t, time.Minute, "the alarm is over", func() bool {
		all := p.alarms(t)
		return attribute(all[len(all)-1].Attributes(), "anomaly.kind") == "closed"
	})
}

// requireUnchanged requires that every batch which a pipeline beside has exported has passed.
func requireUnchanged(t *testing.T, p *program) {
	passed := map[string]int{}
	for _, line := range p.lines(t, "after") {
		passed[canonical(t, line)]++
	}
	batches := p.lines(t, "before")
	require.Greater(t, len(batches), 10)
	for _, line := range batches {
		require.Positive(t, passed[canonical(t, line)], "%s", line)
	}
}

func canonical(t *testing.T, line []byte) string {
	var v any
	require.NoError(t, json.Unmarshal(line, &v))
	return fmt.Sprint(v)
}
