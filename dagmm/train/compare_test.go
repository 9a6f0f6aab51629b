package train

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A fault moves the current value of one metric. The deviations of that metric move with
// it, in their own scale, and the features of what came before stay.
func TestSyntheticFaultsMoveValueAndDeviationsAlike(t *testing.T) {
	cfg, err := Config{RecentLevels: []float64{.05, .5}}.resolved(4)
	require.NoError(t, err)
	data, err := prepare(loadRows(200, 4, 1), &cfg)
	require.NoError(t, err)
	faults := syntheticFaults(data, data.n, 1)
	for r := range data.n {
		moved := 0
		for j := range data.metrics {
			at := func(block []float64, b int) float64 { return block[(b*data.metrics+j)*data.n+r] }
			shift := at(faults, 0) - at(data.features, 0)
			if shift != 0 {
				moved++
			}
			for b := range cfg.RecentLevels {
				gain := data.levels.Gains[b*data.metrics+j]
				require.InDelta(t, shift*gain, at(faults, 1+b)-at(data.features, 1+b), 1e-9)
				require.Equal(t, at(data.features, 3+b), at(faults, 3+b))
			}
		}
		require.LessOrEqual(t, moved, 1)
	}
}
