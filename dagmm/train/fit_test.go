package train

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
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

func TestSeedsJob(t *testing.T) {
	found := 0
	const runs = 4
	for seed := range uint64(runs) {
		x := hostRows(1000, 100+seed)
		m, rep, err := Fit(context.Background(), x, Config{Seed: seed})
		require.NoError(t, err)
		fmt.Println(rep)
		e, err := m.Energies(nil, x)
		require.NoError(t, err)
		above := 0
		for _, v := range e {
			if v > m.Threshold() {
				above++
			}
		}
		require.Equal(t, 10, above)
		if e[300] > m.Threshold() && e[700] > m.Threshold() {
			found++
		}
		ex, err := m.ExplainSeries(x, 700)
		require.NoError(t, err)
		fmt.Println(ex, ex.Contributions)
		ex, err = m.ExplainSeries(x, 300)
		require.NoError(t, err)
		fmt.Println(ex, ex.Contributions)
	}
	require.Equal(t, runs, found)
}
