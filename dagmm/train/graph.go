package train

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gorgonia.org/gorgonia"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/autoencoder/aegraph"
	"github.com/metric-streams/anomaly/gmm"
	"github.com/metric-streams/anomaly/gmm/gmmgraph"
	"github.com/metric-streams/anomaly/internal/graphop"
)

// networks are the parameters that training moves.
type networks struct {
	compression *autoencoder.Network
	estimation  *gmm.Estimation // nil for a plain autoencoder
}

func (n *networks) parameters() (out [][]float64) {
	for _, layers := range [][]autoencoder.Layer{n.compression.Encoder, n.compression.Decoder} {
		for _, l := range layers {
			out = append(out, l.Theta)
		}
	}
	if n.estimation != nil {
		out = append(out, n.estimation.Theta1, n.estimation.Theta2)
	}
	return out
}

// graph is the joint objective for batches of one size: J = mean ‖t−t'‖² + λ1·Ē + λ2·P.
// Its parameter nodes show the networks' memory. It belongs to one goroutine.
type graph struct {
	rows           int
	input, target  []float64 // features × rows; the same memory where input is target
	mask           []float64 // hidden × rows, nil without dropout
	machine        gorgonia.VM
	model          []gorgonia.ValueGrad
	reconstruction *gorgonia.Node
	cost           *gorgonia.Node
	terms          *gmmgraph.Terms
}

func newGraph(n *networks, cfg *Config, inputs, targets []int, rows int) (*graph, error) {
	b := &graph{rows: rows, terms: &gmmgraph.Terms{}}
	g := gorgonia.NewGraph()
	b.input = make([]float64, len(inputs)*rows)
	input, err := graphop.Matrix(g, "input", len(inputs), rows, b.input)
	if err != nil {
		return nil, err
	}
	target := input
	b.target = b.input
	if !slices.Equal(inputs, targets) {
		b.target = make([]float64, len(targets)*rows)
		if target, err = graphop.Matrix(g, "target", len(targets), rows, b.target); err != nil {
			return nil, err
		}
	}
	ae, err := aegraph.Build(n.compression, input)
	if err != nil {
		return nil, err
	}
	if b.reconstruction, err = aegraph.ReconstructionLoss(target, ae.Reconstruction); err != nil {
		return nil, err
	}
	b.cost = b.reconstruction
	parameters := ae.Parameters
	if n.estimation != nil {
		more, err := b.addMixture(g, n, cfg, ae, target)
		if err != nil {
			return nil, err
		}
		parameters = append(parameters, more...)
	}
	// Not gorgonia.Grad: it puts one node of the whole process into every graph, a data
	// race between members.
	one := g.AddNode(gorgonia.NewConstant(1.0))
	if _, err := gorgonia.Backpropagate(gorgonia.Nodes{b.cost}, gorgonia.Nodes{one}, parameters); err != nil {
		return nil, fmt.Errorf("train: differentiate: %w", err)
	}
	b.model = gorgonia.NodesToValueGrads(parameters)
	b.machine, err = graphop.NewMachine(g)
	return b, err
}

// addMixture adds estimation network, energy and penalty to the cost.
func (b *graph) addMixture(g *gorgonia.ExprGraph, n *networks, cfg *Config, ae *aegraph.Nodes, target *gorgonia.Node) (gorgonia.Nodes, error) {
	z, err := aegraph.Latent(cfg.Features, ae.Code, target, ae.Reconstruction)
	if err != nil {
		return nil, err
	}
	var mask *gorgonia.Node
	if cfg.Keep < 1 {
		b.mask = make([]float64, n.estimation.Hidden*b.rows)
		if mask, err = graphop.Matrix(g, "dropout mask", n.estimation.Hidden, b.rows, b.mask); err != nil {
			return nil, err
		}
	}
	est, err := gmmgraph.Build(n.estimation, z, mask)
	if err != nil {
		return nil, err
	}
	objective := &gmm.Objective{Dim: n.estimation.Dim, Components: n.estimation.Components, Covariance: cfg.covariance(), Ridge: cfg.Ridge}
	node, terms, err := gmmgraph.Objective(objective, z, est.Gamma, cfg.Lambda1, cfg.Lambda2)
	if err != nil {
		return nil, err
	}
	b.terms = terms
	b.cost, err = graphop.Add(b.reconstruction, node)
	return est.Parameters, err
}

// maskSteps is how finely dropout divides probability.
const maskSteps = 1 << 16

// fillMask draws a dropout mask that keeps units with probability keep.
func (b *graph) fillMask(keep float64, rng *rand.Rand) {
	// Four units a draw: the share kept is exact to 16 bits, and so is its reciprocal.
	limit := max(1, uint64(math.Round(keep*maskSteps)))
	values := [2]float64{0, maskSteps / float64(limit)}
	var draw uint64
	for i := range b.mask {
		if i%4 == 0 {
			draw = rng.Uint64()
		}
		// The sign of a difference, as a branch would be mispredicted half of the time.
		b.mask[i] = values[(draw&(maskSteps-1)-limit)>>63]
		draw >>= 16
	}
}

// run computes cost and gradients for what stands in input, target and mask.
func (b *graph) run() (LossPoint, error) {
	if err := graphop.Run(b.machine); err != nil {
		return LossPoint{}, err
	}
	return LossPoint{Total: scalar(b.cost), Reconstruction: scalar(b.reconstruction), Energy: b.terms.Energy, Penalty: b.terms.Penalty}, nil
}

// scalar reads a node without allocating where it holds what graphop's operations give.
func scalar(n *gorgonia.Node) float64 {
	if v, ok := n.Value().(*gorgonia.F64); ok {
		return float64(*v)
	}
	v, _ := n.Value().Data().(float64)
	return v
}
