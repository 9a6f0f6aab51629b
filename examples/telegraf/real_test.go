package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// telegrafVersion is what the plugin is tested against, and telegrafParts what of it is built: all
// of it takes an hour.
const (
	telegrafVersion = "v1.37.2"
	telegrafParts   = "custom,inputs.cpu,inputs.mem,inputs.diskio,inputs.net,inputs.file,processors.execd,outputs.file,parsers.influx,serializers.influx"
)

// asProgram makes this test binary the program itself.
const asProgram = "ANOMALY_TELEGRAF_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// telegraf returns the path of a Telegraf. One that is not there is built where
// ANOMALY_REQUIRE_SERVERS says that there has to be one; else the test is skipped.
func telegraf(t *testing.T) string {
	t.Helper()
	cache := os.Getenv("CI_CACHE")
	if cache == "" {
		own, err := os.UserCacheDir()
		require.NoError(t, err)
		cache = filepath.Join(own, "metric-streams-anomaly-ci")
	}
	dir := filepath.Join(cache, "telegraf-"+telegrafVersion)
	path := filepath.Join(dir, "telegraf")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	install := []string{"install", "-tags", telegrafParts, "github.com/influxdata/telegraf/cmd/telegraf@" + telegrafVersion}
	if os.Getenv("ANOMALY_REQUIRE_SERVERS") == "" {
		t.Skipf("no Telegraf: GOBIN=%s go %s", dir, strings.Join(install, " "))
	}
	build := exec.CommandContext(t.Context(), "go", install...)
	build.Dir = t.TempDir() // not in this module
	build.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0")
	began := time.Now()
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Logf("Telegraf %s was built in %s", telegrafVersion, time.Since(began).Round(time.Second))
	return path
}

const telegrafConf = `
[agent]
  interval = "100ms"
  flush_interval = "100ms"
  hostname = "real"
[[inputs.cpu]]
  percpu = false
[[inputs.mem]]
[[inputs.diskio]]
[[inputs.net]]
[[inputs.file]]
  files = [%q]
  data_format = "influx"
[[processors.execd]]
  command = [%q, "-config", %q]
  environment = ["` + asProgram + `=1"]
[[outputs.file]]
  files = [%q]
  data_format = "influx"
`

const realToml = `
interval = "100ms"
[[metrics]]
name = "cpu"
measurement = "cpu"
field = "usage_idle"
tags = { cpu = "cpu-total" }
scale = -1.0
offset = 100.0
[[metrics]]
name = "mem"
measurement = "mem"
field = "used_percent"
[[metrics]]
name = "net_in"
measurement = "net"
field = "bytes_recv"
rate = true
join = "sum"
[training]
preset = "pca"
warm_up = 150
[alarms]
budget = 10000.0
open = 2
of = 3
`

// made is a host that a file tells of: Telegraf reads it at every interval.
type made struct {
	path  string
	mu    sync.Mutex
	busy  bool
	bytes float64
}

func (m *made) write(rng *rand.Rand) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	idle := 60 + rng.NormFloat64()
	if m.busy {
		idle = 1
	}
	m.bytes += 1000 + 100*rng.Float64()
	text := fmt.Sprintf("cpu,cpu=cpu-total,host=made usage_idle=%g\nmem,host=made used_percent=%g\nnet,host=made,interface=eth0 bytes_recv=%.0fi\n", idle, 40+rng.NormFloat64(), m.bytes) +
		`strange\ name,a\=b=c\,d,host=made text="two \"quoted\" words, a=b",n=-5i,u=7u,ok=true,f=1.5` + "\n"
	if err := os.WriteFile(m.path+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(m.path+".new", m.path)
}

// keep writes the file again and again until ctx ends.
func (m *made) keep(ctx context.Context, t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for ctx.Err() == nil {
		if err := m.write(rng); err != nil {
			t.Error(err)
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// session is a run of Telegraf.
type session struct {
	cmd *exec.Cmd
	log bytes.Buffer
	out string // file
}

func begin(t *testing.T, program, dir string) *session {
	t.Helper()
	s := &session{cmd: exec.Command(program, "--config", filepath.Join(dir, "telegraf.conf")), out: filepath.Join(dir, "out.influx")}
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	require.NoError(t, s.cmd.Start())
	t.Cleanup(func() {
		if s.cmd.ProcessState == nil {
			_ = s.cmd.Process.Kill()
			_ = s.cmd.Wait()
		}
		if t.Failed() {
			t.Log(s.log.String())
		}
	})
	return s
}

// until waits until what Telegraf has written matches.
func (s *session) until(t *testing.T, pattern string) {
	t.Helper()
	re := regexp.MustCompile(pattern)
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(s.out)
		return err == nil && re.Match(text)
	}, 90*time.Second, 100*time.Millisecond, pattern)
}

// end ends Telegraf as a service manager does.
func (s *session) end(t *testing.T) string {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, s.cmd.Wait())
	return s.log.String()
}

// A real Telegraf runs the plugin: its metrics pass, a fault of one host is told of with its metric,
// and the next run goes on where this one stopped.
func TestRealTelegraf(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Telegraf is ended by a signal")
	}
	program := telegraf(t)
	dir := t.TempDir()
	self, err := os.Executable()
	require.NoError(t, err)
	host := &made{path: filepath.Join(dir, "host.influx")}
	require.NoError(t, host.write(rand.New(rand.NewPCG(1, 1))))
	settings := filepath.Join(dir, "anomaly.toml")
	require.NoError(t, os.WriteFile(settings, []byte(realToml), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "telegraf.conf"), fmt.Appendf(nil, telegrafConf, host.path, self, settings, filepath.Join(dir, "out.influx")), 0o600))
	ctx, stop := context.WithCancel(context.Background())
	var keeping sync.WaitGroup
	keeping.Add(1)
	go func() { defer keeping.Done(); host.keep(ctx, t) }()
	defer keeping.Wait()
	defer stop()

	s := begin(t, program, dir)
	s.until(t, `(?m)^cpu,cpu=cpu-total,host=real .*usage_idle=`)
	s.until(t, `(?m)^mem,host=real .*used_percent=`)
	s.until(t, `(?m)^strange\\ name,a\\=b=c\\,d,host=made text="two \\"quoted\\" words, a=b",n=-5i,u=7i,ok=true,f=1.5 \d+$`) // Telegraf writes 7u so
	s.until(t, `(?m)^anomaly,host=real energy=`)
	s.until(t, `(?s)(anomaly,host=made energy=[^\n]*,alarm=0i,expected=0i \d+\n.*){30}`) // the first open no alarm
	host.mu.Lock()
	host.busy = true
	host.mu.Unlock()
	s.until(t, `(?m)^anomaly_event,host=made,kind=opened,metric=cpu,severity=\w+ seq=\d+i,alarm=\d+i,text="cpu is 99, expected [^"]*" \d+$`)
	s.until(t, `(?m)^anomaly,host=made energy=.*,alarm=1i,expected=0i \d+$`)
	log := s.end(t)
	require.Contains(t, log, "watching metrics=3 hosts=0")
	require.Contains(t, log, "W! [processors.execd] event: opened")
	require.NotContains(t, log, "exited")

	require.NoError(t, os.Remove(s.out))
	s = begin(t, program, dir)
	s.until(t, `(?m)^anomaly,host=made energy=.*,alarm=1i,expected=0i \d+$`)
	require.Contains(t, s.end(t), "watching metrics=3 hosts=2")
}
