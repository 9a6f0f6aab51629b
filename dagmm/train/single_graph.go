package train

import (
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/gmm"
	"github.com/metric-streams/anomaly/internal/graphop"
	"github.com/metric-streams/anomaly/internal/single"
)

// singleGraph computes what graph does, the part of the autoencoder in float32. It belongs to one
// goroutine.
type singleGraph struct {
	autoencoder *single.Autoencoder
	mixture     singleMixture // nil where the mixture takes no part
	model       binding
}

// singleMixture is the mixture's part of the cost.
type singleMixture interface {
	forward(a *single.Autoencoder) (reconstruction float64, err error)
	backward(a *single.Autoencoder)
	fillMask(keep float64, rng *rand.Rand)
	value() (energy, penalty, cost float64)
	grads() [][]float64 // by the parameters of the estimation network
}

func newSingleGraph(n *networks, cfg *Config, alike bool, rows int) (*singleGraph, error) {
	s := &singleGraph{autoencoder: single.New(n.compression, cfg.Network.ErrorFeatures, rows, alike)}
	s.model = binding{values: n.parameters, grads: s.autoencoder.Gradients()}
	switch {
	case !cfg.jointly():
		return s, nil
	case n.estimation == nil && cfg.Network.ErrorFeatures == autoencoder.Residual && cfg.Mixture.objective() == gmm.Full:
		s.mixture = newGaussian(n, cfg, rows)
	default:
		latent, err := newLatentGraph(n, cfg, rows)
		if err != nil {
			return nil, err
		}
		s.mixture = latent
	}
	s.model.grads = append(s.model.grads, s.mixture.grads()...)
	return s, nil
}

func (s *singleGraph) load(t *trainer, rows []int) {
	s.autoencoder.Load(t.data.single(t.inputs), t.data.single(t.targets), rows)
	if s.mixture != nil {
		s.mixture.fillMask(t.cfg.Network.DropoutKeep, t.rng)
	}
}

func (s *singleGraph) run() (p LossPoint, err error) {
	if s.mixture == nil {
		p.Reconstruction = s.autoencoder.Forward(nil)
		p.Total = p.Reconstruction
		s.autoencoder.Backward(nil)
		return p, nil
	}
	if p.Reconstruction, err = s.mixture.forward(s.autoencoder); err != nil {
		return LossPoint{}, err
	}
	s.mixture.backward(s.autoencoder)
	p.Energy, p.Penalty, p.Total = s.mixture.value()
	p.Total += p.Reconstruction
	return p, nil
}

func (s *singleGraph) binding() binding { return s.model }

// gaussian is the mixture of one full Gaussian over code and residual. Its part of the cost depends
// on the covariance of z alone, so that the wide products with z can be float32.
type gaussian struct {
	objective        gmm.Objective
	rows             int
	lambda1, lambda2 float64
	sigma, gradient  []float64
	energy, penalty  float64
}

func newGaussian(n *networks, cfg *Config, rows int) *gaussian {
	d := n.compression.LatentDim() + n.compression.OutDim()
	return &gaussian{objective: gmm.Objective{Dim: d, Components: 1, Ridge: cfg.Mixture.Ridge}, rows: rows,
		lambda1: cfg.Optimizer.Lambda1, lambda2: cfg.Optimizer.Lambda2, sigma: make([]float64, d*d), gradient: make([]float64, d*d)}
}

func (g *gaussian) forward(a *single.Autoencoder) (reconstruction float64, err error) {
	reconstruction = a.Forward(nil)
	a.Covariance(g.sigma)
	g.energy, g.penalty, err = g.objective.ForwardCovariance(g.sigma, g.rows)
	return reconstruction, err
}

func (g *gaussian) backward(a *single.Autoencoder) {
	g.objective.BackwardCovariance(g.gradient, g.lambda1, g.lambda2)
	a.BackwardCovariance(g.gradient)
}

func (g *gaussian) value() (energy, penalty, cost float64) {
	return g.energy, g.penalty, g.lambda1*g.energy + g.lambda2*g.penalty
}

func (g *gaussian) fillMask(float64, *rand.Rand) {}

func (g *gaussian) grads() [][]float64 { return nil }

// latentGraph is the mixture's part of the cost as a graph of z, in float64.
type latentGraph struct {
	graph
	dz []float64 // gradient by z
}

// newLatentGraph returns the graph for batches of z, which is its input.
func newLatentGraph(n *networks, cfg *Config, rows int) (*latentGraph, error) {
	b := &latentGraph{graph: graph{rows: rows}}
	g := gorgonia.NewGraph()
	net := n.compression
	dim := net.LatentDim() + cfg.Network.ErrorFeatures.Dim(net.OutDim())
	b.input = make([]float64, dim*rows)
	z, err := graphop.Matrix(g, "z", dim, rows, b.input)
	if err != nil {
		return nil, err
	}
	var parameters gorgonia.Nodes
	if b.cost, parameters, err = b.addMixtureOf(n, cfg, z); err != nil {
		return nil, err
	}
	if err := b.differentiate(g, append(parameters, z)); err != nil {
		return nil, err
	}
	b.dz = b.model.grads[len(parameters)]
	return b, nil
}

func (b *latentGraph) forward(a *single.Autoencoder) (reconstruction float64, err error) {
	reconstruction = a.Forward(b.input)
	return reconstruction, graphop.Run(b.machine)
}

func (b *latentGraph) backward(a *single.Autoencoder) { a.Backward(b.dz) }

func (b *latentGraph) value() (energy, penalty, cost float64) {
	return b.terms.Energy, b.terms.Penalty, scalar(b.cost)
}

func (b *latentGraph) grads() [][]float64 { return b.model.grads[:len(b.model.grads)-1] }
