package onnx

import (
	"encoding/binary"
	"math"
	"testing"
)

// FuzzGraph scores any numbers, sample by sample, by the model and by its graph.
func FuzzGraph(f *testing.F) {
	names := []string{"autoencoder", "metrics", "paper", "predict", "series"}
	kinds := make([]kind, len(names))
	runs := make([][2]engine, len(names))
	options := [2]Options{{}, {Float32: true}}
	for i, name := range names {
		kinds[i] = stored(f, name)
		for p, opt := range options {
			runs[i][p] = decode(write(f, kinds[i].Model, opt)).run
		}
		for _, row := range [][]float64{kinds[i].x.RawRowView(0), hostile(options[0])[:5], hostile(options[0])[5:10], {math.NaN(), math.Inf(1), 1, 2, 3}} {
			var b []byte
			for range 3 {
				for _, v := range row {
					b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
				}
			}
			f.Add(uint8(i), b)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, text []byte) {
		i, p := int(which)%len(names), int(which)/len(names)%2
		w := newTwin(t, kinds[i], options[p], runs[i][p], 1)
		d := len(kinds[i].Columns())
		for n := 0; n < 20 && len(text) >= 8*d; n++ {
			row := make([]float64, d)
			for j := range row {
				row[j] = options[p].round(math.Float64frombits(binary.LittleEndian.Uint64(text[8*j:])))
			}
			w.step([][]float64{row})
			text = text[8*d:]
		}
	})
}
