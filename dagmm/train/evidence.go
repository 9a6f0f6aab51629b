package train

import (
	"fmt"
	"math"

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

// evidence returns the scale of a mixture with the given training energies.
func evidence(energies []float64) dagmm.Evidence {
	e := dagmm.Evidence{At: Quantile(energies, dagmm.EvidenceQuantile)}
	var excesses []float64
	for _, v := range energies {
		if v > e.At {
			excesses = append(excesses, v-e.At)
		}
	}
	if len(excesses) > 0 {
		e.Scale = stat.Mean(excesses, nil)
	}
	least := 1e-12 * max(1, math.Abs(e.At))
	if !(e.Scale > least) { // no excess: what an exponential would have
		e.Scale = (e.At - Quantile(energies, .5)) / math.Log(.5/(1-dagmm.EvidenceQuantile))
	}
	if !(e.Scale > least) { // all rows alike
		e.Scale = 1
	}
	e.At = min(max(e.At, -dagmm.MaxEvidence), dagmm.MaxEvidence)
	e.Scale = min(max(e.Scale, 1/dagmm.MaxEvidence), dagmm.MaxEvidence)
	return e
}
