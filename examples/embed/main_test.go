package main

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
)

func newService(t *testing.T) *service {
	return &service{file: filepath.Join(t.TempDir(), "m.model"), epochs: []int{3, 6}, interval: time.Millisecond}
}

func TestServiceTrainsScoresAndEnds(t *testing.T) {
	s := newService(t)
	var out bytes.Buffer
	require.NoError(t, s.run(context.Background(), &out))
	require.Contains(t, out.String(), "new model: 6 epochs")
	require.Positive(t, s.scored.Load())
	m, err := dagmm.LoadFile(s.file)
	require.NoError(t, err)
	require.Equal(t, s.model.Load().Threshold(), m.Threshold())

	// The next start goes on with the model that was saved.
	next := &service{file: s.file, epochs: nil, interval: time.Millisecond}
	out.Reset()
	require.NoError(t, next.run(context.Background(), &out))
	require.Contains(t, out.String(), "going on with the model")
	require.Positive(t, next.scored.Load())
}

func TestServiceStopsWhenCanceled(t *testing.T) {
	s := newService(t)
	s.epochs = []int{1_000_000}
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	var out bytes.Buffer
	require.ErrorIs(t, s.run(ctx, &out), context.DeadlineExceeded)
}
