package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/examples/anomalyd/demo/hosts"
)

const csvProgram = `
listen: 127.0.0.1:0
interval: 1s
sources: {csv: {files: ['*.csv'], poll: 10ms}}
metrics: [{name: cpu}, {name: mem, unit: pages}, {name: disk}, {name: net_in}]
training: {warm_up: 300, preset: pca}
alarms: {open: 3, of: 5, merge: 0s}
stdout: true
`

// csvHost writes what a host says, a second apart.
type csvHost struct {
	t    *testing.T
	path string
	host *hosts.Host
	at   time.Time
}

func (h *csvHost) write(rows int, fault float64) {
	f, err := os.OpenFile(h.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(h.t, err)
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() == 0 {
		fmt.Fprintln(f, "time,cpu,mem,disk,net_in")
	}
	for range rows {
		x := h.host.Sample(time.Time{})
		_, err := fmt.Fprintf(f, "%s,%g,%g,%g,%g\n", h.at.Format(time.RFC3339), x[0], x[1]+fault, x[2], x[3])
		require.NoError(h.t, err)
		h.at = h.at.Add(time.Second)
	}
}

// begun is the program in this process.
func begun(t *testing.T, path string) (address string, events <-chan message, end func()) {
	c, err := loadConfig(path)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	done, listening := make(chan error, 1), make(chan string, 1)
	go func() { done <- watch(ctx, c, writer, func(address string) { listening <- address }) }()
	select {
	case address = <-listening:
	case err := <-done:
		require.NoError(t, err)
	}
	out := make(chan message, 1000)
	go func() {
		for lines := bufio.NewScanner(reader); lines.Scan(); {
			var m message
			if json.Unmarshal(lines.Bytes(), &m) == nil {
				out <- m
			}
		}
	}()
	return address, out, func() {
		cancel()
		require.NoError(t, <-done)
		require.NoError(t, writer.Close())
	}
}

// eventOf waits for an event of a kind.
func eventOf(t *testing.T, events <-chan message, kind string) message {
	t.Helper()
	patience := time.After(60 * time.Second)
	for {
		select {
		case m := <-events:
			if string(m.Event.Kind) == kind {
				return m
			}
		case <-patience:
			require.Fail(t, "no event "+kind)
		}
	}
}

// The program learns from files of two hosts, flags a fault that one of them has, and names the
// metric, on standard output. The file is rotated, and the program ends and begins in between.
func TestFilesToStandardOutput(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "anomaly.yml")
	require.NoError(t, os.WriteFile(path, []byte(csvProgram), 0o600))
	var all []*csvHost
	for i, h := range hosts.New(1) {
		one := &csvHost{t, filepath.Join(dir, hosts.Names[i]+".csv"), h, time.Now().UTC().Truncate(time.Second).Add(-40 * time.Minute)}
		one.write(400, 0)
		all = append(all, one)
	}
	var out, problems strings.Builder
	require.Zero(t, run(t.Context(), []string{"-config", path, "-check"}, &out, &problems), problems.String())
	require.Contains(t, out.String(), "web-1.csv: cpu, mem, disk, net_in, the first row at")

	address, events, end := begun(t, path)
	sick := all[0]
	eventually(t, 60*time.Second, "both have models", func() bool {
		all[0].write(1, 0) // a model takes over with the next row
		all[1].write(1, 0)
		page := get("http://" + address + "/metrics")
		return strings.Contains(page, "anomaly_monitor_streams 2\n") && strings.Contains(page, "anomaly_monitor_warming_up 0\n")
	})
	sick.write(50, 0)
	sick.write(20, 25)
	opened := eventOf(t, events, "opened")
	require.Equal(t, map[string]string{"instance": "web-1"}, opened.Labels)
	require.Equal(t, "mem", opened.Event.Explanation.Contributions[0].Metric)
	end()

	sick.write(5, 25)
	require.NoError(t, os.Rename(sick.path, sick.path+".1"))
	sick.write(60, 0)
	_, events, end = begun(t, path)
	closed := eventOf(t, events, "closed")
	require.Equal(t, opened.Event.Alarm, closed.Event.Alarm)
	require.Greater(t, closed.Event.Seq, opened.Event.Seq)
	end()
}

func TestWrongArguments(t *testing.T) {
	var out strings.Builder
	require.Equal(t, 2, run(t.Context(), []string{"-config", filepath.Join(t.TempDir(), "none.yml")}, &out, &out))
	require.Equal(t, 2, run(t.Context(), []string{"x"}, &out, &out))
	require.Equal(t, 0, run(t.Context(), []string{"-h"}, &out, &out))
	require.Contains(t, out.String(), "none.yml")
}

// The program says that it is healthy, and a program that is not there does not.
func TestHealth(t *testing.T) {
	dir, address := t.TempDir(), freeAddress(t)
	path := filepath.Join(dir, "anomaly.yml")
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(csvProgram, "127.0.0.1:0", address, 1)), 0o600))
	var out strings.Builder
	ask := func() int { return run(t.Context(), []string{"-config", path, "-health"}, &out, &out) }
	require.Equal(t, 1, ask())
	_, _, end := begun(t, path)
	eventually(t, 30*time.Second, "it is healthy", func() bool { return ask() == 0 })
	end()
}
