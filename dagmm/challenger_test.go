package dagmm

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// weekOf is the default window after eight days of a host, from which metric j stays away
// from row gone[j] on.
func weekOf(seed uint64, gone map[int]int) *Window {
	c := WindowConfig{}.resolved()
	w := &window{}
	for i, x := range ordinary(8*1440, seed) {
		for j, from := range gone {
			if i >= from {
				x[j] = missing
			}
		}
		w.add(c, time.Minute, minute(i), x, false)
	}
	w.prune(c, time.Minute)
	out := w.training(fixtureColumns, time.Minute, make([]bool, len(w.Times)))
	out.hold()
	return out
}

func contend(t *testing.T, columns []string, x *mat.Dense, exclude []bool) contender {
	t.Helper()
	m, err := quickModel(columns, x, exclude, []float64{.05, .5})
	require.NoError(t, err)
	return contender{Model: m}
}

// Over the default window the gate lets a model of the same host pass and refuses those of
// another host, of one that has moved by two standard deviations, and one that sees little.
func TestGateOverTheDefaultWindow(t *testing.T) {
	for seed := range uint64(5) {
		w := weekOf(seed, nil)
		old := contend(t, fixtureColumns, fixtureRows(1000, 100+seed), nil)
		v, err := challenge(old, contend(t, fixtureColumns, w.X, w.Exclude), w)
		require.NoError(t, err)
		require.True(t, v.Accepted, v.Reason)
		rng := rand.New(rand.NewPCG(seed, 2))
		n, _ := w.X.Dims()
		spread := columnSpread(w.X)
		for name, bend := range map[string]func(r, j int, v float64) float64{
			"another host": func(_, j int, v float64) float64 { return v * float64(3+j) },
			"moved":        func(_, j int, v float64) float64 { return v + 2*spread[j] },
			"noise":        func(_, j int, _ float64) float64 { return w.X.At(rng.IntN(n), j) + 3*rng.NormFloat64()*spread[j] },
		} {
			x := mat.DenseCopyOf(w.X)
			x.Apply(bend, x)
			v, err := challenge(old, contend(t, fixtureColumns, x, w.Exclude), w)
			require.NoError(t, err)
			require.False(t, v.Accepted, "%s: %s", name, v.Reason)
		}
	}
}

// Where a metric is missing from all recent rows, the gate judges by the others.
func TestGateJudgesIncompleteRows(t *testing.T) {
	w := weekOf(1, map[int]int{2: 6 * 1440})
	old := contend(t, fixtureColumns, fixtureRows(1000, 101), nil)
	v, err := challenge(old, contend(t, fixtureColumns, w.X, w.Exclude), w)
	require.NoError(t, err)
	require.True(t, v.Accepted, v.Reason)
	other, err := otherHost(fixtureColumns)
	require.NoError(t, err)
	v, err = challenge(old, contender{Model: other}, w)
	require.NoError(t, err)
	require.False(t, v.Accepted, v.Reason)
	e, err := w.examine(old)
	require.NoError(t, err)
	require.Greater(t, len(e.ordinary), 700)
	require.Greater(t, rankAUC(e.ordinary, e.faulty), .7, "faults in the metrics that are there show")
}

// Without rows to judge by the old model stays; it gives way as soon as rows have values
// again.
func TestGateNeedsRows(t *testing.T) {
	s := &sink{}
	cfg := monitorConfig(s)
	cfg.Window, cfg.Retrain = WindowConfig{Recent: 600, Days: -1}, 10*time.Hour
	cfg.Train = func(ctx context.Context, w *Window) (*Model, error) {
		if w.Number == 0 {
			return quickTrain(ctx, w)
		}
		return quickModel(w.Columns, fixtureRows(800, 9), nil, []float64{.05, .5}) // whatever the rows
	}
	m := open(t, cfg)
	first := 500 + 600 - 19
	for i, x := range ordinary(2000, 3) {
		if i >= 500 && i < first {
			x = []float64{missing, missing, missing}
		}
		require.NoError(t, m.Push("a", minute(i), x))
	}
	trained := s.only(Retrained, Kept, RetrainFailed)
	require.Equal(t, []EventKind{Retrained, Kept, Retrained}, kinds(trained), "%v", trained)
	require.Contains(t, trained[1].Detail, "9 recent rows to judge it by, need 10")
	require.NoError(t, m.Close())
}
