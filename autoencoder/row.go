package autoencoder

import "github.com/metric-streams/anomaly/internal/kernel"

// RowLayers prepares Forward of one sample, a layer an element, for fixed memory: it
// reads input and writes code and reconstruction whenever the layers run, with the bits
// of Forward. A caller with several networks may run their layers in turn.
func (n *Network) RowLayers(code, reconstruction, input []float64) []kernel.RowLayer {
	return rowLayers(rowLayers(nil, n.Encoder, code, input), n.Decoder, reconstruction, code)
}

func rowLayers(out []kernel.RowLayer, layers []Layer, dst, x []float64) []kernel.RowLayer {
	for i := range layers {
		l := &layers[i]
		y, room := dst, i < len(layers)-1
		if room {
			y = make([]float64, kernel.RowLen(l.Out))[:l.Out]
		}
		out = append(out, kernel.NewRowLayer(y[:l.Out], x[:l.In], l.Theta, !l.Linear, room))
		x = y
	}
	return out
}
