package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestRunOnThisHost takes a few real samples, as far as this host has a disk
// and an interface to read.
func TestRunOnThisHost(t *testing.T) {
	if _, err := (host{net: "all"}).Read(); err != nil {
		t.Skip("counters can't be read here: ", err)
	}
	path := filepath.Join(t.TempDir(), "host.csv")
	var stdout, stderr bytes.Buffer
	require.Zero(t, run(t.Context(), []string{"-net", "all", "-interval", "50ms", "-n", "4", "-out", path}, &stdout, &stderr), stderr.String())
	require.Empty(t, stdout.String())
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 5)
	require.Equal(t, []string{"time", "cpu", "mem", "disk", "net_in"}, rows[0])
	for _, row := range rows[1:] {
		_, err := time.Parse(time.RFC3339, row[0])
		require.NoError(t, err)
		require.Positive(t, number(t, row[2]))
		require.LessOrEqual(t, number(t, row[2]), 100.0)
		require.GreaterOrEqual(t, number(t, row[4]), 0.0)
	}
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	require.NoError(t, err)
	return v
}

func TestRunEndsWithInterrupt(t *testing.T) {
	if _, err := (host{net: "all"}).Read(); err != nil {
		t.Skip("counters can't be read here: ", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	path := filepath.Join(t.TempDir(), "host.csv")
	go func() { // interrupt once something is written
		for ctx.Err() == nil {
			if i, err := os.Stat(path); err == nil && i.Size() > 0 {
				cancel()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	var stderr bytes.Buffer
	require.Zero(t, run(ctx, []string{"-net", "all", "-interval", "50ms", "-out", path}, nil, &stderr), stderr.String())
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, byte('\n'), content[len(content)-1])
}

func TestRunRefuses(t *testing.T) {
	for name, args := range map[string][]string{
		"-interval 1ms is under 10ms": {"-interval", "1ms"},
		"-n -1":                       {"-n", "-1"},
		"-append needs -out":          {"-append"},
		`unknown argument "x"`:        {"x"},
		`interface "no-such-0"`:       {"-net", "no-such-0"},
	} {
		path := filepath.Join(t.TempDir(), "host.csv")
		if args[0] != "-append" {
			args = append([]string{"-out", path}, args...)
		}
		var stderr bytes.Buffer
		require.Equal(t, 2, run(t.Context(), args, nil, &stderr))
		require.Contains(t, stderr.String(), name)
		require.NoFileExists(t, path)
	}
}

func TestRunKeepsOldRecording(t *testing.T) {
	if _, err := (host{net: "all"}).Read(); err != nil {
		t.Skip("counters can't be read here: ", err)
	}
	path := filepath.Join(t.TempDir(), "host.csv")
	require.NoError(t, os.WriteFile(path, []byte("mine"), 0o644))
	var stderr bytes.Buffer
	require.Equal(t, 1, run(t.Context(), []string{"-net", "all", "-out", path}, nil, &stderr))
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "mine", string(content))
}

func TestWantNet(t *testing.T) {
	names := []string{"lo", "eth0", "wlan0", "Loopback Pseudo-Interface 1"}
	for list, want := range map[string][]string{
		"":          {"eth0", "wlan0"},
		"all":       names,
		"lo":        {"lo"},
		"eth0, lo ": {"lo", "eth0"},
		"eth1":      nil,
	} {
		var got []string
		for _, n := range names {
			if wantNet(list)(n) {
				got = append(got, n)
			}
		}
		require.Equal(t, want, got, list)
	}
}
