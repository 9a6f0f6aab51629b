package main

import (
	"bytes"
	"context"
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
	require.Contains(t, out.String(), ", 0 models trained\n")
}

func TestServiceStopsWhenCanceled(t *testing.T) {
	s := newService(t)
	s.samples, s.inTurn = 100_000, false
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	var out bytes.Buffer
	began := time.Now()
	require.NoError(t, s.run(ctx, &out))
	require.Less(t, time.Since(began), 30*time.Second, "the feed alone would take 100 s")
	require.Contains(t, out.String(), "host-0 warming up")

	// What had come is there after the next start.
	s.samples = 10
	out.Reset()
	require.NoError(t, s.run(context.Background(), &out))
	require.NotContains(t, out.String(), "warming up")
}
