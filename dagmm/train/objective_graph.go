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

// networks hold the parameters that training changes.
type networks struct {
	compression *autoencoder.Network
	estimation  *gmm.Estimation // nil where the mixture takes no part in training, or has one component
	parameters  [][]float64     // the networks' own memory, one slice per parameter matrix
}

func newNetworks(compression *autoencoder.Network, estimation *gmm.Estimation) *networks {
	n := &networks{compression: compression, estimation: estimation}
	for _, layers := range [][]autoencoder.Layer{n.compression.Encoder, n.compression.Decoder} {
		for _, l := range layers {
			n.parameters = append(n.parameters, l.Theta)
		}
	}
	if estimation != nil {
		n.parameters = append(n.parameters, estimation.Theta1, estimation.Theta2)
	}
	return n
}

// set copies the parameters of other networks of the same shape.
func (n *networks) set(other *networks) {
	for i, p := range n.parameters {
		copy(p, other.parameters[i])
	}
}

func (n *networks) clone() *networks {
	estimation := n.estimation
	if estimation != nil {
		e := *estimation
		e.Theta1, e.Theta2 = slices.Clone(e.Theta1), slices.Clone(e.Theta2)
		estimation = &e
	}
	return newNetworks(n.compression.Clone(), estimation)
}

// graph computes the joint objective J = mean ‖t−t'‖² + λ1·Ē + λ2·P and its gradient for
// batches of one size, where Ē is the mean energy and P the covariance penalty (equation 7
// of the paper). Its parameter nodes read the networks' own memory. It belongs to one
// goroutine.
type graph struct {
	rows           int       // batch size
	input, target  []float64 // features × rows; one slice where they are the same features
	mask           []float64 // hidden × rows; nil without dropout
	machine        gorgonia.VM
	model          binding // the parameters and their gradients
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
	if cfg.jointly() {
		more, err := b.addMixture(g, n, cfg, ae, target)
		if err != nil {
			return nil, err
		}
		parameters = append(parameters, more...)
	}
	return b, b.differentiate(g, parameters)
}

// differentiate completes the graph with the gradients by the parameters.
func (b *graph) differentiate(g *gorgonia.ExprGraph, parameters gorgonia.Nodes) error {
	// gorgonia.Grad would put one node that the whole process shares into every graph, which
	// is a data race between members.
	one := g.AddNode(gorgonia.NewConstant(1.0))
	_, err := gorgonia.Backpropagate(gorgonia.Nodes{b.cost}, gorgonia.Nodes{one}, parameters)
	if err != nil {
		return fmt.Errorf("train: differentiate: %w", err)
	}
	if b.machine, err = graphop.NewMachine(g); err != nil {
		return err
	}
	b.model, err = bind(gorgonia.NodesToValueGrads(parameters))
	return err
}

// load makes the trainer's rows with these numbers the batch.
func (b *graph) load(t *trainer, rows []int) {
	t.gather(b.input, t.inputs, rows)
	if &b.target[0] != &b.input[0] {
		t.gather(b.target, t.targets, rows)
	}
	b.fillMask(t.cfg.Network.DropoutKeep, t.rng)
}

func (b *graph) binding() binding { return b.model }

// addMixture adds the memberships to the graph, and energy and penalty to the cost. It
// returns the parameters of the estimation network.
func (b *graph) addMixture(g *gorgonia.ExprGraph, n *networks, cfg *Config, ae *aegraph.Nodes, target *gorgonia.Node) (gorgonia.Nodes, error) {
	z, err := aegraph.Latent(cfg.Network.ErrorFeatures, ae.Code, target, ae.Reconstruction)
	if err != nil {
		return nil, err
	}
	node, parameters, err := b.addMixtureOf(n, cfg, z)
	if err != nil {
		return nil, err
	}
	b.cost, err = graphop.Add(b.reconstruction, node)
	return parameters, err
}

// addMixtureOf adds the memberships, energy and penalty to the graph of z. It returns their share of
// the cost and the parameters of the estimation network.
func (b *graph) addMixtureOf(n *networks, cfg *Config, z *gorgonia.Node) (*gorgonia.Node, gorgonia.Nodes, error) {
	est, err := b.memberships(n.estimation, cfg, z)
	if err != nil {
		return nil, nil, err
	}
	dim, _, err := graphop.Dims(z)
	if err != nil {
		return nil, nil, err
	}
	objective := &gmm.Objective{Dim: dim, Components: cfg.Mixture.Components, Covariance: cfg.Mixture.objective(), Ridge: cfg.Mixture.Ridge}
	node, terms, err := gmmgraph.Objective(objective, z, est.Gamma, cfg.Optimizer.Lambda1, cfg.Optimizer.Lambda2)
	if err != nil {
		return nil, nil, err
	}
	b.terms = terms
	return node, est.Parameters, nil
}

// memberships adds the estimation network to the graph of z. Without one there is one
// component, to which every row belongs.
func (b *graph) memberships(net *gmm.Estimation, cfg *Config, z *gorgonia.Node) (*gmmgraph.Nodes, error) {
	if net == nil {
		return &gmmgraph.Nodes{}, nil
	}
	g := z.Graph()
	var mask *gorgonia.Node
	if cfg.Network.DropoutKeep < 1 {
		b.mask = make([]float64, net.Hidden*b.rows)
		var err error
		if mask, err = graphop.Matrix(g, "dropout mask", net.Hidden, b.rows, b.mask); err != nil {
			return nil, err
		}
	}
	return gmmgraph.Build(net, z, mask)
}

// objective is the kind of covariance matrix in the training objective. Where a diagonal
// mixture scores, the network has to remove the correlations, and only a diagonal objective
// asks for that.
func (m *MixtureConfig) objective() gmm.Covariance {
	if m.Covariances == FullCovariance {
		return gmm.Full
	}
	return gmm.Diagonal
}

// maskSteps is the number of steps into which dropout divides the probabilities 0 to 1.
const maskSteps = 1 << 16

// fillMask draws a dropout mask: 1/keep for a unit that is kept, with probability keep,
// and 0 for one that is dropped.
func (b *graph) fillMask(keep float64, rng *rand.Rand) {
	// One draw serves four units. keep is rounded to 16 bits, and so is its reciprocal.
	limit := max(1, uint64(math.Round(keep*maskSteps)))
	values := [2]float64{0, maskSteps / float64(limit)}
	var draw uint64
	for i := range b.mask {
		if i%4 == 0 {
			draw = rng.Uint64()
		}
		// The sign of a difference is the index. A branch would be mispredicted half of the
		// time.
		b.mask[i] = values[(draw&(maskSteps-1)-limit)>>63]
		draw >>= 16
	}
}

// run computes the cost and its gradients for the contents of input, target and mask.
func (b *graph) run() (LossPoint, error) {
	if err := graphop.Run(b.machine); err != nil {
		return LossPoint{}, err
	}
	return LossPoint{Total: scalar(b.cost), Reconstruction: scalar(b.reconstruction), Energy: b.terms.Energy, Penalty: b.terms.Penalty}, nil
}

// scalar returns the value of a scalar node. It does not allocate for a node of package
// graphop.
func scalar(n *gorgonia.Node) float64 {
	if v, ok := n.Value().(*gorgonia.F64); ok {
		return float64(*v)
	}
	v, _ := n.Value().Data().(float64)
	return v
}
