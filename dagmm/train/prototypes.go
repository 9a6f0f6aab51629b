package train

import (
	"math"
	"math/rand/v2"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/gmm"
)

const (
	// minPrototypes is the least number worth having: one a fold and more.
	minPrototypes = 2 * folds
	// prototypeDigit rounds prototypes, in units of z: their files are a third as long.
	prototypeDigit = 1e3
)

// prototypes draws rows of z and weighs them so that their energies spread over the
// training rows as those of the member's first mixture do; nil where none are wanted or
// there are too few rows.
func (t *trainer) prototypes(m *dagmm.Member, z gmm.Points) (*gmm.Prototypes, error) {
	count := min(t.cfg.Prototypes, z.N/10)
	if count < minPrototypes {
		return nil, nil
	}
	rng := rand.New(rand.NewPCG(t.cfg.Seed, uint64(t.index)+0x70726f746f7a))
	order := rng.Perm(z.N)
	points := make([]float64, 0, count*z.Dim)
	for _, r := range order[:count] {
		for i := range z.Dim {
			points = append(points, math.Round(z.Z[i*z.N+r]*prototypeDigit)/prototypeDigit)
		}
	}
	p, err := gmm.NewPrototypes(z.Dim, points, 1)
	if err != nil {
		return nil, err
	}
	distances := p.EnergyBlock(nil, z.Z, z.N, make([]float64, p.ScratchLen(z.N)))
	mix := m.Mixtures[0]
	energies := mix.EnergyBlock(nil, z.Z, z.N, make([]float64, mix.ScratchLen(z.N)))
	others := make([]float64, 0, z.N-count) // a prototype's own distance is 0
	for _, r := range order[count:] {
		others = append(others, distances[r])
	}
	width := upperSpread(others)
	if width == 0 {
		return nil, nil
	}
	t.prototypeRows = order[:count]
	weight := upperSpread(energies) / width
	if weight == 0 {
		weight = 1
	}
	return gmm.NewPrototypes(z.Dim, points, weight)
}

// upperSpread is the distance from the median to the 99th percentile, by which energies
// of different origin are made comparable.
func upperSpread(energies []float64) float64 {
	return Quantile(energies, .99) - Quantile(energies, .5)
}
