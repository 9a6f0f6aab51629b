package train

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The zero Config is the preset Metrics, to the bit.
func TestZeroConfigIsMetrics(t *testing.T) {
	x := hostRows(120, 1)
	spelled := Metrics()
	spelled.Optimizer.MinSteps, spelled.Members = 10, 1
	a, _ := fit(t, x, Config{Members: 1, Optimizer: OptimizerConfig{MinSteps: 10}})
	b, _ := fit(t, x, spelled)
	var s, z bytes.Buffer
	require.NoError(t, a.Save(&s))
	require.NoError(t, b.Save(&z))
	require.Equal(t, s.String(), z.String())

	series := Series()
	require.NotEmpty(t, series.RecentLevels)
	series.RecentLevels[0] = .9
	require.NotEqual(t, .9, Series().RecentLevels[0], "presets share nothing")
}

// The model keeps the name of the preset, and its members have the mixtures that the preset
// asks for.
func TestPresetsTrainWhatTheySay(t *testing.T) {
	for name, c := range map[string]struct {
		cfg                Config
		members, perMember int
	}{
		"metrics":       {Metrics(), 2, 1},
		"series":        {Series(), 4, 2}, // the first member; the second has one mixture
		"table":         {Table(), 4, 1},
		"autoencoder":   {Autoencoder(), 2, 0},
		"pca":           {PCA(), 1, 2},
		"paper-thyroid": {Paper("thyroid"), 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			if c.cfg.Optimizer.MinSteps = 5; strings.HasPrefix(name, "paper") {
				c.cfg.Optimizer.Epochs = 1
			}
			m, rep := fit(t, hostRows(200, 1), c.cfg)
			require.Equal(t, name, m.Training().Preset)
			require.Equal(t, c.members, rep.Members)
			resolved, err := c.cfg.resolved(4)
			require.NoError(t, err)
			if c.perMember == 0 {
				require.Zero(t, rep.Components, "no mixture")
				return
			}
			require.Len(t, resolved.member(0).Mixture.kinds(), c.perMember)
			require.GreaterOrEqual(t, rep.Components, 1.)
			require.LessOrEqual(t, rep.Components, float64(resolved.Mixture.Components)+1e-9)
		})
	}
}

// Without the terms of the mixture in the objective there is no estimation network, and the
// mixture is fitted from a k-means++ start.
func TestMixtureOutsideTheObjective(t *testing.T) {
	cfg := quick()
	cfg.Mixture.Components, cfg.Optimizer.Lambda1, cfg.Optimizer.Lambda2 = 2, -1, -1
	m, rep := fit(t, hostRows(400, 1), cfg)
	require.Zero(t, rep.Loss[0].Energy)
	require.Equal(t, rep.Loss[0].Total, rep.Loss[0].Reconstruction)
	require.Greater(t, rep.Components, 1.)
	v, err := m.Detect([]float64{98, 85, 5, 1e3})
	require.NoError(t, err)
	require.True(t, v.Anomalous)
}
