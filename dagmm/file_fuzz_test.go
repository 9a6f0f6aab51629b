package dagmm_test

import (
	"bytes"
	"context"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/train"
)

// FuzzLoad alters model files behind their checksum: whatever loads must score and
// explain without a panic and write itself back.
func FuzzLoad(f *testing.F) {
	for _, preset := range []train.Config{train.Metrics(), train.Series(), train.Paper("thyroid")} {
		preset.Network.Hidden, preset.Members, preset.Optimizer.MinSteps, preset.Optimizer.Epochs = []int{2}, 1, 1, 1
		x := host(30, 1, true).Slice(0, 30, 0, 2)
		m, _, err := train.Fit(context.Background(), x, preset)
		if err != nil {
			f.Fatal(err)
		}
		var b bytes.Buffer
		if err := m.Save(&b); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte(`{"format":"dagmm-model","version":1,"checksum":""}`))
	f.Add([]byte(`{"format":"dagmm-model","version":1,"columns":["a"],"scaler":{"columns":[{"transform":"linear","unit":1,"scale":1}]},"members":[{}],"checksum":""}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := dagmm.Load(bytes.NewReader(seal(text)))
		if err != nil {
			return
		}
		row := make([]float64, len(m.Columns()))
		for j := range row {
			row[j] = float64(j) - .5
		}
		s := m.Stream()
		for range 3 {
			v, err := s.Next(row)
			if err != nil || math.IsNaN(v.Energy) || math.IsInf(v.Energy, 0) {
				t.Fatalf("%+v, %v", v, err)
			}
		}
		if e, err := s.Explain(); err != nil || e.String() == "" {
			t.Fatal(err)
		}
		if _, err := m.Series(nil, mat.NewDense(1, len(row), row)); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := m.Save(&b); err != nil {
			t.Fatal(err)
		}
		if _, err := dagmm.Load(&b); err != nil {
			t.Fatal(err)
		}
	})
}
