//go:build linux

package main

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestFaultsAreRareAndApart holds what the embedded recording of 1200 rows
// promises.
func TestFaultsAreRareAndApart(t *testing.T) {
	rows, free := 0, 200
	for _, f := range faults {
		require.GreaterOrEqual(t, f.at, free, f.name)
		require.LessOrEqual(t, f.seconds, 3, f.name)
		rows += f.seconds
		free = f.at + f.seconds + 50
	}
	require.LessOrEqual(t, free, 1200)
	require.LessOrEqual(t, rows, 12)
}

func TestAwayFromFaults(t *testing.T) {
	start := time.Now()
	f := faults[0]
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	require.Equal(t, at(f.at-30), awayFromFaults(at(f.at-30), start))
	require.Equal(t, at(f.at+f.seconds+5), awayFromFaults(at(f.at-3), start))
	require.Equal(t, at(f.at+f.seconds+9), awayFromFaults(at(f.at+f.seconds+9), start))
}

func TestInjectorLabelsWhileFaultLasts(t *testing.T) {
	label := filepath.Join(t.TempDir(), "label")
	in := &injector{label: label}
	var during string
	f := fault{name: "test", inject: func(ctx context.Context, _ *injector) error {
		content, err := os.ReadFile(label)
		during = string(content)
		return err
	}}
	require.NoError(t, in.one(t.Context(), f, time.Now()))
	require.Equal(t, "test\n", during)
	content, err := os.ReadFile(label)
	require.NoError(t, err)
	require.Empty(t, content)
}

func TestSendKeepsRateAndEnds(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	received := make(chan int64)
	go func() {
		c, err := ln.Accept()
		if err == nil {
			n, _ := io.Copy(io.Discard, c)
			received <- n
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	const rate, block = 10e6, 200e3
	began := time.Now()
	require.NoError(t, send(ctx, ln.Addr().String(), rate))
	got := float64(<-received)
	require.LessOrEqual(t, got, rate*time.Since(began).Seconds()+block)
	require.GreaterOrEqual(t, got, 0.5*rate*0.2, "a busy machine may send late, and loses the end")
}
