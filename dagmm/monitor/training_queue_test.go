package monitor

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// More active hosts than MaxStreams: each host's training outlives its evictions, there is
// one a host, and its model arrives.
func TestTrainingOutlivesEviction(t *testing.T) {
	defer goleak.VerifyNone(t)
	const hosts = 4
	s := &sink{}
	cfg := monitorConfig(s)
	cfg.Synchronous, cfg.Dir, cfg.MaxStreams = false, t.TempDir(), 2
	cfg.WarmUp, cfg.Window.Recent = 50, 100
	var calls atomic.Int64
	release := make(chan bool)
	cfg.Train = func(ctx context.Context, w *Window) (*dagmm.Model, error) {
		calls.Add(1)
		<-release
		return quickTrain(ctx, w)
	}
	m := open(t, cfg)
	rows := dagmmtest.Ordinary(70, 3)
	push := func(i int) {
		for k := range hosts {
			require.NoError(t, m.Push(fmt.Sprint("host", k), dagmmtest.Minute(i), rows[i]))
			require.LessOrEqual(t, m.Stats().Training, hosts)
		}
	}
	for i := range 65 {
		push(i)
	}
	require.Equal(t, hosts, m.Stats().Training)
	require.Equal(t, int64(1), calls.Load(), "of one worker")
	close(release)
	require.Eventually(t, func() bool { return m.Stats().Training == 0 }, time.Minute, time.Millisecond)
	for _, training := range m.trainings.of {
		if m.Model(training.id) == nil && m.streams[training.id] == nil {
			require.Nil(t, training.done.Load().detector, "an evicted stream's model is on disk only")
		}
	}
	for i := 65; i < 70; i++ {
		push(i)
	}
	require.Equal(t, int64(hosts), calls.Load())
	require.Equal(t, uint64(hosts), m.Stats().Trained)
	got := map[string]bool{}
	for _, e := range s.only(alarm.Retrained) {
		got[e.Stream] = true
	}
	require.Len(t, got, hosts)
	require.Empty(t, m.trainings.of)
	require.Zero(t, s.twice)
	require.NoError(t, m.Close())
}

// Without Dir an evicted stream is lost, and so are its training and the outcome.
func TestTrainingEndsWithTheStream(t *testing.T) {
	defer goleak.VerifyNone(t)
	cfg := monitorConfig(&sink{})
	cfg.Synchronous, cfg.MaxStreams = false, 1
	cfg.WarmUp, cfg.Window.Recent = 100, 200
	started, canceled := make(chan bool), make(chan bool)
	cfg.Train = func(ctx context.Context, w *Window) (*dagmm.Model, error) {
		if w.Stream != "a" {
			return quickTrain(ctx, w)
		}
		started <- true
		<-ctx.Done()
		canceled <- true
		return quickTrain(context.Background(), w)
	}
	m := open(t, cfg)
	for i, x := range dagmmtest.Ordinary(100, 3) {
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
	}
	<-started
	require.Equal(t, 1, m.Stats().Training)
	require.NoError(t, m.Push("b", dagmmtest.Minute(0), dagmmtest.Ordinary(1, 1)[0]))
	<-canceled
	require.Empty(t, m.trainings.of)
	require.Zero(t, m.Stats().Training)
	require.NoError(t, m.Close())
}
