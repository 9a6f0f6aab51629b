package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dataset"
)

// output collects what the program prints and lets tests wait for it.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func newOutput() *output { return &output{more: make(chan struct{}, 1)} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.more <- struct{}{}:
	default:
	}
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func (o *output) waitFor(t *testing.T, text string) {
	timeout := time.After(time.Minute)
	for !strings.Contains(o.String(), text) {
		select {
		case <-o.more:
		case <-timeout:
			require.Contains(t, o.String(), text)
		}
	}
}

// start runs the program; end stops it as a signal does.
func start(stdin io.Reader, args ...string) (out *output, end func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	out = newOutput()
	done := make(chan error)
	go func() { done <- run(ctx, args, stdin, out, out) }()
	return out, func() error {
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(time.Minute):
			return fmt.Errorf("still running; it has printed %s", out)
		}
	}
}

// The program ends while it waits for the header, and for a row, and keeps its state.
func TestSilentPipe(t *testing.T) {
	r, _ := io.Pipe()
	_, end := start(r, "-follow", "-columns", "cpu")
	require.NoError(t, end())

	dir := filepath.Join(t.TempDir(), "state")
	r, w := io.Pipe()
	out, end := start(r, "-follow", "-columns", "cpu", "-state", dir)
	_, err := io.WriteString(w, "time,cpu\n2026-05-04T00:00:00Z,1\n2026-05-04T00:01:00Z,")
	require.NoError(t, err)
	out.waitFor(t, "warming up")
	require.NoError(t, end())
	require.Contains(t, out.String(), "1 samples of 1 hosts")
	kept, err := filepath.Glob(filepath.Join(dir, "*.state"))
	require.NoError(t, err)
	require.Len(t, kept, 1)
}

func TestGrowingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "host.csv")
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	write := func(s string) {
		_, err := f.WriteString(s)
		require.NoError(t, err)
	}
	write("time,host,cpu\n2026-05-04T00:00:00Z,one,1\n2026-05-04T00:0")
	out, end := start(nil, "-in", path, "-follow", "-columns", "cpu", "-host", "host")
	out.waitFor(t, "one warming up")
	write("1:00Z,two,2\n")
	out.waitFor(t, "two warming up")
	require.NoError(t, end())
	require.Contains(t, out.String(), "2 samples of 2 hosts")
	require.ErrorContains(t, run(context.Background(), []string{"-in", "nowhere.csv", "-follow", "-columns", "cpu"}, nil, out, out), "nowhere.csv")
}

// The columns and the time are found in rows that come one by one.
func TestFollowFindsColumns(t *testing.T) {
	r, w := io.Pipe()
	out, end := start(r, "-follow")
	write := func(s string) {
		_, err := io.WriteString(w, s)
		require.NoError(t, err)
	}
	write("time,cpu\n0,1\n")
	out.waitFor(t, "warming up")
	require.NoError(t, end())
	require.Contains(t, out.String(), "1 samples of 1 hosts")

	// A column that has no value yet is waited for.
	r, w = io.Pipe()
	out, end = start(r, "-follow")
	write("time,cpu,mem\n0,1,\n")
	write("60,1,2\n120,1,2\n")
	out.waitFor(t, "warming up")
	require.NoError(t, end())

	// One that has its first value too late is not dropped.
	var text strings.Builder
	text.WriteString("time,cpu,mem\n")
	for i := range 3000 {
		fmt.Fprintf(&text, "%d,1%100s,\n", i, "")
	}
	path := filepath.Join(t.TempDir(), "host.csv")
	require.NoError(t, os.WriteFile(path, []byte(text.String()+"3000,1,2\n"), 0o600))
	err := run(context.Background(), []string{"-in", path, "-warmup", "5000"}, nil, out, out)
	require.ErrorIs(t, err, dataset.ErrLateColumn)
	require.ErrorContains(t, err, `line 3002, column "mem"`)
}

// A host that sends nothing is told of: by the times of the others' rows while rows come,
// by the clock when none do.
func TestTicksTellSilence(t *testing.T) {
	out := newOutput()
	m, err := monitor.Open(monitor.Config{Columns: []string{"cpu", "mem"}, Train: trainer(time.Minute, 20), WarmUp: 200, Synchronous: true,
		Handle: func(e alarm.Event) { fmt.Fprintln(out, e) }})
	require.NoError(t, err)
	rows, ticks := make(chan item), make(chan time.Time)
	done := make(chan error)
	go func() { done <- replay(context.Background(), m, rows, ticks, 0) }()
	begin := time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)
	at := func(i int) time.Time { return begin.Add(time.Duration(i) * time.Minute) }
	for i := range 320 {
		values := []float64{float64(i * i % 17), float64(i * 7 % 13)}
		rows <- item{sample: sample{dataset.Row{Time: at(i), Values: values}, "one"}}
		if i < 300 {
			rows <- item{sample: sample{dataset.Row{Time: at(i), Values: values}, "two"}}
		}
	}
	late := at(1e6)
	ticks <- late // rows have come since the last one
	ticks <- late
	close(rows)
	require.NoError(t, <-done)
	silent := strings.Index(out.String(), "two no data")
	require.Positive(t, silent)
	require.Greater(t, strings.Index(out.String(), "one no data"), silent)
	require.NoError(t, m.Close())
}
