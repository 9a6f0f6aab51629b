package dagmm

import (
	"fmt"
	"math"
)

// Evidence makes the energies of different mixtures comparable. The energy e of a row under
// a mixture becomes −log p, where p is the share of training rows with at least that energy.
// Curve says how it rises up to At, the energy of its last point. Beyond it are too few rows to
// count, and their excesses are taken for exponential:
//
//	−log p = −log p(At) + (e − At)/Scale.
//
// Without Curve p(At) is 1/50, and the line goes on below At.
type Evidence struct {
	At    float64 `json:"at"`
	Scale float64 `json:"scale"` // mean excess over At
	// Curve holds energies and their evidence. Both rise strictly, the last energy is At, and
	// there are at least two points or none. Evidence is linear between two of them. Below the
	// first it falls on along the same line, down to 0.
	Curve []EvidencePoint `json:"curve,omitempty"`
}

// EvidencePoint is a point of the curve of an Evidence.
type EvidencePoint struct {
	Energy   float64 `json:"energy"`
	Evidence float64 `json:"evidence"`
}

// EvidenceQuantile is the quantile of the training energies that At is where there is no Curve.
const EvidenceQuantile = .98

// BeyondBound is how fast evidence grows beyond a bound B: at t·B it is B·(1 + BeyondBound·log t).
const BeyondBound = .1

var evidenceAt = -math.Log(1 - EvidenceQuantile)

// MaxEvidence bounds the numbers of an Evidence, and the slopes of its lines: no training rows have
// energies beyond it.
const MaxEvidence = 1e15

func (e Evidence) check() error {
	if !(math.Abs(e.At) <= MaxEvidence) || !(e.Scale >= 1/MaxEvidence) || !(e.Scale <= MaxEvidence) {
		return fmt.Errorf("evidence at %g with scale %g: %w", e.At, e.Scale, ErrModel)
	}
	if e.Curve == nil {
		return nil
	}
	last := len(e.Curve) - 1
	if last < 1 || e.Curve[last].Energy != e.At {
		return fmt.Errorf("evidence at %g with a curve of %d points that does not end there: %w", e.At, last+1, ErrModel)
	}
	if first := e.Curve[0]; !(math.Abs(first.Energy) <= MaxEvidence) || !(first.Evidence >= 0) {
		return fmt.Errorf("evidence begins at %g with %g: %w", first.Energy, first.Evidence, ErrModel)
	}
	for i, b := range e.Curve[1:] {
		a := e.Curve[i]
		if l := lineFrom(a, b); !(b.Energy > a.Energy) || !(b.Evidence > a.Evidence) || !(b.Evidence <= MaxEvidence) || !(l.rate <= MaxEvidence) {
			return fmt.Errorf("evidence goes from %g at %g to %g at %g: %w", a.Evidence, a.Energy, b.Evidence, b.Energy, ErrModel)
		}
	}
	return nil
}

// evidenceLine is a line of evidence over energy.
type evidenceLine struct{ at, value, rate float64 }

func lineFrom(a, b EvidencePoint) evidenceLine {
	return evidenceLine{a.Energy, a.Evidence, (b.Evidence - a.Evidence) / (b.Energy - a.Energy)}
}

func (l evidenceLine) of(energy float64) float64 { return l.value + float64((energy-l.at)*l.rate) }

// beyond returns the line of energies beyond At.
func (e *Evidence) beyond() evidenceLine {
	if e.Curve == nil {
		return evidenceLine{e.At, evidenceAt, 1 / e.Scale}
	}
	return evidenceLine{e.At, e.Curve[len(e.Curve)-1].Evidence, 1 / e.Scale}
}

// of returns the evidence of an energy, without a bound.
func (e *Evidence) of(energy float64) float64 {
	c := e.Curve
	if energy > e.At || c == nil {
		return e.beyond().of(energy)
	}
	i := 1
	for i < len(c)-1 && energy > c[i].Energy {
		i++
	}
	t := lineFrom(c[i-1], c[i]).of(energy)
	if t < 0 {
		return 0
	}
	return t
}

// weigh replaces energies by evidence. Beyond the bound evidence grows by its logarithm only,
// so that a mixture that has gone wild, as after a fit to few rows, does not hide what the
// others see.
func (e *Evidence) weigh(energies []float64, bound float64) {
	low, until := e.beyond(), e.At // of most rows
	if e.Curve != nil {
		low, until = lineFrom(e.Curve[0], e.Curve[1]), e.Curve[1].Energy
	}
	for i, v := range energies {
		t := low.of(v)
		switch {
		case v > until:
			t = e.of(v)
		case t < 0 && e.Curve != nil:
			t = 0
		}
		if t > bound {
			t = bound + float64(BeyondBound*bound*math.Log(t/bound))
		}
		energies[i] = t
	}
}
