package watch

import (
	"context"
	"fmt"
	"log"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func settings() Settings {
	return Settings{Partitions: 4, Columns: []string{"a", "b"}, Interval: time.Minute, WarmUp: 60, Retrain: 24 * time.Hour, Budget: 1, Preset: "pca", Seed: 1}
}

// serve starts a server for a test and returns its URL.
func serve(t *testing.T) string {
	s, err := Serve(ServerConfig{Host: "127.0.0.1", Port: -1, Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	return s.ClientURL()
}

func open(t *testing.T, url string, s Settings, storage Storage) *Fleet {
	nc, err := Dial(url, t.Name())
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	f, err := Open(t.Context(), nc, s, storage)
	require.NoError(t, err)
	return f
}

// worker returns a worker that does nothing by itself.
func worker(t *testing.T, f *Fleet, cfg Config) *Worker {
	cfg.Log = log.New(testLog{t}, "", 0)
	if cfg.Silent == 0 {
		cfg.Silent = 200 * time.Millisecond
	}
	return NewWorker(f, cfg)
}

type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	if l.t.Context().Err() == nil {
		l.t.Logf("%s", p)
	}
	return len(p), nil
}

// run runs a worker until stop is called, which fails the test if the worker fails.
func run(t *testing.T, w *Worker) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		require.NoError(t, <-done)
	}
	t.Cleanup(stop)
	return stop
}

// own lets a worker own a partition.
func own(t *testing.T, w *Worker, n int) *partition {
	before, err := w.revision(t.Context(), n)
	require.NoError(t, err)
	p, err := w.own(context.WithoutCancel(t.Context()), n, before)
	require.NoError(t, err)
	t.Cleanup(func() { p.cancel(errGivenBack) })
	return p
}

// value is a made-up value of row i.
func value(i, column int) float64 { return 50 + 10*float64((i*(7+6*column))%17)/17 }

// publish publishes rows from (included) to (excluded) of hosts.
func publish(t *testing.T, f *Fleet, hosts []string, from, to int) {
	for i := from; i < to; i++ {
		var out []Outgoing
		for _, h := range hosts {
			token, err := Token(h)
			require.NoError(t, err)
			out = append(out, Outgoing{Token: token, Sample: Sample{start.Add(time.Duration(i) * time.Minute), []float64{value(i, 0), value(i, 1)}}})
		}
		require.NoError(t, f.Publish(t.Context(), out))
	}
}

func names(n int) (out []string) {
	for k := range n {
		out = append(out, fmt.Sprintf("host %d", k))
	}
	return out
}

// eventually waits for something.
func eventually(t *testing.T, what string, so func() bool) {
	require.Eventually(t, so, 30*time.Second, 10*time.Millisecond, what)
}
