package onnx

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
)

// lookup is a file that only turns energies into p-values.
func lookup(m *dagmm.Model) []byte {
	g := newGraph(Options{})
	s := scorer{g, m, m.Parameters()}
	energy := g.input("energy", typeDouble, "", rows)
	p := s.pValue(energy)
	g.output(p, "p_value", typeDouble, "", rows)
	g.output(s.tailPValue(energy, p), "tail_p_value", typeDouble, "", rows)
	return encodeModel(g, "", nil)
}

// decisive are energies at, beside and between those of the calibration, and far from them.
func decisive(m *dagmm.Model) []float64 {
	out := []float64{-math.MaxFloat64, 0, 1e300, math.MaxFloat64}
	known := m.Calibration().Energies
	for i, e := range known {
		out = append(out, e, math.Nextafter(e, math.Inf(-1)), math.Nextafter(e, math.Inf(1)))
		if i > 0 {
			out = append(out, (e+known[i-1])/2)
		}
	}
	highest := known[len(known)-1]
	for by := 1e-3; by < 1e9; by *= 3 {
		out = append(out, highest+by)
	}
	return out
}

// calibrated is a model with a calibration of other energies.
func calibrated(t testing.TB, energies []float64) *dagmm.Model {
	p := allKinds(t)["metrics"].Parameters()
	p.Calibration = dagmm.NewCalibration(energies)
	m, err := dagmm.New(p)
	require.NoError(t, err)
	return m
}

func checkPValues(t testing.TB, load func(name string, text []byte) engine) {
	models := map[string]*dagmm.Model{
		"one energy": calibrated(t, []float64{3}),
		"two":        calibrated(t, []float64{-1, 3}),
		"ties":       calibrated(t, []float64{1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 7, 7}),
		"overflow":   calibrated(t, []float64{1, 2, math.MaxFloat64}),
	}
	light := make([]float64, 20000) // with an end
	for i := range light {
		light[i] = math.Sqrt(float64(i))
	}
	models["light tail"] = calibrated(t, light)
	for name, k := range allKinds(t) {
		models[name] = k.Model
	}
	found := map[dagmm.TailKind]bool{}
	negative := false
	for name, m := range models {
		energies := decisive(m)
		out := load(name, lookup(m))(map[string]array{"energy": floats(typeDouble, energies, len(energies))})
		tail := m.Tail()
		found[tail.Kind], negative = true, negative || tail.Shape < 0
		for i, e := range energies {
			require.Equal(t, m.PValue(e), out["p_value"].data[i], "%s: p-value of %g", name, e)
			want := tail.PValue(e)
			require.InDelta(t, want, out["tail_p_value"].data[i], 1e-12*want, "%s: p-value of %g in the tail", name, e)
		}
	}
	require.True(t, found[dagmm.TailConformal] && found[dagmm.TailExponential] && found[dagmm.TailPareto] && negative, "%v", found)
}

func interpret(_ string, text []byte) engine { return decode(text).run }

func TestPValuesAreTheModels(t *testing.T) { checkPValues(t, interpret) }
