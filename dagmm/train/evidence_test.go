package train

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dataset"
)

// Evidence is −log p for light tails and for heavy ones, as far as ten rows in fifty thousand reach.
func TestEvidenceIsMinusLogP(t *testing.T) {
	for name, draw := range map[string]func(*rand.Rand) float64{
		"exponential": (*rand.Rand).ExpFloat64,
		"Pareto":      func(rng *rand.Rand) float64 { return math.Pow(rng.Float64(), -1/1.2) },
		"uniform":     (*rand.Rand).Float64,
	} {
		rng := rand.New(rand.NewPCG(1, 2))
		energies := make([]float64, 50_000)
		for i := range energies {
			energies[i] = -40 + 2.5*draw(rng)
		}
		e := evidence(energies)
		require.Len(t, e.Curve, len(evidenceShares), name)
		for i, p := range e.Curve {
			assert.InDelta(t, -math.Log(evidenceShares[i]), p.Evidence, 1e-12, name)
			beyond := 0
			for _, v := range energies {
				if v > p.Energy {
					beyond++
				}
			}
			assert.InDelta(t, evidenceShares[i]*50_000, beyond, 1, "%s: %g", name, p.Energy)
		}
		assert.Equal(t, e.At, e.Curve[len(e.Curve)-1].Energy, name)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	energies := make([]float64, 1000)
	for i := range energies {
		energies[i] = rng.ExpFloat64()
	}
	e := evidence(energies)
	assert.InDelta(t, -math.Log(.01), e.Curve[len(e.Curve)-1].Evidence, 1e-12, "ten rows lie beyond the last point")
	assert.InDelta(t, 1, e.Scale, .5)
}

func TestEvidenceOfFewEnergies(t *testing.T) {
	for name, energies := range map[string][]float64{
		"one": {3}, "two": {1, 2}, "alike": {5, 5, 5, 5}, "huge": {-1e300, 1e300}, "tie on top": {0, 1, 2, 3, 3, 3}, "infinite": {1, 2, math.Inf(1)},
	} {
		e := evidence(energies)
		assert.True(t, e.Scale > 0 && !math.IsInf(e.Scale, 0), "%s: %+v", name, e)
		for i := 1; i < len(e.Curve); i++ {
			assert.Greater(t, e.Curve[i].Energy, e.Curve[i-1].Energy, name)
		}
	}
}

// With a bound, energies of the training rows are about −log p, and every mixture counts.
func TestBoundedEnergiesAreMinusLogP(t *testing.T) {
	table, _, err := dataset.Generate(dataset.GenerateConfig{Rows: 1000, Seed: 3})
	require.NoError(t, err)
	cfg := Series()
	cfg.Optimizer.MinSteps = 100
	model, _, err := Fit(context.Background(), table.X, cfg)
	require.NoError(t, err)
	energies, err := model.Series(nil, table.X)
	require.NoError(t, err)
	assert.InDelta(t, -math.Log(.02), Quantile(energies, .98), 1)
	assert.InDelta(t, -math.Log(.5), Quantile(energies, .5), 2)

	// A row that is absurd in one metric alone stays within the bound's reach.
	x := append([]float64(nil), table.X.RawRowView(999)...)
	x[0] = 1e9
	s := model.Stream()
	for r := range 999 {
		require.NoError(t, s.Skip(table.X.RawRowView(r)))
	}
	v, err := s.Next(x)
	require.NoError(t, err)
	assert.True(t, v.Anomalous)
	assert.Greater(t, v.Energy, cfg.Mixture.Bound)
	assert.Less(t, v.Energy, 6*cfg.Mixture.Bound)
}
