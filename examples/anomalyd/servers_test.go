package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/examples/anomalyd/demo/hosts"
)

// asProgram makes this test binary the program itself.
const asProgram = "ANOMALY_PROMETHEUS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// needs skips a test where a program is not installed. With ANOMALY_REQUIRE_SERVERS it fails.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err == nil {
			continue
		}
		if os.Getenv("ANOMALY_REQUIRE_SERVERS") != "" {
			t.Fatalf("%s is not installed", p)
		}
		t.Skipf("%s is not installed: apt-get install prometheus prometheus-alertmanager prometheus-node-exporter", p)
	}
}

// server is a program that runs until the test ends.
type server struct {
	name string
	cmd  *exec.Cmd
	done chan error
	log  *syncBuffer
}

// mostTime is how long a program may run: a test that goes wrong leaves none behind.
const mostTime = 240 * time.Second

// start starts a program.
func start(t *testing.T, env []string, name string, args ...string) *server {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), mostTime)
	t.Cleanup(cancel)
	s := &server{name: filepath.Base(name), cmd: exec.CommandContext(ctx, name, args...), done: make(chan error, 1), log: new(syncBuffer)}
	s.cmd.Env = append(os.Environ(), env...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	require.NoError(t, s.cmd.Start())
	go func() { s.done <- s.cmd.Wait() }()
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("%s:\n%s", s.name, s.log.tail(6000))
		}
	})
	return s
}

func (s *server) kill() {
	_ = s.cmd.Process.Kill() // it may have ended
	s.wait()
}

func (s *server) wait() error {
	err := <-s.done
	s.done <- err
	return err
}

// stop asks the program to end.
func (s *server) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-s.done:
		s.done <- err
		require.NoError(t, err)
	case <-time.After(20 * time.Second):
		require.Fail(t, s.name+" does not stop")
	}
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

func (s *syncBuffer) tail(n int) string {
	text := s.String()
	return text[max(0, len(text)-n):]
}

// freeAddress returns an address of the loopback where nobody listens.
func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// get returns the body of a page; "" where there is none.
func get(address string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return ""
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return ""
	}
	return string(body)
}

func eventually(t *testing.T, within time.Duration, what string, f func() bool) {
	t.Helper()
	began := time.Now()
	for !f() {
		if time.Since(began) > within {
			require.Fail(t, "not within "+within.String()+": "+what)
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("%s after %s", what, time.Since(began).Round(10*time.Millisecond))
}

// history returns samples of hosts before end in the OpenMetrics format.
func history(all []*hosts.Host, end time.Time, interval time.Duration, n int) string {
	text := make([]strings.Builder, len(hosts.Metrics))
	for k, h := range all {
		for i := range n {
			at := end.Add(time.Duration(i-n) * interval)
			for j, v := range h.Sample(at) {
				fmt.Fprintf(&text[j], "demo_%s{instance=%q,job=\"demo\"} %g %.3f\n", hosts.Metrics[j], hosts.Names[k], v, float64(at.UnixMilli())/1000)
			}
		}
	}
	var out strings.Builder
	for j, m := range hosts.Metrics {
		fmt.Fprintf(&out, "# TYPE demo_%s gauge\n%s", m, text[j].String())
	}
	return out.String() + "# EOF\n"
}

// gate stands before a server and lets a test disturb it.
type gate struct {
	*httptest.Server
	mode atomic.Value // "", "garbage", "flood" or "hang"
}

func newGate(t *testing.T, to string) *gate {
	u, err := url.Parse(to)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(u)
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	g, closing := &gate{}, make(chan struct{})
	g.mode.Store("")
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch g.mode.Load() {
		case "garbage":
			garbage(w)
		case "flood":
			_, _ = io.Copy(w, io.LimitReader(endless{}, 2*maxAnswer)) // the client hangs up
		case "hang":
			_, _ = io.Copy(io.Discard, r.Body) // only then a client that hangs up is noticed
			select {
			case <-r.Context().Done():
			case <-closing:
			}
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(func() {
		close(closing)
		g.CloseClientConnections()
		g.Close()
	})
	return g
}

var garbageCount atomic.Int64

// garbage answers something that is no range of series.
func garbage(w io.Writer) {
	answers := []string{
		"<html>it works!</html>", `{"status":"success","data":{"resultType":"vector","result":[]}}`, "", "{",
		`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"instance":5},"values":[["x"]]}]}}`,
		`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1e99,"x"]]}]}}`,
		`{"status":"error","errorType":"internal","error":"no"}`, "\x00\xff\xfe",
	}
	fmt.Fprint(w, answers[int(garbageCount.Add(1))%len(answers)])
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '['
	}
	return len(p), nil
}
