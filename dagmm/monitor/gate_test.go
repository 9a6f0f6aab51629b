package monitor

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/evaluate"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// weekOf is the default window after eight days of a host, from which metric j stays away
// from row gone[j] on.
func weekOf(seed uint64, gone map[int]int) *Window {
	c := WindowConfig{}.resolved()
	w := &memory{}
	for i, x := range dagmmtest.Ordinary(8*1440, seed) {
		for j, from := range gone {
			if i >= from {
				x[j] = math.NaN()
			}
		}
		w.add(c, time.Minute, dagmmtest.Minute(i), x, false)
	}
	w.prune(c, time.Minute)
	out := w.window(dagmmtest.Columns, time.Minute, make([]bool, w.len()))
	out.hold()
	return out
}

func contend(t *testing.T, columns []string, x *mat.Dense, exclude []bool) contender {
	t.Helper()
	m, err := dagmmtest.QuickModel(columns, x, exclude, []float64{.05, .5})
	require.NoError(t, err)
	return contender{Model: m}
}

// Over the default window the gate lets a model of the same host pass and refuses those of
// another host, of one that has moved by two standard deviations, and one that sees little.
func TestGateOverTheDefaultWindow(t *testing.T) {
	for seed := range uint64(5) {
		w := weekOf(seed, nil)
		old := contend(t, dagmmtest.Columns, dagmmtest.Rows(1000, 100+seed), nil)
		v, err := challenge(old, contend(t, dagmmtest.Columns, w.X, w.Exclude), w)
		require.NoError(t, err)
		require.True(t, v.accepted, v.reason)
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
			v, err := challenge(old, contend(t, dagmmtest.Columns, x, w.Exclude), w)
			require.NoError(t, err)
			require.False(t, v.accepted, "%s: %s", name, v.reason)
		}
	}
}

// Where a metric is missing from all recent rows, the gate judges by the others.
func TestGateJudgesIncompleteRows(t *testing.T) {
	w := weekOf(1, map[int]int{2: 6 * 1440})
	old := contend(t, dagmmtest.Columns, dagmmtest.Rows(1000, 101), nil)
	v, err := challenge(old, contend(t, dagmmtest.Columns, w.X, w.Exclude), w)
	require.NoError(t, err)
	require.True(t, v.accepted, v.reason)
	other, err := otherHost(dagmmtest.Columns)
	require.NoError(t, err)
	v, err = challenge(old, contender{Model: other}, w)
	require.NoError(t, err)
	require.False(t, v.accepted, v.reason)
	e, err := w.examine(old)
	require.NoError(t, err)
	require.Greater(t, len(e.ordinary), 700)
	require.Greater(t, evaluate.ROCAUC(e.ordinary, e.faulty), .7, "faults in the metrics that are there show")
}

// Without rows to judge by the old model stays; it gives way as soon as rows have values
// again.
func TestGateNeedsRows(t *testing.T) {
	s := &sink{}
	cfg := monitorConfig(s)
	cfg.Window, cfg.Retrain = WindowConfig{Recent: 600, Days: -1}, 10*time.Hour
	cfg.Train = func(ctx context.Context, w *Window) (*dagmm.Model, error) {
		if w.Number == 0 {
			return quickTrain(ctx, w)
		}
		return dagmmtest.QuickModel(w.Columns, dagmmtest.Rows(800, 9), nil, []float64{.05, .5}) // whatever the rows
	}
	m := open(t, cfg)
	first := 500 + 600 - 19
	for i, x := range dagmmtest.Ordinary(2000, 3) {
		if i >= 500 && i < first {
			x = []float64{math.NaN(), math.NaN(), math.NaN()}
		}
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
	}
	trained := s.only(alarm.Retrained, alarm.Kept, alarm.RetrainFailed)
	require.Equal(t, []alarm.Kind{alarm.Retrained, alarm.Kept, alarm.Retrained}, kinds(trained), "%v", trained)
	require.Contains(t, trained[1].Detail, "9 recent rows to judge it by, need 10")
	require.NoError(t, m.Close())
}
