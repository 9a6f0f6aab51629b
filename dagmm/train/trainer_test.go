package train

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func newTestTrainer(t testing.TB, cfg Config) *trainer {
	cfg, err := cfg.resolved(4)
	require.NoError(t, err)
	data, err := prepare(hostRows(310, 5), &cfg)
	require.NoError(t, err)
	tr, err := newTrainer(&cfg, data, 0, &pool[*rig]{}, func(Progress) {})
	require.NoError(t, err)
	return tr
}

// A step whose loss is not finite is undone, even in the first epoch.
func TestStepThatIsNotFiniteIsUndone(t *testing.T) {
	tr := newTestTrainer(t, Config{})
	tr.keep()
	before := copyAll(nil, tr.nets.parameters)
	rows := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	good := tr.data.features[3]
	tr.data.features[3] = math.NaN()
	for range 3 {
		_, err := tr.step(rows)
		require.NoError(t, err)
	}
	require.Equal(t, 3, tr.rolled)
	require.Equal(t, before, tr.nets.parameters)
	require.Equal(t, 3e-3/8, tr.adam.learningRate)

	tr.data.features[3] = good
	p, err := tr.step(rows)
	require.NoError(t, err)
	require.NotZero(t, p.Total)
	require.Zero(t, tr.failures)
	require.NotEqual(t, before, tr.nets.parameters)
}

// Without a ridge, a batch that repeats one point has a singular mixture.
func TestSingularMixtureIsUndone(t *testing.T) {
	tr := newTestTrainer(t, Config{Mixture: MixtureConfig{Ridge: math.SmallestNonzeroFloat64}})
	tr.keep()
	before := copyAll(nil, tr.nets.parameters)
	_, err := tr.step(make([]int, 20))
	require.NoError(t, err)
	require.Equal(t, 1, tr.rolled)
	require.Equal(t, before, tr.nets.parameters)
}

func TestDivergedTrainingStopsWithTheLastGoodNetwork(t *testing.T) {
	tr := newTestTrainer(t, Config{Members: 1})
	before := copyAll(nil, tr.nets.parameters)
	for i := range tr.data.features {
		tr.data.features[i] = math.NaN()
	}
	require.NoError(t, tr.run(context.Background()))
	require.Equal(t, StopDiverged, tr.stop)
	require.Equal(t, before, tr.nets.parameters)
	require.Greater(t, tr.rolled, maxRollbacks)
}

// By default a batch has at least 128 rows, or all of fewer than 512. The rows that are left
// over in an epoch, because all batches have one size, are fewer than the batches.
func TestBatchesDivideTheRowsEvenly(t *testing.T) {
	for _, c := range []struct{ n, least, batches, size int }{
		{5, 0, 1, 5}, {511, 0, 1, 511}, {512, 0, 4, 128}, {1000, 0, 7, 142}, {5, 256, 1, 5}, {511, 256, 1, 511}, {1023, 256, 3, 341},
	} {
		t.Run(fmt.Sprintf("%d rows, at least %d", c.n, c.least), func(t *testing.T) {
			tr := &trainer{cfg: &Config{Optimizer: OptimizerConfig{BatchSize: c.least, MinSteps: 1000}}, data: &trainingData{n: c.n}}
			batches, size := tr.batches()
			require.Equal(t, [2]int{c.batches, c.size}, [2]int{batches, size})
			require.Less(t, c.n-batches*size, batches)
			_, epochs := tr.cfg.schedule(c.n)
			require.GreaterOrEqual(t, batches*epochs, 1000)
		})
	}
}

// A refit has batches of the training's size, so that it can use its graph.
func TestRefitSharesTheGraph(t *testing.T) {
	cfg := Config{Members: 2, Workers: 1, Optimizer: OptimizerConfig{MinSteps: 20, BatchSize: 100}}
	cfg, err := cfg.resolved(4)
	require.NoError(t, err)
	data, err := prepare(hostRows(310, 5), &cfg)
	require.NoError(t, err)
	trainers, err := newTrainers(&cfg, data)
	require.NoError(t, err)
	members, err := fitMembers(context.Background(), &cfg, trainers)
	require.NoError(t, err)
	_, err = assemble(context.Background(), &cfg, data, trainers, members)
	require.NoError(t, err)
	rigs := trainers[0].rigs.free
	require.Len(t, rigs, 1)
	require.Len(t, rigs[0].graphs, 1)
	require.NotEqual(t, trainers[0].nets.parameters, trainers[1].nets.parameters)
	require.NotSame(t, &rigs[0].nets.parameters[0][0], &members[1].Network.Encoder[0].Theta[0], "the model does not hold the rig's memory")
}

// A step allocates nothing, whatever the size of its batch.
func TestStepDoesNotAllocate(t *testing.T) {
	predict := Series()
	predict.Network.Predict = true
	for name, cfg := range map[string]Config{"metrics": Metrics(), "series": Series(), "predict": predict, "paper": Paper("thyroid"), "autoencoder": Autoencoder()} {
		t.Run(name, func(t *testing.T) { requireStepWithoutAllocation(t, cfg) })
	}
}

func requireStepWithoutAllocation(t *testing.T, cfg Config) {
	t.Helper()
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	tr := newTestTrainer(t, cfg)
	rows := tr.rng.Perm(tr.data.n)
	step := func(n int) {
		_, err := tr.step(rows[:n])
		require.NoError(t, err)
	}
	step(100) // builds the graphs
	step(90)
	require.Zero(t, testing.AllocsPerRun(10, func() {
		step(100)
		step(90)
		tr.keep()
	}))
}
