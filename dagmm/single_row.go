package dagmm

import "github.com/metric-streams/anomaly/autoencoder"

// rowScorer scores one sample at a time with buffers made once. It belongs to one
// goroutine.
type rowScorer struct {
	members  []memberRow
	networks *autoencoder.Runner
}

// memberRow holds one member's buffers.
type memberRow struct {
	z, features            []float64 // features are the last part of z
	reconstruction         []float64
	input, target          []float64
	gatherInput, gatherOut bool // input and target do not stand side by side
	energies, work         []float64
}

// newRowScorer scores the features that stand in the given memory.
func (m *Model) newRowScorer(features []float64) *rowScorer {
	s := &rowScorer{}
	var passes []autoencoder.Pass
	for i := range m.p.Members {
		r, pass := m.p.Members[i].newRow(features)
		s.members = append(s.members, r)
		passes = append(passes, pass)
	}
	s.networks = autoencoder.NewRunner(passes)
	return s
}

func (m *Member) newRow(features []float64) (memberRow, autoencoder.Pass) {
	code, d := m.Network.LatentDim(), m.LatentDim()
	z := make([]float64, d)
	r := memberRow{z: z, features: z[code:], reconstruction: make([]float64, len(m.Targets)), energies: make([]float64, 1)}
	r.input, r.gatherInput = side(features, m.Inputs)
	r.target, r.gatherOut = side(features, m.Targets)
	r.work = make([]float64, m.mixtureScratchLen(1))
	return r, autoencoder.Pass{Network: m.Network, Input: r.input, Code: z[:code], Reconstruction: r.reconstruction}
}

// side returns the features of the given indices where they stand side by side, else
// memory to gather them in.
func side(features []float64, index []int) (at []float64, gather bool) {
	if at, ok := consecutive(features, index, 1); ok {
		return at, false
	}
	return make([]float64, len(index)), true
}
