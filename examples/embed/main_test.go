package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func newService(t *testing.T) service {
	return service{dir: t.TempDir(), hosts: 1, samples: 330, warmUp: 200, interval: time.Millisecond, inTurn: true}
}

func TestServiceTrainsScoresAndEnds(t *testing.T) {
	s := newService(t)
	var out bytes.Buffer
	require.NoError(t, s.run(context.Background(), &out))
	require.Contains(t, out.String(), "0 of 1 hosts have a model\n")
	require.Contains(t, out.String(), "host-0 retrained: first model\n")
	require.Contains(t, out.String(), "host-0 opened #1")
	require.Contains(t, out.String(), "cpu is 99, expected")
	require.Contains(t, out.String(), "330 samples, 130 scored, ", "all but the 200 of the warm-up")
	require.Contains(t, out.String(), ", 1 alarms, 1 models trained\n")

	// The next start goes on with the model that is there.
	s.samples = 50
	out.Reset()
	require.NoError(t, s.run(context.Background(), &out))
	require.Contains(t, out.String(), "1 of 1 hosts have a model\n")
	require.NotContains(t, out.String(), "warming up")
	require.Contains(t, out.String(), "50 samples, 50 scored, ")
	// On a busy machine the host may by then have been known for twice as long, which starts a training.
	require.NotContains(t, out.String(), "first model")
}

// A stopper keeps what is written to it and calls stop once that contains until.
type stopper struct {
	bytes.Buffer
	until string
	stop  func()
}

func (w *stopper) Write(p []byte) (int, error) {
	n, err := w.Buffer.Write(p)
	if strings.Contains(w.String(), w.until) {
		w.stop()
	}
	return n, err
}

func TestServiceStopsWhenCanceled(t *testing.T) {
	s := newService(t)
	s.samples, s.inTurn = 1_000_000, false
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	out := stopper{until: "host-0 warming up", stop: cancel}
	require.NoError(t, s.run(ctx, &out))
	require.Contains(t, out.String(), "host-0 warming up")
	require.NotContains(t, out.String(), "1000000 samples")

	// What had come is there after the next start.
	s.samples = 10
	var again bytes.Buffer
	require.NoError(t, s.run(context.Background(), &again))
	require.NotContains(t, again.String(), "warming up")
}
