package train

import (
	"gorgonia.org/gorgonia"

	"github.com/metric-streams/anomaly/internal/graphop"
	"github.com/metric-streams/anomaly/internal/single"
)

// singleGraph computes what graph does, the part of the autoencoder in float32. It belongs to one
// goroutine.
type singleGraph struct {
	autoencoder *single.Autoencoder
	latent      *graph    // of z: energy and penalty; nil where the mixture takes no part
	dz          []float64 // gradient by z
	model       binding
}

func newSingleGraph(n *networks, cfg *Config, alike bool, rows int) (*singleGraph, error) {
	s := &singleGraph{autoencoder: single.New(n.compression, cfg.Network.ErrorFeatures, rows, alike)}
	s.model = binding{values: n.parameters, grads: s.autoencoder.Gradients()}
	if !cfg.jointly() {
		return s, nil
	}
	var err error
	if s.latent, err = newLatentGraph(n, cfg, rows); err != nil {
		return nil, err
	}
	grads := s.latent.model.grads
	last := len(grads) - 1
	s.dz, s.model.grads = grads[last], append(s.model.grads, grads[:last]...)
	return s, nil
}

// newLatentGraph returns the graph of the mixture's part of the cost for batches of z, which is its
// input. z comes last among its parameters.
func newLatentGraph(n *networks, cfg *Config, rows int) (*graph, error) {
	b := &graph{rows: rows}
	g := gorgonia.NewGraph()
	net := n.compression
	dim := net.LatentDim() + cfg.Network.ErrorFeatures.Dim(net.OutDim())
	b.input = make([]float64, dim*rows)
	z, err := graphop.Matrix(g, "z", dim, rows, b.input)
	if err != nil {
		return nil, err
	}
	var parameters gorgonia.Nodes
	if b.cost, parameters, err = b.mixture(n, cfg, z); err != nil {
		return nil, err
	}
	return b, b.differentiate(g, append(parameters, z))
}

func (s *singleGraph) load(t *trainer, rows []int) {
	inputs := t.data.single(t.inputs)
	s.autoencoder.Load(inputs, t.data.single(t.targets), rows)
	if s.latent != nil {
		s.latent.fillMask(t.cfg.Network.DropoutKeep, t.rng)
	}
}

func (s *singleGraph) run() (LossPoint, error) {
	if s.latent == nil {
		loss := s.autoencoder.Forward(nil)
		s.autoencoder.Backward(nil)
		return LossPoint{Total: loss, Reconstruction: loss}, nil
	}
	loss := s.autoencoder.Forward(s.latent.input)
	if err := graphop.Run(s.latent.machine); err != nil {
		return LossPoint{}, err
	}
	s.autoencoder.Backward(s.dz)
	return LossPoint{Total: loss + scalar(s.latent.cost), Reconstruction: loss, Energy: s.latent.terms.Energy, Penalty: s.latent.terms.Penalty}, nil
}

func (s *singleGraph) binding() binding { return s.model }
