package dagmm

import (
	"fmt"
	"math"
)

// Evidence makes the energies of different mixtures comparable. The energy e of a row under
// a mixture becomes
//
//	log(50) + (e − At)/Scale,
//
// where At is the 98th percentile of the mixture's training energies and Scale the mean
// excess over it. If the excesses are exponential, that is −log p, where p is the share of
// ordinary rows with at least that energy.
type Evidence struct {
	At    float64 `json:"at"`
	Scale float64 `json:"scale"`
}

// EvidenceQuantile is the quantile of the training energies that At of an Evidence is.
const EvidenceQuantile = .98

// BeyondBound is how fast evidence grows beyond a bound B: at t·B it is B·(1 + BeyondBound·log t).
const BeyondBound = .1

var evidenceAt = -math.Log(1 - EvidenceQuantile)

// MaxEvidence bounds At and Scale of an Evidence, and the inverse of Scale: no training rows
// have energies beyond it.
const MaxEvidence = 1e15

func (e Evidence) check() error {
	if !(math.Abs(e.At) <= MaxEvidence) || !(e.Scale >= 1/MaxEvidence) || !(e.Scale <= MaxEvidence) {
		return fmt.Errorf("evidence at %g with scale %g: %w", e.At, e.Scale, ErrModel)
	}
	return nil
}

// weigh replaces energies by evidence. Beyond the bound evidence grows by its logarithm only,
// so that a mixture that has gone wild, as after a fit to few rows, does not hide what the
// others see.
func (e Evidence) weigh(energies []float64, bound float64) {
	at, rate := e.At, 1/e.Scale
	for i, v := range energies {
		t := evidenceAt + float64((v-at)*rate)
		if t > bound {
			t = bound + float64(BeyondBound*bound*math.Log(t/bound))
		}
		energies[i] = t
	}
}
