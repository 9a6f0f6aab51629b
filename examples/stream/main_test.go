package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dataset"
)

// recording is the CSV of two hosts; the second has a long incident of its disk.
func recording(t *testing.T) string {
	var b strings.Builder
	b.WriteString("ts,node,cpu,mem,disk,net_in\n")
	one, _, err := dataset.Generate(dataset.GenerateConfig{Rows: 1500, Seed: 1, Independent: true})
	require.NoError(t, err)
	two, _, err := dataset.Generate(dataset.GenerateConfig{Rows: 1500, Seed: 2, Independent: true})
	require.NoError(t, err)
	start := time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)
	for i := range 1500 {
		if i >= 1300 && i < 1310 {
			two.X.Set(i, 2, 100)
		}
		for k, x := range []*dataset.Table{one, two} {
			r := x.X.RawRowView(i)
			fmt.Fprintf(&b, "%s,node%d,%g,%g,%g,%g\n", start.Add(time.Duration(i)*time.Minute).Format(time.RFC3339), k+1, r[0], r[1], r[2], r[3])
		}
	}
	return b.String()
}

func TestReplay(t *testing.T) {
	text := recording(t)
	args := []string{"-in", "-", "-columns", "cpu,mem,disk,net_in", "-time", "ts", "-host", "node", "-steps", "200"}
	play := func(text string, args ...string) string {
		var out bytes.Buffer
		require.NoError(t, run(context.Background(), args, strings.NewReader(text), &out, &out))
		return out.String()
	}
	whole := play(text, args...)
	require.Contains(t, whole, "node1 warming up")
	require.Contains(t, whole, "2026-05-04 21:41:00 node2 opened")
	require.Contains(t, whole, "disk is 100, expected")
	require.Contains(t, whole, "3000 samples of 2 hosts (0 dropped)")

	// In two parts, with the state kept between them, the events are the same.
	dir := filepath.Join(t.TempDir(), "state")
	lines := strings.SplitAfter(text, "\n")
	first := play(strings.Join(lines[:2607], ""), append(args, "-state", dir)...)
	second := play(lines[0]+strings.Join(lines[2607:], ""), append(args, "-state", dir)...)
	require.Equal(t, events(whole), append(events(first), events(second)...))
	_, err := os.Stat(dir)
	require.NoError(t, err)
}

// events leaves out the summary.
func events(out string) []string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return lines[:len(lines)-1]
}

func TestBadInput(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":          {"", "empty"},
		"time":           {"time,cpu\nx,1\n", "no column of times"},
		"number":         {"time,cpu\n2026-01-02T00:00:00Z,x\n", "not a number"},
		"later number":   {"time,cpu\n2026-01-02T00:00:00Z,1\n2026-01-02T00:01:00Z,x\n", "line 3"},
		"no such metric": {"time,mem\n2026-01-02T00:00:00Z,1\n", `"cpu"`},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			require.ErrorContains(t, run(context.Background(), []string{"-columns", "cpu"}, strings.NewReader(c.text), &out, &out), c.want)
		})
	}
}

// What package dataset reads needs no flags: gzip, semicolons, decimal commas, any metrics.
func TestOtherForms(t *testing.T) {
	var text bytes.Buffer
	z := gzip.NewWriter(&text)
	fmt.Fprint(z, "Zeit;cpu;mem\n")
	for i := range 300 {
		fmt.Fprintf(z, "%s;%d,%d;%d,5\n", time.Date(2026, 5, 4, 0, i, 0, 0, time.UTC).Format("02.01.2006 15:04:05"), 20+i%7, i%10, 40+i%5)
	}
	require.NoError(t, z.Close())
	var out bytes.Buffer
	require.NoError(t, run(context.Background(), []string{"-warmup", "200", "-steps", "50"}, &text, &out, &out))
	require.Contains(t, out.String(), "retrained")
	require.Contains(t, out.String(), "300 samples of 1 hosts (0 dropped)")
}
