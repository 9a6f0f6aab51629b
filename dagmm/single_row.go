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
	z, code                []float64 // z is what the mixtures see
	features               []float64 // the last part of z
	reconstruction         []float64 // nil where the network's pass writes the features
	input, target          []float64
	gatherInput, gatherOut bool      // input and target do not stand side by side
	scale                  []float64 // of the features that the network's pass writes
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
	code, d, width := m.Network.LatentDim(), m.LatentDim(), len(m.Targets)
	z := make([]float64, d, code+autoencoder.PassLen(d-code))
	r := memberRow{z: z, features: z[code:], code: make([]float64, code, autoencoder.PassLen(code)), energies: make([]float64, 1)}
	r.input, r.gatherInput = side(features, m.Inputs)
	r.target, r.gatherOut = side(features, m.Targets)
	r.work = make([]float64, m.mixtureScratchLen(1))
	pass := autoencoder.Pass{Network: m.Network, Input: r.input, Code: r.code}
	if m.Features == autoencoder.Residual {
		pass.Reconstruction = r.features
		r.scale = make([]float64, width)
		r.setScale(m)
		pass.Residuals = &autoencoder.Residuals{Target: r.target, Scale: r.scale, Clip: m.Clip}
		return r, pass
	}
	r.reconstruction = make([]float64, width, autoencoder.PassLen(width))
	pass.Reconstruction = r.reconstruction
	return r, pass
}

// setScale takes over the scales of m, whose features the network's pass writes.
func (r *memberRow) setScale(m *Member) {
	if m.Scale != nil {
		copy(r.scale, m.Scale[len(r.code):])
		return
	}
	for i := range r.scale {
		r.scale[i] = 1
	}
}

// use lets the buffers serve another model of the shape.
func (s *rowScorer) use(m *Model) {
	s.networks.Use(m.weights)
	for i := range s.members {
		s.members[i].setScale(&m.p.Members[i])
	}
}

// finish makes z of what the network's pass has written, with the bits of latent and shape.
func (r *memberRow) finish(m *Member) {
	copy(r.z, r.code)
	if r.reconstruction != nil {
		m.Features.Apply(r.features, r.target, r.reconstruction, len(r.target), 1)
		m.shape(r.z, 1)
		return
	}
	if m.Scale != nil {
		for i := range r.code {
			r.z[i] *= m.Scale[i]
		}
	}
}

// side returns the features of the given indices where they stand side by side, else
// memory to gather them in.
func side(features []float64, index []int) (at []float64, gather bool) {
	if at, ok := consecutive(features, index, 1); ok {
		return at, false
	}
	return make([]float64, len(index)), true
}
