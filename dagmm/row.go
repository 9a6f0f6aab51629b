package dagmm

import "github.com/metric-streams/anomaly/autoencoder"

// memberRow holds one member's buffers for one sample.
type memberRow struct {
	net                   *autoencoder.Row
	z, code, features     []float64 // code and features are the parts of z
	reconstruction        []float64
	gathered, gatheredOut []float64 // inputs and targets where they do not stand side by side
	target                []float64
	energies, work        []float64
}

func (m *Member) newRow() memberRow {
	code := m.Network.LatentDim()
	z := make([]float64, m.LatentDim())
	r := memberRow{net: m.Network.NewRow(), z: z, code: z[:code], features: z[code:], reconstruction: make([]float64, len(m.Targets)),
		gathered: make([]float64, len(m.Inputs)), gatheredOut: make([]float64, len(m.Targets)), energies: make([]float64, 1)}
	work := 0
	for _, mix := range m.Mixtures {
		work = max(work, mix.ScratchLen(1))
	}
	r.work = make([]float64, work)
	return r
}

// addRow adds the energy of the one sample in s.features to out, with the bits of
// addEnergies. The members advance in turn: a layer of one alone would leave the
// processor waiting for its results.
func (m *Model) addRow(out []float64, s *scratch) {
	members := m.p.Members
	for i := range members {
		r := &s.rows[i]
		r.net.Start(pick(r.gathered, s.features, members[i].Inputs))
		r.target = pick(r.gatheredOut, s.features, members[i].Targets)
	}
	for k, more := 0, true; more; k++ {
		more = false
		for i := range s.rows {
			r := &s.rows[i]
			if r.net.Step(k, r.code, r.reconstruction) {
				more = true
			}
		}
	}
	for i := range s.rows {
		r := &s.rows[i]
		members[i].Features.Apply(r.features, r.target, r.reconstruction, len(r.target), 1)
		members[i].shape(r.z, 1)
	}
	for i := range s.rows {
		r := &s.rows[i]
		members[i].addMixtures(out, r.z, 1, m.shares[i], r.energies, r.work)
	}
}

// pick returns the features of the given indices, gathered in dst where they do not
// stand side by side.
func pick(dst, features []float64, index []int) []float64 {
	if side, ok := consecutive(features, index, 1); ok {
		return side
	}
	gather(dst, features, index, 1)
	return dst
}
