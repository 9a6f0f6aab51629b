package train

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// reproducible holds small trainings that together exercise every path of the code: layers
// wide enough for BLAS, dropout, recent levels, a last batch of another size, and both
// kinds of covariance.
func reproducible() map[string]Config {
	metrics := Metrics()
	metrics.Network.Hidden = []int{40, 20}
	paper := Paper("thyroid")
	paper.Optimizer.Epochs, paper.Optimizer.BatchSize = 20, 70
	series := Series()
	series.Network.Predict, series.Mixture.Covariances = true, BothCovariances
	all := map[string]Config{"metrics": metrics, "paper": paper, "series": series, "autoencoder": Autoencoder()}
	for name, c := range all {
		c.Seed, c.Members, c.Optimizer.MinSteps = 7, 3, 24
		if name == "paper" {
			c.Optimizer.MinSteps = -1
		}
		all[name] = c
	}
	return all
}

func saved(t testing.TB, cfg Config) []byte {
	m, _, err := Fit(context.Background(), hostRows(310, 5), cfg)
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, m.Save(&b))
	return b.Bytes()
}

func TestSameBitsWhateverTheGoroutines(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for name, cfg := range reproducible() {
		t.Run(name, func(t *testing.T) {
			want := saved(t, cfg)
			for _, v := range []struct{ procs, workers int }{{1, 0}, {2, 0}, {2, 1}, {1, 2}, {2, 8}} {
				runtime.GOMAXPROCS(v.procs)
				cfg.Workers = v.workers
				require.True(t, bytes.Equal(want, saved(t, cfg)), "GOMAXPROCS %d, Workers %d", v.procs, v.workers)
			}
			cfg.Seed++
			require.False(t, bytes.Equal(want, saved(t, cfg)), "another seed gives another model")
		})
	}
}

func TestSameBitsFromTwoProcesses(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	want := saved(t, reproducible()["metrics"])
	for _, procs := range []string{"1", "2"} {
		t.Run("GOMAXPROCS="+procs, func(t *testing.T) {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), childEnv+"=1", "GOMAXPROCS="+procs)
			got, err := cmd.Output()
			require.NoError(t, err)
			require.True(t, bytes.Equal(want, got))
		})
	}
}

// trainAndPrint is the program of the processes that TestSameBitsFromTwoProcesses starts.
func trainAndPrint() int {
	m, _, err := Fit(context.Background(), hostRows(310, 5), reproducible()["metrics"])
	if err == nil {
		err = m.Save(os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func TestProgressIsNeverConcurrent(t *testing.T) {
	cfg := reproducible()["metrics"]
	cfg.Workers, cfg.Members = 4, 4
	reports := 0 // without a lock, so that the race detector would see a concurrent call
	last := map[int]int{}
	cfg.Progress = func(p Progress) {
		reports++
		require.Equal(t, 4, p.Members)
		require.Equal(t, last[p.Member]+1, p.Epoch, "epochs of a member come in order")
		require.LessOrEqual(t, p.Step, p.Steps)
		require.NotZero(t, p.Loss)
		last[p.Member] = p.Epoch
		if p.Epoch == p.Epochs {
			require.Equal(t, p.Steps, p.Step)
		}
	}
	_, rep, err := Fit(context.Background(), hostRows(310, 5), cfg)
	require.NoError(t, err)
	require.Equal(t, 4*rep.Epochs, reports)
}

// fuse is a context that is canceled at the given call of Err.
type fuse struct {
	context.Context
	calls, end int
	done       chan struct{}
}

func (f *fuse) Err() error {
	f.calls++
	if f.calls == f.end {
		close(f.done)
	}
	if f.calls >= f.end {
		return context.Canceled
	}
	return nil
}

func (f *fuse) Done() <-chan struct{} { return f.done }

func TestCancellationWithinOneStep(t *testing.T) {
	defer goleak.VerifyNone(t)
	cfg := reproducible()["metrics"]
	cfg.Workers = 1
	for _, end := range []int{1, 2, 17} {
		t.Run(fmt.Sprintf("at check %d", end), func(t *testing.T) {
			ctx := &fuse{Context: context.Background(), end: end, done: make(chan struct{})}
			cfg.Progress = func(Progress) { require.Less(t, ctx.calls, ctx.end, "training goes on") }
			m, rep, err := Fit(ctx, hostRows(310, 5), cfg)
			require.Equal(t, context.Canceled, err)
			require.True(t, m == nil)
			require.True(t, rep == nil)
			require.LessOrEqual(t, ctx.calls, end+cfg.Members, "every member stops at once")
		})
	}
}

func TestCanceledBeforehand(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for name, cfg := range reproducible() {
		for _, untrained := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/untrained=%t", name, untrained), func(t *testing.T) {
				cfg.Untrained = untrained
				m, _, err := Fit(ctx, hostRows(310, 5), cfg)
				require.Equal(t, context.Canceled, err)
				require.True(t, m == nil)
			})
		}
	}
}

func TestCanceledFromProgress(t *testing.T) {
	defer goleak.VerifyNone(t)
	ctx, cancel := context.WithCancelCause(context.Background())
	cfg := reproducible()["series"]
	cfg.Workers, cfg.Progress = 2, func(Progress) { cancel(nil) }
	_, _, err := Fit(ctx, hostRows(310, 5), cfg)
	require.ErrorIs(t, err, context.Canceled)
}
