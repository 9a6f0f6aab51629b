package alarm

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// A detector whose model has only another calibration holds samples against the same energy,
// but never below the p-value from which nothing is flagged.
func TestRecalibratedDetectorKeepsItsThreshold(t *testing.T) {
	m, x := dagmmtest.Model(t, false)
	energies := m.TrainingEnergies()
	raised := slices.Clone(energies)
	floats.AddConst(40, raised)
	for name, c := range map[string]struct {
		calibration dagmm.Calibration
		above       bool
	}{
		"quieter":  {dagmm.NewCalibration(energies[:len(energies)*9/10]), false},
		"restless": {dagmm.NewCalibration(raised), true},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := New(m, x, strict)
			require.NoError(t, err)
			feed(t, d, 0, fault()[:300])
			before := d.heights.energy(d.budget.threshold)
			other, err := m.WithCalibration(c.calibration)
			require.NoError(t, err)
			next, err := NewTrained(other, Training{Energies: energies, Span: d.Span(), Recalibrated: true}, strict)
			require.NoError(t, err)
			require.NoError(t, next.Succeed(d))
			after := next.heights.energy(next.budget.threshold)
			if c.above {
				require.Greater(t, after, before)
				require.InDelta(t, next.heights.energy(next.budget.floor), after, 1e-9)
				return
			}
			require.InDelta(t, before, after, 1e-9)
		})
	}
}
