package dagmm

// Verdict is what a model says of one row.
type Verdict struct {
	Energy    float64 // NaN where a value of the row is missing
	Threshold float64
	PValue    float64 // share of ordinary rows with an energy at least as high; NaN with Energy
	Anomalous bool    // Energy > Threshold
}

// Detect compares the energy of the row x with the threshold. Errors are those of Energy.
func (m *Model) Detect(x []float64) (Verdict, error) {
	e, err := m.Energy(x)
	if err != nil {
		return Verdict{}, err
	}
	return m.verdict(e), nil
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
