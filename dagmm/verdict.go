package dagmm

import (
	"slices"
)

// Verdict is what a model says of one row.
type Verdict struct {
	Energy    float64 // NaN where a value of the row is missing
	Threshold float64
	PValue    float64 // share of ordinary rows with an energy at least as high; NaN with Energy
	Anomalous bool    // Energy > Threshold
}

func (m *Model) verdict(energy float64) Verdict {
	return Verdict{Energy: energy, Threshold: m.p.Threshold, PValue: m.PValue(energy), Anomalous: energy > m.p.Threshold}
}

// PValue returns the conformal p-value of an energy,
//
//	(1 + #{calibration energies ≥ energy})/(n + 1),
//
// where n is the number of calibration energies (Vovk, Gammerman and Shafer, Algorithmic
// Learning in a Random World, 2005). An ordinary row that is exchangeable with the
// calibration's rows has a p-value of at most q with probability q. Drift breaks
// exchangeability, so p-values are calibrated but not guaranteed. None is below 1/(n + 1).
func (m *Model) PValue(energy float64) float64 { return m.p.Calibration.pValue(energy) }

// TrainingEnergies returns the energies that p-values are read from, in ascending order.
// They are thinned where there were more than 2000.
func (m *Model) TrainingEnergies() []float64 { return slices.Clone(m.p.Calibration.Energies) }
