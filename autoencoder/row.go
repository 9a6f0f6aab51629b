package autoencoder

import "github.com/metric-streams/anomaly/internal/kernel"

// Row is Forward of one sample, a layer at a time. Each layer waits for the one before;
// a caller with several networks advances them in turn, and the processor fills the
// waits of one with the arithmetic of the others. It belongs to one goroutine.
type Row struct {
	net       *Network
	even, odd []float64
	x         []float64 // input of the next layer
}

// NewRow makes the buffers for one sample at a time.
func (n *Network) NewRow() *Row {
	w := kernel.RowLen(n.widest())
	return &Row{net: n, even: make([]float64, w), odd: make([]float64, w)}
}

// Start takes the input of a sample.
func (r *Row) Start(input []float64) { r.x = input }

// Step computes layer k, counted from 0 through encoder and decoder; the last of either
// writes code or reconstruction. After the last it returns false and does nothing.
func (r *Row) Step(k int, code, reconstruction []float64) bool {
	layers, dst := r.net.Encoder, code
	if k >= len(layers) {
		k -= len(layers)
		layers, dst = r.net.Decoder, reconstruction
	}
	if k >= len(layers) {
		return false
	}
	l := &layers[k]
	y, room := dst, k < len(layers)-1
	if room {
		y = r.even[:l.Out]
		r.even, r.odd = r.odd, r.even
	}
	kernel.AffineRow(y[:l.Out], r.x[:l.In], l.Theta, !l.Linear, room)
	r.x = y
	return true
}
