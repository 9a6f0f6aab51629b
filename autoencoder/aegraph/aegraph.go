// Package aegraph builds the compression network of package autoencoder as a gorgonia
// graph, for training. It uses the same kernels and differentiates them symbolically.
// Matrices are features × batch.
package aegraph

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/internal/graphop"
	"github.com/metric-streams/anomaly/internal/kernel"
)

// Nodes are the network's nodes in a graph.
type Nodes struct {
	Code           *gorgonia.Node // latent code, latent×n
	Reconstruction *gorgonia.Node // out×n
	Parameters     gorgonia.Nodes // of the encoder, then of the decoder; their values are the memory of the network
}

// Build adds net to the graph of input (in×n). A width that does not match is an error
// that wraps graphop.ErrShape.
func Build(net *autoencoder.Network, input *gorgonia.Node) (*Nodes, error) {
	if err := net.Check(); err != nil {
		return nil, err
	}
	b := &Nodes{}
	var err error
	if b.Code, err = b.chain("encoder", net.Encoder, input, false); err != nil {
		return nil, err
	}
	if b.Reconstruction, err = b.chain("decoder", net.Decoder, b.Code, true); err != nil {
		return nil, err
	}
	return b, nil
}

// chain adds the layers from x on and returns the output of the last. Without inputGrad, x
// gets no gradient.
func (b *Nodes) chain(name string, layers []autoencoder.Layer, x *gorgonia.Node, inputGrad bool) (*gorgonia.Node, error) {
	for i, l := range layers {
		theta, err := graphop.Matrix(x.Graph(), fmt.Sprintf("%s %d", name, i), l.In+1, l.Out, l.Theta)
		if err != nil {
			return nil, err
		}
		b.Parameters = append(b.Parameters, theta)
		act := graphop.Tanh
		if l.Linear {
			act = graphop.Linear
		}
		if x, err = graphop.Dense(x, theta, act, inputGrad || i > 0); err != nil {
			return nil, fmt.Errorf("aegraph: %s layer %d: %w", name, i, err)
		}
	}
	return x, nil
}

// Latent stacks the code and the error features to the input of the mixture:
// z = [zc, f(t, t')], (latent + f.Dim)×n.
func Latent(f autoencoder.ErrorFeatures, code, target, reconstruction *gorgonia.Node) (*gorgonia.Node, error) {
	latent, n, err := graphop.Dims(code)
	if err != nil {
		return nil, err
	}
	width, samples, err := sameDims(target, reconstruction)
	if err != nil {
		return nil, err
	}
	if samples != n {
		return nil, fmt.Errorf("aegraph: code of %d samples, target of %d: %w", n, samples, graphop.ErrShape)
	}
	if err := f.Check(); err != nil {
		return nil, fmt.Errorf("aegraph: %w", err)
	}
	rows := latent + f.Dim(width)
	return graphop.Apply(graphop.Spec{Name: "latent and features", Rows: rows, Cols: n, Differentiable: []bool{true, false, true},
		Kernel: func(dst []float64, in [][]float64) error {
			copy(dst, in[0])
			f.Apply(dst[latent*n:], in[1], in[2], width, n)
			return nil
		},
		Gradient: func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
			byCode, err := graphop.Rows(grad, 0, latent)
			if err != nil {
				return nil, err
			}
			byRec, err := graphop.Apply(graphop.Spec{Name: "features gradient", Rows: width, Cols: n,
				Kernel: func(dst []float64, in [][]float64) error {
					clear(dst)
					f.Gradient(dst, in[0][latent*n:], in[1], in[2], width, n)
					return nil
				}}, grad, in[1], in[2])
			return gorgonia.Nodes{byCode, nil, byRec}, err
		}}, code, target, reconstruction)
}

// ReconstructionLoss returns a scalar: the mean over the samples of ‖t−t'‖², which is
// summed over the targets (equation 7 of the paper).
func ReconstructionLoss(target, reconstruction *gorgonia.Node) (*gorgonia.Node, error) {
	width, n, err := sameDims(target, reconstruction)
	if err != nil {
		return nil, err
	}
	return graphop.Apply(graphop.Spec{Name: "reconstruction loss", Differentiable: []bool{false, true},
		Kernel: func(dst []float64, in [][]float64) error {
			dst[0] = kernel.SquaredDistance(in[0], in[1]) / float64(n)
			return nil
		},
		Gradient: func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
			g, err := graphop.Apply(graphop.Spec{Name: "reconstruction loss gradient", Rows: width, Cols: n,
				Kernel: func(dst []float64, in [][]float64) error {
					kernel.ScaledDiff(dst, in[1], in[0], 2*in[2][0]/float64(n))
					return nil
				}}, in[0], in[1], grad)
			return gorgonia.Nodes{nil, g}, err
		}}, target, reconstruction)
}

func sameDims(a, b *gorgonia.Node) (width, n int, err error) {
	width, n, err = graphop.Dims(a)
	if err != nil {
		return 0, 0, err
	}
	if w, m, err := graphop.Dims(b); err != nil || w != width || m != n {
		return 0, 0, fmt.Errorf("aegraph: target %d×%d, reconstruction %d×%d: %w", width, n, w, m, graphop.ErrShape)
	}
	return width, n, nil
}
