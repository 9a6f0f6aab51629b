package autoencoder

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/metric-streams/anomaly/internal/kernel"
)

var (
	// ErrShape reports dimensions that do not match.
	ErrShape = errors.New("shape mismatch")
	// ErrValue reports a weight that is not finite, or unknown ErrorFeatures.
	ErrValue = errors.New("invalid value")
)

// Layer is one dense layer: y = act(W·x + b), where act is tanh or the identity.
type Layer struct {
	In     int       `json:"in"`
	Out    int       `json:"out"`
	Linear bool      `json:"linear,omitempty"` // no tanh
	Theta  []float64 `json:"theta"`            // (In+1)×Out: the weight from input i to output j is element i*Out+j; the biases come last
}

// Network is an autoencoder. The encoder's last layer computes the latent code and the
// decoder's last layer the reconstruction. Both are linear, as in the paper.
type Network struct {
	Encoder []Layer `json:"encoder"`
	Decoder []Layer `json:"decoder"`
}

// New returns a network with random weights. The encoder has in inputs, the hidden layers
// and latent outputs; the decoder has latent inputs, the hidden layers in reverse order and
// out outputs. For a reconstruction, in equals out. Weights are drawn uniformly within
// ±√(6/(inputs+outputs)) of their layer (Glorot and Bengio, 2010); biases are 0. A size
// that is not positive is an error that wraps ErrShape.
func New(in int, hidden []int, latent, out int, rng *rand.Rand) (*Network, error) {
	sizes := append(append([]int{in}, hidden...), latent)
	back := []int{latent}
	for i := len(hidden) - 1; i >= 0; i-- {
		back = append(back, hidden[i])
	}
	back = append(back, out)
	for _, s := range append(append([]int{}, sizes...), out) {
		if s <= 0 {
			return nil, fmt.Errorf("autoencoder: layer sizes %v, %v: %w", sizes, back, ErrShape)
		}
	}
	return &Network{Encoder: draw(sizes, rng), Decoder: draw(back, rng)}, nil
}

func draw(sizes []int, rng *rand.Rand) []Layer {
	layers := make([]Layer, len(sizes)-1)
	for i := range layers {
		l := Layer{In: sizes[i], Out: sizes[i+1], Linear: i == len(layers)-1}
		l.Theta = make([]float64, kernel.ThetaLen(l.In, l.Out))
		kernel.InitGlorot(l.Theta, l.In, l.Out, rng)
		layers[i] = l
	}
	return layers
}

// Check returns an error for the first fault that it finds: layers whose sizes do not match or
// whose parameters are missing (ErrShape), or a parameter that is not finite (ErrValue).
func (n *Network) Check() error {
	if len(n.Encoder) == 0 || len(n.Decoder) == 0 {
		return fmt.Errorf("autoencoder: %d encoder and %d decoder layers: %w", len(n.Encoder), len(n.Decoder), ErrShape)
	}
	width := n.Encoder[0].In
	for i, l := range n.layers() {
		if l.In != width || l.In <= 0 || l.Out <= 0 {
			return fmt.Errorf("autoencoder: layer %d is %d×%d after a width of %d: %w", i, l.In, l.Out, width, ErrShape)
		}
		// A division cannot overflow, and sizes from a file may be absurdly large.
		if len(l.Theta)%l.Out != 0 || len(l.Theta)/l.Out != l.In+1 {
			return fmt.Errorf("autoencoder: layer %d is %d×%d with %d parameters: %w", i, l.In, l.Out, len(l.Theta), ErrShape)
		}
		for k, v := range l.Theta {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("autoencoder: layer %d, parameter %d is %g: %w", i, k, v, ErrValue)
			}
		}
		width = l.Out
	}
	return nil
}

func (n *Network) layers() []Layer { return append(append([]Layer{}, n.Encoder...), n.Decoder...) }

// InDim is the width of the input.
func (n *Network) InDim() int { return n.Encoder[0].In }

// LatentDim is the width of the latent code.
func (n *Network) LatentDim() int { return n.Encoder[len(n.Encoder)-1].Out }

// OutDim is the width of the reconstruction.
func (n *Network) OutDim() int { return n.Decoder[len(n.Decoder)-1].Out }

// Clone returns a deep copy.
func (n *Network) Clone() *Network {
	return &Network{Encoder: cloneLayers(n.Encoder), Decoder: cloneLayers(n.Decoder)}
}

func cloneLayers(layers []Layer) []Layer {
	out := append([]Layer(nil), layers...)
	for i := range out {
		out[i].Theta = append([]float64(nil), out[i].Theta...)
	}
	return out
}

// widest is the largest width of a layer's output.
func (n *Network) widest() int {
	w := 0
	for _, layers := range [][]Layer{n.Encoder, n.Decoder} {
		for _, l := range layers {
			w = max(w, l.Out)
		}
	}
	return w
}

// ScratchLen is the length of the scratch slice that Forward needs for a block of rows samples.
func (n *Network) ScratchLen(rows int) int { return 2 * n.widest() * rows }

// Forward computes the latent codes (LatentDim×rows) and the reconstructions (OutDim×rows)
// of a block of rows samples (InDim×rows). scratch has ScratchLen(rows) elements of any
// content. A sample gives the same bits alone as in a block.
func (n *Network) Forward(code, reconstruction, input []float64, rows int, scratch []float64) {
	half := len(scratch) / 2
	run(n.Encoder, code, input, rows, scratch[:half], scratch[half:])
	run(n.Decoder, reconstruction, code, rows, scratch[:half], scratch[half:])
}

// run passes x through the layers. The last one writes to dst, the others to even and odd
// in turn.
func run(layers []Layer, dst, x []float64, rows int, even, odd []float64) {
	for i := range layers {
		l := &layers[i]
		y := dst
		if i < len(layers)-1 {
			y = even[:l.Out*rows]
			even, odd = odd, even
		}
		if rows == 1 {
			kernel.AffineRow(y[:l.Out], x[:l.In], l.Theta, !l.Linear)
		} else {
			kernel.Affine(y, x, l.Theta, l.In, l.Out, rows)
			if !l.Linear {
				kernel.Tanh(y, l.Out, rows)
			}
		}
		x = y
	}
}
