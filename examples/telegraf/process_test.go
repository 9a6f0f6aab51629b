package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// quick is a configuration that learns soon.
func quick(t *testing.T, dir string) *config {
	t.Helper()
	c := usual(t)
	c.Dir = dir
	c.Metrics = c.Metrics[:2]
	c.Training = trainingConfig{Preset: "pca", WarmUp: 200}
	return c
}

// points of a host, one every ten seconds: cpu, memory, and something that nobody watches.
func hostPoints(from, to int, busy bool) string {
	rng := rand.New(rand.NewPCG(1, uint64(from)))
	var b strings.Builder
	for i := from; i < to; i++ {
		idle := 60 + 5*rng.NormFloat64()
		if busy {
			idle = 2
		}
		when := noon.Add(time.Duration(i) * 10 * time.Second).UnixNano()
		fmt.Fprintf(&b, "cpu,cpu=cpu-total,host=web-1 usage_idle=%g %d\n", idle, when)
		fmt.Fprintf(&b, "mem,host=web-1 used_percent=%g,text=\"two\nlines, \\\"quoted\\\"\" %d\n", 40+rng.NormFloat64(), when)
		fmt.Fprintf(&b, "other,host=web-1 v=%di,u=7u,ok=true\nthis is no line protocol\n\n", i)
	}
	return b.String()
}

// through sends points through the plugin and returns what it added.
func through(t *testing.T, c *config, text string) (added []string) {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, process(context.Background(), c, strings.NewReader(text), &out))
	passed := ""
	for _, line := range split(t, out.String(), false) {
		if strings.HasPrefix(line, "anomaly") {
			added = append(added, line)
			continue
		}
		passed += line
	}
	require.True(t, passed == text, "what passes through is changed")
	return added
}

// buffer may be read while it is written.
type buffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *buffer) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.String()
}

// learn feeds a plugin until it has a model, and returns how many samples that took.
func learn(t *testing.T, c *config) (samples int) {
	t.Helper()
	in, feed := io.Pipe()
	out := new(buffer)
	ended := make(chan error, 1)
	go func() { ended <- process(t.Context(), c, in, out) }()
	for ; samples < 400 || !strings.Contains(out.text(), "\nanomaly,"); samples++ {
		_, err := feed.Write([]byte(hostPoints(samples, samples+1, false)))
		require.NoError(t, err)
		if samples > 400 {
			time.Sleep(time.Millisecond) // the model is made meanwhile
		}
		require.Less(t, samples, 100_000, "no model")
	}
	require.NoError(t, feed.Close())
	require.NoError(t, <-ended)
	return samples
}

// Everything passes unchanged. After the warm-up each row has a score, and a fault an event that
// names the metric. What was learned is there after a restart.
func TestThePluginAddsAnomalies(t *testing.T) {
	c := quick(t, t.TempDir())
	n := learn(t, c)
	added := through(t, c, hostPoints(n, n+30, false)+hostPoints(n+30, n+34, true))
	require.Regexp(t, `^anomaly,host=web-1 energy=[-0-9.e]+,p_value=[0-9.e-]+,threshold=[-0-9.e]+,score=[0-9.e-]+,alarm=0i,expected=0i \d{19}\n$`, added[0])
	text := strings.Join(added, "")
	require.Regexp(t, `anomaly_event,host=web-1,kind=opened,metric=cpu,severity=(major|critical) seq=\d+i,alarm=\d+i,text="cpu is 98, expected [^"]*" \d{19}\n`, text)
	require.Contains(t, text, ",alarm=1i,")
}

// A plugin that is asked to end, without the end of its input, keeps what it has.
func TestThePluginEndsWhenTold(t *testing.T) {
	c := quick(t, t.TempDir())
	in, feed := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	read, out := io.Pipe()
	go func() { ended <- process(ctx, c, in, out) }()
	_, err := feed.Write([]byte("mem,host=a used_percent=1\n"))
	require.NoError(t, err)
	line := make([]byte, 100)
	n, err := read.Read(line)
	require.NoError(t, err)
	require.Equal(t, "mem,host=a used_percent=1\n", string(line[:n]), "it passes at once")
	stop()
	require.NoError(t, <-ended)
	require.NoError(t, feed.Close())
}

// A reader that has gone ends the plugin.
func TestABrokenPipe(t *testing.T) {
	read, out := io.Pipe()
	require.NoError(t, read.Close())
	require.ErrorIs(t, process(t.Context(), quick(t, t.TempDir()), strings.NewReader("a v=1\n"), out), io.ErrClosedPipe)
}

func TestCommandLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad.toml")
	require.NoError(t, os.WriteFile(path, []byte("x = 1\n"), 0o600))
	for _, c := range []struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		{[]string{"-config", "anomaly.toml", "-check"}, 0, "4 metrics of each host, every 10s, state in anomaly.state\n", ""},
		{[]string{"-config", path}, 2, "", "E! the configuration is wrong err=\"" + path + ": unknown key x"},
		{[]string{"more"}, 2, "", "E! anomaly-telegraf: there are only flags"},
		{[]string{"-nonsense"}, 2, "", "flag provided but not defined"},
	} {
		var stdout, stderr bytes.Buffer
		require.Equal(t, c.code, run(t.Context(), c.args, strings.NewReader(""), &stdout, &stderr))
		require.Equal(t, c.stdout, stdout.String())
		require.Contains(t, stderr.String(), c.stderr)
	}
}

// Metrics pass although the Monitor takes nothing, as where the disk is full.
func TestMetricsPassWhateverFails(t *testing.T) {
	var out bytes.Buffer
	p, err := newPlugin(quick(t, t.TempDir()), &out)
	require.NoError(t, err)
	require.NoError(t, p.monitor.Close())
	text := hostPoints(0, 50, false)
	require.NoError(t, p.follow(t.Context(), strings.NewReader(text)))
	require.True(t, p.failing)
	require.NoError(t, p.out.Flush())
	require.True(t, out.String() == text)
}
