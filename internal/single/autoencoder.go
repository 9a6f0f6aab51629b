package single

import (
	"slices"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/internal/kernel"
)

const blockRows = kernel.BlockRows

// Autoencoder computes the reconstruction loss and the error features of batches of one size, and
// the gradients by the weights of a network. It belongs to one goroutine. Passes allocate nothing.
type Autoencoder struct {
	rows, blocks  int
	width, latent int // of the targets and of the code
	features      autoencoder.ErrorFeatures
	layers        []layer // of the encoder, then of the decoder
	coder         int     // the layer that gives the code
	index         [][blockRows]int
	input, target block     // of the batch; the same memory where the features are the same
	sums          []float32 // 4 features: see kernel.CompareSingle
	factors       []float32 // 3 features of one block: see kernel.ReconstructionGradSingle
	residual      []float32 // one block: the gradient by the residual
	byCode        []float32 // the gradient by the code as part of z: latent features of each block
	gradients     [2]block  // by the affine outputs of two layers in turn
	covariance    *covariance
}

// block is the memory of some features of all blocks.
type block struct {
	step   int // from one block to the next
	values []float32
}

func newBlock(features, room, blocks int) block {
	return block{kernel.BlockLen(features), kernel.AlignedSingle(blocks*kernel.BlockLen(features) + room*blockRows)}
}

// at returns the memory from block b on.
func (m block) at(b int) []float32 { return m.values[b*m.step:] }

// layer is a dense layer with its outputs for the batch.
type layer struct {
	in, out int
	linear  bool
	master  []float64 // the weights that the optimiser moves
	theta   []float32 // their copy
	byTheta []float32
	grad    []float64 // byTheta
	y       block
}

// New prepares passes through the network for batches of the given number of rows. The network's
// weights must stay where they are. alike says that inputs and targets are the same features.
func New(net *autoencoder.Network, features autoencoder.ErrorFeatures, rows int, alike bool) *Autoencoder {
	blocks := (rows + blockRows - 1) / blockRows
	a := &Autoencoder{rows: rows, blocks: blocks, width: net.OutDim(), latent: net.LatentDim(), features: features, coder: len(net.Encoder) - 1,
		index: make([][blockRows]int, blocks), sums: kernel.AlignedSingle(4 * blockRows * blocks), factors: kernel.AlignedSingle(3 * blockRows)}
	widest := 0
	for _, l := range slices.Concat(net.Encoder, net.Decoder) {
		a.layers = append(a.layers, layer{in: l.In, out: l.Out, linear: l.Linear, master: l.Theta, theta: kernel.AlignedSingle(len(l.Theta)),
			byTheta: kernel.AlignedSingle(len(l.Theta)), grad: make([]float64, len(l.Theta)), y: newBlock(l.Out, 0, blocks)})
		widest = max(widest, l.Out)
	}
	for i := range a.gradients {
		a.gradients[i].values = kernel.AlignedSingle(blocks * kernel.BlockLen(widest))
	}
	a.residual = kernel.AlignedSingle(a.width * blockRows)
	a.byCode = kernel.AlignedSingle(a.latent * blockRows * blocks)
	// Samples have up to 7 features more than are asked for.
	a.input = newBlock(net.InDim(), 7, blocks)
	a.target = a.input
	if !alike {
		a.target = newBlock(a.width, 7, blocks)
	}
	return a
}

// Gradients returns the gradients by the weights of the layers, which Backward overwrites.
func (a *Autoencoder) Gradients() [][]float64 {
	out := make([][]float64, len(a.layers))
	for i := range out {
		out[i] = a.layers[i].grad
	}
	return out
}

// Load makes the samples in rows the batch. targets matter where they are other features than
// the inputs.
func (a *Autoencoder) Load(inputs, targets *Samples, rows []int) {
	rows = rows[:a.rows]
	for b := range a.index {
		for k := range a.index[b] {
			// The last sample fills the last block up.
			a.index[b][k] = rows[min(b*blockRows+k, a.rows-1)]
		}
	}
	inputs.gather(a.input.values, a.input.step, a.index)
	if &a.target.values[0] != &a.input.values[0] {
		targets.gather(a.target.values, a.target.step, a.index)
	}
}

// Forward returns the mean over the samples of ‖t−t'‖² and writes the code and the error features
// to z ((latent + features)×rows), unless that is nil.
func (a *Autoencoder) Forward(z []float64) float64 {
	for i := range a.layers {
		l := &a.layers[i]
		narrow(l.theta, l.master)
	}
	for b := range a.blocks {
		x := a.input.at(b)
		for i := range a.layers {
			l := &a.layers[i]
			y := l.y.at(b)[:l.out*blockRows]
			kernel.AffineSingle(y, x, l.theta, l.in, l.out)
			if !l.linear {
				kernel.TanhSingle(y)
			}
			x = y
		}
		kernel.CompareSingle(a.sumsOf(b), a.target.at(b), x, a.width)
	}
	if z != nil {
		a.writeLatent(z)
	}
	return a.loss()
}

func (a *Autoencoder) loss() float64 {
	var sum float64
	for r := range a.rows {
		sum += a.compared(r).dd
	}
	return sum / float64(a.rows)
}

// reconstruction returns that of block b.
func (a *Autoencoder) reconstruction(b int) []float32 {
	return a.layers[len(a.layers)-1].y.at(b)[:a.width*blockRows]
}

// writeLatent writes the code and the error features.
func (a *Autoencoder) writeLatent(z []float64) {
	a.widen(z[:a.latent*a.rows], func(b int) []float32 { return a.layers[a.coder].y.at(b) }, a.latent)
	z = z[a.latent*a.rows:]
	if a.features == autoencoder.RelativeCosine {
		a.writeRelativeCosine(z)
		return
	}
	a.widen(z, func(b int) []float32 { return a.target.at(b) }, a.width)
	for b := range a.blocks {
		y, n := a.reconstruction(b), a.rowsOf(b)
		for f := range a.width {
			for r, v := range y[f*blockRows:][:n] {
				z[f*a.rows+b*blockRows+r] -= float64(v)
			}
		}
	}
}

// rowsOf is the number of samples in block b.
func (a *Autoencoder) rowsOf(b int) int { return min(blockRows, a.rows-b*blockRows) }

// widen copies features of all blocks to dst (features×rows).
func (a *Autoencoder) widen(dst []float64, of func(b int) []float32, features int) {
	for b := range a.blocks {
		x, n := of(b), a.rowsOf(b)
		for f := range features {
			out := dst[f*a.rows+b*blockRows:][:n]
			for r, v := range x[f*blockRows:][:n] {
				out[r] = float64(v)
			}
		}
	}
}

// Backward computes the gradients by the weights of the loss plus a function of z, whose gradient
// with respect to z is dz; nil where there is none. It is for the batch of the last Forward.
func (a *Autoencoder) Backward(dz []float64) {
	dy := a.gradient(0, a.width)
	for b := range a.blocks {
		a.reconstructionGrad(dy.at(b)[:a.width*blockRows], dz, b)
		if dz != nil {
			a.narrow(a.byCodeOf(b), dz, a.latent, b)
		}
	}
	a.propagate(dy, dz != nil)
}

// propagate takes the gradient dy by the reconstructions back through the layers. joint says that
// there is one by the code beside it.
func (a *Autoencoder) propagate(dy block, joint bool) {
	a.clearPadding(dy, a.width)
	for i := len(a.layers) - 1; i >= 0; i-- {
		l, x := &a.layers[i], a.input
		if i > 0 {
			x = a.layers[i-1].y
		}
		kernel.ThetaGradSingle(l.byTheta, x.values, dy.values, l.in, l.out, a.blocks)
		widen(l.grad, l.byTheta)
		if i > 0 {
			dy = a.inputGrad(i, dy)
		}
		if joint && i-1 == a.coder {
			a.addByCode(dy)
		}
	}
}

// gradient returns the memory for the gradient of a layer of the given width: one of two in turn.
func (a *Autoencoder) gradient(turn, width int) block {
	return block{kernel.BlockLen(width), a.gradients[turn%2].values}
}

// inputGrad returns the gradient by the affine output of the layer before layer i.
func (a *Autoencoder) inputGrad(i int, dy block) block {
	l, before := &a.layers[i], &a.layers[i-1]
	dx := a.gradient(len(a.layers)-i, l.in)
	for b := range a.blocks {
		to := dx.at(b)[:l.in*blockRows]
		if before.linear {
			kernel.InputGradSingle(to, l.theta, dy.at(b), l.in, l.out)
		} else {
			kernel.InputGradTanhSingle(to, l.theta, dy.at(b), before.y.at(b), l.in, l.out)
		}
	}
	return dx
}

// byCodeOf returns the gradient by the code of block b.
func (a *Autoencoder) byCodeOf(b int) []float32 {
	return a.byCode[b*a.latent*blockRows:][:a.latent*blockRows]
}

// addByCode adds the gradient by the code as part of z to that through the decoder.
func (a *Autoencoder) addByCode(dy block) {
	for b := range a.blocks {
		out := dy.at(b)
		for i, v := range a.byCodeOf(b) {
			out[i] += v
		}
	}
	a.clearPadding(dy, a.latent)
}

// clearPadding makes the samples that fill up the last block count for nothing.
func (a *Autoencoder) clearPadding(dy block, features int) {
	b := a.blocks - 1
	for f := range features {
		clear(dy.at(b)[f*blockRows:][a.rowsOf(b):blockRows])
	}
}

// reconstructionGrad writes the gradient by the reconstructions of block b to dst.
func (a *Autoencoder) reconstructionGrad(dst []float32, dz []float64, b int) {
	t, y := a.target.at(b), a.reconstruction(b)
	scale := 2 / float64(a.rows)
	if dz == nil || a.features == autoencoder.RelativeCosine {
		a.fillFactors(dz, b, scale)
		kernel.ReconstructionGradSingle(dst, a.factors, t, y, a.width)
		return
	}
	a.narrow(a.residual, dz[a.latent*a.rows:], a.width, b)
	kernel.ResidualGradSingle(dst, a.residual, t, y, float32(scale))
}

// narrow copies block b of features (features×rows) to dst.
func (a *Autoencoder) narrow(dst []float32, src []float64, features, b int) {
	for f := range features {
		narrow(dst[f*blockRows:][:a.rowsOf(b)], src[f*a.rows+b*blockRows:])
	}
}

func narrow(dst []float32, src []float64) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] = float32(v)
	}
}

func widen(dst []float64, src []float32) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] = float64(v)
	}
}
