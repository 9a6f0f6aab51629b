package train

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/internal/graphtest"
)

// singlePresets are trainings whose float32 steps differ in the code that they run.
func singlePresets() map[string]Config {
	predict := Series()
	predict.Network.Predict = true
	linear := Metrics()
	linear.Network.Hidden = []int{}
	table := Table()
	table.Mixture.Covariances = DiagonalCovariance
	wide := Paper("kddcup")
	return map[string]Config{"metrics": Metrics(), "linear": linear, "paper": Paper("thyroid"), "wide": wide, "series": Series(), "predict": predict, "table": table, "autoencoder": Autoencoder()}
}

// A step in float32 has the cost and the gradients of one in float64, to the rounding of float32.
func TestSingleStepIsTheDoubleStep(t *testing.T) {
	for name, cfg := range singlePresets() {
		for _, rows := range []int{25, 64, 100} { // a part of a block, whole blocks, and both
			t.Run(fmt.Sprintf("%s/%d rows", name, rows), func(t *testing.T) { compareSteps(t, cfg, rows) })
		}
	}
}

func compareSteps(t *testing.T, cfg Config, rows int) {
	tr := newTestTrainer(t, cfg)
	for i, p := range tr.nets.parameters { // biases start at 0, where a mistake would not show
		for j, v := range graphtest.Normals(uint64(i), len(p)) {
			p[j] += .1 * v
		}
	}
	double, err := newGraph(tr.nets, tr.cfg, tr.inputs, tr.targets, rows)
	require.NoError(t, err)
	tr.cfg.Optimizer.Precision = Float32
	single, err := newObjective(tr.nets, tr.cfg, tr.inputs, tr.targets, rows)
	require.NoError(t, err)
	require.IsType(t, &singleGraph{}, single)

	batch := rand.New(rand.NewPCG(2, 3)).Perm(tr.data.n)[:rows]
	double.load(tr, batch)
	single.load(tr, batch)
	if m, ok := single.(*singleGraph).mixture.(*latentGraph); ok {
		copy(m.mask, double.mask)
	}
	want, err := double.run()
	require.NoError(t, err)
	got, err := single.run()
	require.NoError(t, err)
	require.InEpsilon(t, want.Total, got.Total, 1e-5)
	require.InEpsilon(t, want.Reconstruction, got.Reconstruction, 1e-6)
	require.NotEqual(t, want.Reconstruction, got.Reconstruction, "float32 rounds")
	require.InDelta(t, want.Energy, got.Energy, 1e-4*(1+math.Abs(want.Energy))) // the smallest variances are hardly above the ridge
	require.InDelta(t, want.Penalty, got.Penalty, 1e-5*want.Penalty)

	a, b := double.binding(), single.binding()
	require.Len(t, b.grads, len(tr.nets.parameters))
	for i, g := range a.grads {
		require.Same(t, &a.values[i][0], &b.values[i][0])
		require.Len(t, b.grads[i], len(g))
		var top, worst float64
		for k, v := range g {
			top, worst = max(top, math.Abs(v)), max(worst, math.Abs(v-b.grads[i][k]))
		}
		require.Positive(t, top)
		require.Less(t, worst, 1e-4*top, "parameter %d, whose largest gradient is %g", i, top)
	}
}

func TestSingleStepDoesNotAllocate(t *testing.T) {
	for name, cfg := range singlePresets() {
		t.Run(name, func(t *testing.T) { requireStepWithoutAllocation(t, inSingle(cfg)) })
	}
}

// A training in float32 is as reproducible as one in float64, and another one.
func TestSingleTrainingsAreReproducible(t *testing.T) {
	for name, cfg := range reproducible() {
		t.Run(name, func(t *testing.T) {
			double := saved(t, cfg)
			cfg.Optimizer.Precision = Float32
			cfg.Workers = 1
			want := saved(t, cfg)
			require.False(t, bytes.Equal(double, want), "float32 rounds")
			cfg.Workers = 3
			require.True(t, bytes.Equal(want, saved(t, cfg)))
		})
	}
}

// Values beyond float32 undo a step as those beyond float64 do.
func TestSingleStepThatOverflowsIsUndone(t *testing.T) {
	tr := newTestTrainer(t, inSingle(Config{}))
	tr.keep()
	before := copyAll(nil, tr.nets.parameters)
	tr.data.features[3] = 1e300
	_, err := tr.step([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	require.NoError(t, err)
	require.Equal(t, 1, tr.rolled)
	require.Equal(t, before, tr.nets.parameters)
}

// A warm start and the refits of the calibration go through float32 too.
func TestSingleFitAndRefit(t *testing.T) {
	x := hostRows(310, 5)
	cfg := inSingle(Config{})
	cfg.Optimizer.MinSteps = 300
	earlier, rep, err := Fit(context.Background(), x, cfg)
	require.NoError(t, err)
	require.Equal(t, StopDone, rep.Stop)
	cfg.From = earlier
	_, rep, err = Fit(context.Background(), x, cfg)
	require.NoError(t, err)
	require.True(t, rep.Warm)
	require.Equal(t, StopDone, rep.Stop)
}

func TestUnknownPrecision(t *testing.T) {
	cfg := Config{Optimizer: OptimizerConfig{Precision: "float16"}}
	_, _, err := Fit(context.Background(), hostRows(100, 1), cfg)
	require.ErrorIs(t, err, ErrConfig)
	require.ErrorContains(t, err, `Optimizer.Precision is "float16"`)
}
