package otelcol

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
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
	text := strings.NewReplacer(".json", fmt.Sprintf("-%d.json", number), "ADDRESS", address, "PROCESS", filepath.Base(os.Args[0])).Replace(config)
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
			t.Logf("%s", text[max(0, len(text)-6000):])
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

// say sends a log record of an operator about a process, and returns the answer.
func (p *program) say(t *testing.T, pid int, event, attributes string) (status int, text string) {
	body := fmt.Sprintf(`{"resourceLogs": [{"resource": {"attributes": [{"key": "process.pid", "value": {"intValue": "%d"}}]}, "scopeLogs": [{"logRecords": [{"eventName": %q, "attributes": [%s]}]}]}]}`, pid, event, attributes)
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

// alarms returns the log records of the alarms of a process.
func (p *program) alarms(t *testing.T, pid int) (out []plog.LogRecord) {
	for _, line := range p.lines(t, "alarms") {
		l, err := new(plog.JSONUnmarshaler).UnmarshalLogs(line)
		require.NoError(t, err)
		for _, rl := range l.ResourceLogs().All() {
			if attribute(rl.Resource().Attributes(), "process.pid") != strconv.Itoa(pid) {
				continue
			}
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
	if v, ok := m.Get(name); ok {
		return v.AsString()
	}
	return ""
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

// hasModel reports whether the log says that a process has its first model.
func (p *program) hasModel(pid int) bool {
	for line := range strings.Lines(p.log.String()) {
		if strings.Contains(line, fmt.Sprintf(`{process.pid=\"%d\"}`, pid)) && strings.Contains(line, `"text":"first model"`) {
			return true
		}
	}
	return false
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

// One connector watches the machine, and another a process of the test: what else the machine does
// leaves that alone. A row is of two scrapes, so that a late one makes no gap.
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
      process: {include: {names: [PROCESS], match_type: strict}, mute_process_all_errors: true}
  otlp: {protocols: {http: {endpoint: "ADDRESS"}}}
connectors:
  anomaly:
    directory: state
    interval: 500ms
    training: {warm_up: 80, preset: pca}
  anomaly/process:
    directory: state-of-processes
    interval: 500ms
    resource_attributes: [process.pid]
    metrics:
      - {name: cpu, from: [process.cpu.time], exclude: {state: [wait]}, scale: 100, floor: 20, unit: "%"}
      - {name: memory, from: [process.memory.usage], scale: 0.000001, floor: 5, unit: MBy}
    training: {warm_up: 80, preset: pca}
    alarms: {budget: 1000, open: 3, of: 5, gap: 2s, merge: 0s}
exporters:
  file/before: {path: before.json, flush_interval: 100ms}
  file/after: {path: after.json, flush_interval: 100ms}
  file/alarms: {path: alarms.json, flush_interval: 100ms}
service:
  telemetry: {metrics: {level: none}, logs: {encoding: json}}
  pipelines:
    metrics/hosts: {receivers: [host_metrics], exporters: [anomaly, anomaly/process, file/before]}
    metrics: {receivers: [anomaly], exporters: [file/after]}
    logs/operators: {receivers: [otlp], exporters: [anomaly/process]}
    logs: {receivers: [anomaly/process], exporters: [file/alarms]}
`

// asProcess makes this test binary the process that is watched.
const asProcess = "ANOMALY_OTELCOL_PROCESS"

func TestMain(m *testing.M) {
	if os.Getenv(asProcess) != "" {
		leak()
		return
	}
	os.Exit(m.Run())
}

// leak works a little, and from the first line of the standard input on it leaks memory, 300 MB in
// some five seconds. It ends with the input.
func leak() {
	begin := make(chan struct{})
	go func() {
		in := bufio.NewScanner(os.Stdin)
		if in.Scan() {
			close(begin)
		}
		for in.Scan() {
		}
		os.Exit(0)
	}()
	var leaked [][]byte
	rng := rand.New(rand.NewPCG(1, 2))
	for {
		work := bytes.Repeat([]byte{1}, 1_000_000+rng.IntN(8_000_000))
		for range rng.IntN(5) {
			_ = sha256.Sum256(work)
		}
		debug.FreeOSMemory()
		select {
		case <-begin:
			if len(leaked) < 100 {
				leaked = append(leaked, bytes.Repeat([]byte{1}, 3_000_000))
			}
		default:
		}
		time.Sleep(50 * time.Millisecond)
		runtime.KeepAlive(work)
	}
}

// startProcess starts the process that is watched. leak makes it leak.
func startProcess(t *testing.T) (pid int, leak func()) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asProcess+"=1")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		in.Close()
		require.NoError(t, cmd.Wait())
	})
	return cmd.Process.Pid, func() {
		_, err := io.WriteString(in, "leak\n")
		require.NoError(t, err)
	}
}

// The real collector watches this machine with its receiver of host metrics. A process leaks memory,
// and that is a log record with the metric named. The metrics pass as they are.
func TestRealCollector(t *testing.T) {
	binary := build(t)
	for _, file := range []string{"config.yaml", "quickstart.yaml"} {
		out, err := exec.Command(binary, "validate", "--config="+file).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	dir := t.TempDir()
	pid, leak := startProcess(t)
	p := run(t, binary, dir, 1)
	eventually(t, 3*time.Minute, "there are models of both", func() bool {
		_, n := p.gauge(t, "anomaly.score")
		return n > 0 && p.hasModel(pid)
	})
	require.NoError(t, p.cmd.Process.Kill())
	p.wait()
	p = run(t, binary, dir, 2)
	eventually(t, time.Minute, "it goes on after it was killed", func() bool {
		_, n := p.gauge(t, "anomaly.score")
		return n > 0
	})
	require.NotContains(t, p.log.String(), "warming up")
	requireHost(t, p)

	leak()
	var opened plog.LogRecord
	eventually(t, time.Minute, "the leak is flagged", func() bool {
		for _, r := range p.alarms(t, pid) {
			opened = r
			return true
		}
		return false
	})
	requireAlarm(t, opened)
	requireExpected(t, p, pid, opened)
	eventually(t, time.Minute, "some scrapes have passed", func() bool { return len(p.lines(t, "before")) > 10 })
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, p.wait())
	requireUnchanged(t, p)
}

// requireHost requires the gauges of the default metrics, as far as the machine has them.
func requireHost(t *testing.T, p *program) {
	seen := map[string]bool{}
	for _, m := range p.metrics(t, "after") {
		if m.Name() != "anomaly.value" {
			continue
		}
		for _, point := range m.Gauge().DataPoints().All() {
			seen[attribute(point.Attributes(), "metric")] = true
		}
	}
	require.Subset(t, []string{"cpu", "memory", "disk", "network_in"}, slices.Collect(maps.Keys(seen)))
	require.True(t, seen["cpu"] && seen["memory"])
}

func requireAlarm(t *testing.T, r plog.LogRecord) {
	require.Equal(t, "opened", attribute(r.Attributes(), "anomaly.kind"))
	require.Equal(t, "anomaly.opened", r.EventName())
	require.Contains(t, r.Body().Str(), "memory is ")
	require.Equal(t, "memory", attribute(r.Attributes(), "anomaly.metric"))
	require.GreaterOrEqual(t, r.SeverityNumber(), plog.SeverityNumberWarn)
	value, _ := r.Attributes().Get("anomaly.value")
	high, _ := r.Attributes().Get("anomaly.expected.high")
	require.Greater(t, value.Double(), high.Double())
	require.Equal(t, "MBy", attribute(r.Attributes(), "anomaly.unit"))
	t.Log(r.Body().Str())
}

// requireExpected says that the alarm is real, and then that what happens is expected: it is over
// although the fault goes on.
func requireExpected(t *testing.T, p *program, pid int, r plog.LogRecord) {
	seq := attribute(r.Attributes(), "anomaly.seq")
	verdict := `{"key": "anomaly.seq", "value": {"intValue": "%s"}}, {"key": "anomaly.real", "value": {"boolValue": true}}`
	status, _ := p.say(t, pid, "anomaly.verdict", fmt.Sprintf(verdict, seq))
	require.Equal(t, http.StatusOK, status)
	status, answer := p.say(t, pid, "anomaly.verdict", fmt.Sprintf(verdict, "1000"))
	require.NotEqual(t, http.StatusOK, status)
	require.Contains(t, answer, "1000")
	expect := `{"key": "anomaly.from", "value": {"stringValue": %q}}, {"key": "anomaly.until", "value": {"stringValue": %q}}`
	now := time.Now()
	status, _ = p.say(t, pid, "anomaly.expect", fmt.Sprintf(expect, now.Add(-time.Hour).Format(time.RFC3339), now.Add(time.Hour).Format(time.RFC3339)))
	require.Equal(t, http.StatusOK, status)
	eventually(t, time.Minute, "the alarm is over", func() bool {
		all := p.alarms(t, pid)
		return attribute(all[len(all)-1].Attributes(), "anomaly.kind") == "closed"
	})
}

// requireUnchanged requires that every batch which a pipeline beside has exported has passed.
func requireUnchanged(t *testing.T, p *program) {
	passed := map[string]int{}
	for _, line := range p.lines(t, "after") {
		passed[canonical(t, line)]++
	}
	for _, line := range p.lines(t, "before") {
		require.Positive(t, passed[canonical(t, line)], "%s", line)
	}
}

func canonical(t *testing.T, line []byte) string {
	var v any
	require.NoError(t, json.Unmarshal(line, &v))
	return fmt.Sprint(v)
}
