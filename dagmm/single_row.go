package dagmm

import (
	"github.com/metric-streams/anomaly/internal/kernel"
)

// rowScorer scores one sample at a time with buffers made once. It belongs to one
// goroutine.
type rowScorer struct {
	members []memberRow
	layers  []kernel.RowLayer // of all networks
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
	var networks [][]kernel.RowLayer
	for i := range m.p.Members {
		r, layers := m.p.Members[i].newRow(features)
		s.members = append(s.members, r)
		networks = append(networks, layers)
	}
	// The members advance in turn: a layer waits for the one before, and the processor
	// fills the wait with the other members' layers.
	for k, more := 0, true; more; k++ {
		more = false
		for _, layers := range networks {
			if k < len(layers) {
				s.layers, more = append(s.layers, layers[k]), true
			}
		}
	}
	return s
}

func (m *Member) newRow(features []float64) (memberRow, []kernel.RowLayer) {
	code, d := m.Network.LatentDim(), m.LatentDim()
	z := make([]float64, d)
	r := memberRow{z: z, features: z[code:], reconstruction: make([]float64, len(m.Targets)), energies: make([]float64, 1)}
	r.input, r.gatherInput = side(features, m.Inputs)
	r.target, r.gatherOut = side(features, m.Targets)
	r.work = make([]float64, m.mixtureScratchLen(1))
	return r, m.Network.RowLayers(z[:code], r.reconstruction, r.input)
}

// side returns the features of the given indices where they stand side by side, else
// memory to gather them in.
func side(features []float64, index []int) (at []float64, gather bool) {
	if at, ok := consecutive(features, index, 1); ok {
		return at, false
	}
	return make([]float64, len(index)), true
}
