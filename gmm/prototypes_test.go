package gmm_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/gmm"
)

func randomPrototypes(t testing.TB, dim, count int) (*gmm.Prototypes, []float64) {
	rng := rand.New(rand.NewPCG(uint64(dim), uint64(count)))
	points := make([]float64, dim*count)
	for i := range points {
		points[i] = 3 * rng.NormFloat64()
	}
	p, err := gmm.NewPrototypes(dim, points, .7)
	require.NoError(t, err)
	return p, points
}

func TestPrototypesGiveTheNearestSquaredDistance(t *testing.T) {
	for _, shape := range [][2]int{{1, 1}, {3, 63}, {13, 64}, {42, 65}, {118, 512}} {
		dim, count := shape[0], shape[1]
		p, points := randomPrototypes(t, dim, count)
		require.Equal(t, count, p.Len())
		require.Equal(t, points[(count-1)*dim:], p.Point(count-1))
		rng := rand.New(rand.NewPCG(1, 2))
		const n = 37
		z := make([]float64, dim*n)
		for i := range z {
			z[i] = 3 * rng.NormFloat64()
		}
		energies := p.EnergyBlock(nil, z, n, make([]float64, p.ScratchLen(n)))
		row := make([]float64, dim)
		for r := range n {
			least := math.Inf(1)
			for k := range count {
				var d float64
				for i := range dim {
					row[i] = z[i*n+r]
					d += (row[i] - points[k*dim+i]) * (row[i] - points[k*dim+i])
				}
				least = min(least, d)
			}
			require.InEpsilon(t, .7*least, energies[r], 1e-9)
			require.Equal(t, energies[r], p.EnergyBlock(nil, row, 1, make([]float64, p.ScratchLen(1)))[0])
		}
		// A point itself costs nothing.
		require.InDelta(t, 0, p.EnergyBlock(nil, points[:dim], 1, make([]float64, p.ScratchLen(1)))[0], 1e-9)
	}
}

func TestPrototypesSurviveJSON(t *testing.T) {
	p, _ := randomPrototypes(t, 5, 70)
	text, err := json.Marshal(p)
	require.NoError(t, err)
	var q gmm.Prototypes
	require.NoError(t, json.Unmarshal(text, &q))
	require.Equal(t, *p, q)
}

func TestPrototypesRefuseNonsense(t *testing.T) {
	for _, c := range []struct {
		dim    int
		points []float64
		weight float64
		err    error
	}{
		{0, []float64{1}, 1, gmm.ErrShape}, {2, []float64{1, 2, 3}, 1, gmm.ErrShape}, {2, nil, 1, gmm.ErrShape},
		{1, []float64{1}, 0, gmm.ErrValue}, {1, []float64{1}, math.NaN(), gmm.ErrValue},
		{1, []float64{math.Inf(1)}, 1, gmm.ErrValue}, {1, []float64{1e200}, 1, gmm.ErrValue},
	} {
		_, err := gmm.NewPrototypes(c.dim, c.points, c.weight)
		require.ErrorIs(t, err, c.err)
	}
	var p gmm.Prototypes
	for _, text := range []string{`{}`, `{"weight":1,"points":[[1,2],[3]]}`, `{"weight":-1,"points":[[1]]}`, `{"weight":1,"points":[[]]}`, `7`} {
		require.Error(t, json.Unmarshal([]byte(text), &p), text)
	}
}

func BenchmarkPrototypes(b *testing.B) {
	p, _ := randomPrototypes(b, 118, 512)
	z, scratch, dst := make([]float64, 118), make([]float64, p.ScratchLen(1)), make([]float64, 1)
	b.ReportAllocs()
	for b.Loop() {
		p.EnergyBlock(dst, z, 1, scratch)
	}
}
