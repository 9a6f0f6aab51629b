package autoencoder

import "github.com/metric-streams/anomaly/internal/kernel"

// Pass is the forward pass of one network on one sample, in memory that stays in place.
type Pass struct {
	Network        *Network
	Input          []float64 // InDim values to read
	Code           []float64 // LatentDim values to write
	Reconstruction []float64 // OutDim values to write
	// Residuals, if not nil, are written to Reconstruction instead of it.
	Residuals *Residuals
}

// Residuals are the differences of targets and reconstructions, made ready for a mixture:
// clip·asinh((target − reconstruction)·scale/clip), or without the asinh where Clip is 0.
type Residuals struct {
	Target, Scale []float64 // OutDim values each
	Clip          float64
}

// Runner computes one sample's forward pass through several networks. It gives the same
// bits as Network.Forward and allocates nothing after NewRunner. A Runner belongs to one
// goroutine.
type Runner struct{ layers []kernel.RowLayer }

// NewRunner prepares the passes. The networks' weights and the slices of the passes must
// stay where they are; their contents may change between runs. What lies behind the length of
// a Code or Reconstruction, within its capacity, may be overwritten; with a capacity of
// PassLen a pass is faster.
func NewRunner(passes []Pass) *Runner {
	chains, depth := make([][]kernel.RowLayer, len(passes)), 0
	for i, p := range passes {
		encoder := rowLayers(nil, p.Network.Encoder, p.Code, p.Input)
		chains[i] = rowLayers(encoder, p.Network.Decoder, p.Reconstruction, p.Code)
		if r := p.Residuals; r != nil {
			last := &chains[i][len(chains[i])-1]
			*last = last.Residual(r.Target, r.Scale, r.Clip)
		}
		depth = max(depth, len(chains[i]))
	}
	// The networks advance in turn, one layer each. A layer waits for the one before it, and
	// the processor fills the wait with the layers of the other networks.
	r := &Runner{}
	for k := range depth {
		for _, layers := range chains {
			if k < len(layers) {
				r.layers = append(r.layers, layers[k])
			}
		}
	}
	return r
}

// Weights points at the weights of several networks, in the order in which a Runner needs them.
type Weights []*float64

// NewWeights returns those of the networks of a Runner's passes. They must stay where they are.
func NewWeights(networks []*Network) Weights {
	chains, depth, size := make([][]Layer, len(networks)), 0, 0
	for i, n := range networks {
		chains[i] = n.layers()
		depth, size = max(depth, len(chains[i])), size+len(chains[i])
	}
	w := make(Weights, 0, size)
	for k := range depth {
		for _, layers := range chains {
			if k < len(layers) {
				w = append(w, &layers[k].Theta[0])
			}
		}
	}
	return w
}

// Use lets the passes go through other networks. They must have the shapes of those that the
// Runner was made for.
func (r *Runner) Use(w Weights) { kernel.SetThetas(r.layers, w) }

// PassLen is the capacity that a slice of n values of a Pass had best have.
func PassLen(n int) int { return kernel.RowLen(n) }

// Run reads the inputs and writes the codes and reconstructions of all passes.
func (r *Runner) Run() { kernel.AffineRows(r.layers) }

// rowLayers appends the layers that lead from x to dst to out.
func rowLayers(out []kernel.RowLayer, layers []Layer, dst, x []float64) []kernel.RowLayer {
	for i := range layers {
		l := &layers[i]
		y := dst
		if i < len(layers)-1 {
			y = make([]float64, kernel.RowLen(l.Out))
		}
		out = append(out, kernel.NewRowLayer(y[:l.Out], x[:l.In], l.Theta, !l.Linear, cap(y) >= kernel.RowLen(l.Out)))
		x = y
	}
	return out
}
