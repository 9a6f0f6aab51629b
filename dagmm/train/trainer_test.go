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
	tr, err := newTrainer(&cfg, data, 0, func(Progress) {})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tr.close()) })
	return tr
}

// A step whose loss is not finite is undone, even in the first epoch.
func TestStepThatIsNotFiniteIsUndone(t *testing.T) {
	tr := newTestTrainer(t, Config{})
	tr.keep()
	before := copyAll(nil, tr.nets.parameters())
	rows := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	good := tr.data.features[3]
	tr.data.features[3] = math.NaN()
	for range 3 {
		_, err := tr.step(rows)
		require.NoError(t, err)
	}
	require.Equal(t, 3, tr.rolled)
	require.Equal(t, before, tr.nets.parameters())
	require.Equal(t, 1e-3/8, tr.adam.learningRate)

	tr.data.features[3] = good
	p, err := tr.step(rows)
	require.NoError(t, err)
	require.NotZero(t, p.Total)
	require.Zero(t, tr.failures)
	require.NotEqual(t, before, tr.nets.parameters())
}

// Without a ridge, a batch that repeats one point has a singular mixture.
func TestSingularMixtureIsUndone(t *testing.T) {
	tr := newTestTrainer(t, Config{Mixture: MixtureConfig{Ridge: math.SmallestNonzeroFloat64}})
	tr.keep()
	before := copyAll(nil, tr.nets.parameters())
	_, err := tr.step(make([]int, 20))
	require.NoError(t, err)
	require.Equal(t, 1, tr.rolled)
	require.Equal(t, before, tr.nets.parameters())
}

func TestDivergedTrainingStopsWithTheLastGoodNetwork(t *testing.T) {
	tr := newTestTrainer(t, Config{Members: 1})
	before := copyAll(nil, tr.nets.parameters())
	for i := range tr.data.features {
		tr.data.features[i] = math.NaN()
	}
	require.NoError(t, tr.run(context.Background()))
	require.Equal(t, StopDiverged, tr.stop)
	require.Equal(t, before, tr.nets.parameters())
	require.Greater(t, tr.rolled, maxRollbacks)
}

func TestEveryRowIsUsedInEveryEpoch(t *testing.T) {
	for _, n := range []int{5, 255, 256, 511, 1000, 1023} {
		t.Run(fmt.Sprint(n, " rows"), func(t *testing.T) {
			cfg := Config{Optimizer: OptimizerConfig{BatchSize: 256, MinSteps: 2000}}
			batches, epochs := cfg.schedule(n)
			require.GreaterOrEqual(t, batches*epochs, 2000)
			smallest := n
			covered := 0
			for b := range batches {
				size := (b+1)*n/batches - b*n/batches
				smallest, covered = min(smallest, size), covered+size
			}
			require.Equal(t, n, covered)
			require.GreaterOrEqual(t, smallest, min(n, 256))
		})
	}
}
