package train

import (
	"bytes"
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
