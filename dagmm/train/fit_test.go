package train

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// hostRows is a host whose four metrics follow its load, with two outliers: row 300 out
// of range, row 700 with cpu and network against their correlation.
func hostRows(n int, seed uint64) *mat.Dense {
	r := rand.New(rand.NewPCG(seed, 99))
	x := mat.NewDense(n, 4, nil)
	for i := range n {
		load := .5 + .3*math.Sin(float64(i)/60) + .1*r.NormFloat64()
		x.SetRow(i, []float64{
			10 + 50*load + 2*r.NormFloat64(),
			40 + 10*load + r.NormFloat64(),
			5 + 20*load + 2*r.NormFloat64(),
			math.Exp(13 + 2*load + .1*r.NormFloat64()),
		})
	}
	if n > 700 {
		x.SetRow(300, []float64{98, 85, 90, math.Exp(17)})
		x.SetRow(700, []float64{15, 47, 25, math.Exp(15)})
	}
	return x
}
