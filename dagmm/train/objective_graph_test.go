package train

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/internal/graphtest"
)

// The gradients of every preset's objective with respect to every parameter of both networks.
func TestObjectiveGradients(t *testing.T) {
	predict := Series()
	predict.Network.Predict = true
	for name, preset := range map[string]Config{"metrics": Metrics(), "paper": Paper("thyroid"), "series": Series(), "predict": predict, "autoencoder": Autoencoder()} {
		for _, k := range []int{1, 2, 4} {
			for _, cov := range []Covariances{FullCovariance, DiagonalCovariance} {
				cfg := preset
				cfg.Mixture.Components, cfg.Mixture.Covariances, cfg.Network.Hidden = k, cov, []int{5, 3}
				if cfg.Mixture.Disabled && (k > 1 || cov != FullCovariance) {
					continue // no mixture
				}
				t.Run(fmt.Sprintf("%s/%s/K%d", name, cov, k), func(t *testing.T) { checkGradients(t, cfg) })
			}
		}
	}
}

func checkGradients(t *testing.T, cfg Config) {
	const rows = 25
	x := hostRows(200, 1)
	cfg, err := cfg.resolved(4)
	require.NoError(t, err)
	data, err := prepare(x, &cfg)
	require.NoError(t, err)
	tr, err := newTrainer(&cfg, data, 0, &pool[*rig]{}, nil)
	require.NoError(t, err)
	for i, p := range tr.nets.parameters { // biases start at 0, where a mistake would not show
		for j, v := range graphtest.Normals(uint64(i), len(p)) {
			p[j] += .2 * v
		}
	}
	g, err := newGraph(tr.nets, &cfg, tr.inputs, tr.targets, rows)
	require.NoError(t, err)
	batch := rand.New(rand.NewPCG(2, 3)).Perm(data.n)[:rows]
	g.load(tr, batch) // the mask stays the same from here on
	require.Equal(t, cfg.Network.DropoutKeep < 1 && tr.nets.estimation != nil, g.mask != nil)

	cost := func() float64 {
		p, err := g.run()
		require.NoError(t, err)
		return p.Total
	}
	cost()
	grads := copyAll(nil, g.model.grads)
	parameters := tr.nets.parameters
	require.Len(t, grads, len(parameters))
	require.Equal(t, cfg.Mixture.Components == 1 || cfg.Mixture.Disabled, tr.nets.estimation == nil, "the only membership is always 1")
	for i, p := range parameters {
		graphtest.Check(t, fmt.Sprintf("parameter %d", i), cost, p, grads[i])
	}
}

// The objective is the sum of the terms of the paper's equation 7.
func TestObjectiveIsTheSumOfItsTerms(t *testing.T) {
	cfg := Paper("thyroid")
	cfg, err := cfg.resolved(4)
	require.NoError(t, err)
	data, err := prepare(hostRows(200, 1), &cfg)
	require.NoError(t, err)
	tr, err := newTrainer(&cfg, data, 0, &pool[*rig]{}, nil)
	require.NoError(t, err)
	p, err := tr.step(rand.New(rand.NewPCG(2, 3)).Perm(data.n)[:50])
	require.NoError(t, err)
	require.InEpsilon(t, p.Reconstruction+.1*p.Energy+.005*p.Penalty, p.Total, 1e-12)
	require.Positive(t, p.Penalty)
}
