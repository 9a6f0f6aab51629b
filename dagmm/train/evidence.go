package train

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/metric-streams/anomaly/dagmm"
)

// combine settles how the energies of p's mixtures become one.
func combine(cfg *Config, data *trainingData, p *dagmm.Parameters) error {
	if cfg.Mixture.Bound == 0 {
		return weigh(*p, data)
	}
	p.Bound = cfg.Mixture.Bound
	witness(*p, data)
	return nil
}

// featureEnergies returns the energies of the training rows under the model of p.
func featureEnergies(p dagmm.Parameters, data *trainingData) ([]float64, error) {
	m, err := dagmm.New(p)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	energies, err := m.FeatureEnergies(nil, data.features, data.n)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return energies, nil
}

// weigh makes the energies of members comparable whose latent spaces differ in width. The
// weight of a member is inversely proportional to the spread of its training energies, the
// distance from their median to their 99th percentile.
func weigh(p dagmm.Parameters, data *trainingData) error {
	members := p.Members
	if len(members) == 1 {
		return nil
	}
	spread := make([]float64, len(members))
	for i := range members {
		p.Members = members[i : i+1]
		energies, err := featureEnergies(p, data)
		if err != nil {
			return fmt.Errorf("member %d: %w", i, err)
		}
		spread[i] = Quantile(energies, .99) - Quantile(energies, .5)
	}
	for i, s := range spread {
		if s > 0 {
			members[i].Weight = spread[0] / s
		}
	}
	return nil
}

// witness gives every mixture of the members the evidence of its training energies. All
// members count the same.
func witness(p dagmm.Parameters, data *trainingData) {
	for i := range p.Members {
		m := &p.Members[i]
		for _, energies := range m.MixtureEnergies(data.features, data.n) {
			m.Evidence = append(m.Evidence, evidence(energies))
		}
	}
}

// evidenceShares are the shares of training rows at whose energies a curve of evidence has points.
// Most mixtures have tails that are heavier than an exponential's, so that a line from
// the 98th percentile on makes little of what one row in a thousand exceeds.
var evidenceShares = []float64{.98, .1, .05, .02, .01, .005, .002, .001, .0005}

// leastBeyond is how many training rows must lie beyond a point of the curve whose share is smaller
// than sureShare.
const (
	leastBeyond = 10
	sureShare   = .02
)

// evidence returns the evidence of a mixture with the given training energies.
func evidence(energies []float64) dagmm.Evidence {
	sorted := slices.Clone(energies)
	slices.Sort(sorted)
	for i, v := range sorted {
		sorted[i] = min(max(v, -dagmm.MaxEvidence), dagmm.MaxEvidence)
	}
	curve := evidenceCurve(sorted)
	last := curve[len(curve)-1]
	e := dagmm.Evidence{At: last.Energy, Curve: curve}
	if len(curve) == 1 { // nearly all rows alike
		last.Evidence, e.Curve = -math.Log(1-dagmm.EvidenceQuantile), nil
	}
	first, _ := slices.BinarySearch(sorted, math.Nextafter(last.Energy, math.Inf(1)))
	if excesses := sorted[first:]; len(excesses) > 0 {
		e.Scale = stat.Mean(excesses, nil) - last.Energy
	}
	least := leastStep(last.Energy)
	if !(e.Scale > least) { // no excess: what an exponential would have
		e.Scale = (last.Energy - sorted[rank(.5, len(sorted))]) / (last.Evidence - math.Log(2))
	}
	if !(e.Scale > least) { // all rows alike
		e.Scale = 1
	}
	e.Scale = min(max(e.Scale, 1/dagmm.MaxEvidence), dagmm.MaxEvidence)
	return e
}

// evidenceCurve returns the curve of sorted energies, which has a point at least. Of shares with
// the same energy it has the largest.
func evidenceCurve(sorted []float64) (curve []dagmm.EvidencePoint) {
	n := len(sorted)
	for _, share := range evidenceShares {
		if share < sureShare && share*float64(n) < leastBeyond {
			break
		}
		p := dagmm.EvidencePoint{Energy: sorted[rank(1-share, n)], Evidence: -math.Log(share)}
		if k := len(curve); k == 0 || p.Energy > curve[k-1].Energy+leastStep(p.Energy) {
			curve = append(curve, p)
		}
	}
	return curve
}

// leastStep is how far two energies must lie apart to be told from each other.
func leastStep(energy float64) float64 { return 1e-12 * max(1, math.Abs(energy)) }
