package gmm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// definite returns a positive definite matrix of order d, row by row.
func definite(d int, seed uint64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 3))
	x := mat.NewDense(d, d, nil)
	x.Apply(func(int, int, float64) float64 { return rng.NormFloat64() }, x)
	var a mat.Dense
	a.Mul(x, x.T())
	for i := range d {
		a.Set(i, i, a.At(i, i)+.1)
	}
	return a.RawMatrix().Data
}

// The orders lie on both sides of smallOrder.
func TestInvertCholesky(t *testing.T) {
	for d := 1; d <= 2*smallOrder; d++ {
		a := definite(d, uint64(d))
		inverse := append([]float64(nil), a...)
		logDet, ok := invertCholesky(inverse, d)
		require.True(t, ok)
		want, _ := mat.LogDet(mat.NewDense(d, d, a))
		require.InDelta(t, want, logDet, 1e-9*math.Max(1, math.Abs(want)))
		l := mat.NewDense(d, d, nil)
		for i := range d {
			for j := range i + 1 {
				l.Set(i, j, inverse[i*d+j])
			}
		}
		var unit mat.Dense // L⁻¹·a·L⁻ᵀ
		unit.Product(l, mat.NewDense(d, d, a), l.T())
		for i := range d {
			unit.Set(i, i, unit.At(i, i)-1)
		}
		require.Less(t, mat.Norm(&unit, math.Inf(1)), 1e-8, "order %d", d)
	}
}

func TestInvertCholeskyOfMatricesWithoutFactor(t *testing.T) {
	for _, d := range []int{2, smallOrder + 1} {
		for _, bad := range []float64{0, -1, math.NaN(), math.Inf(1)} {
			a := make([]float64, d*d)
			for i := range d {
				a[i*d+i] = 1
			}
			a[d*d-1] = bad
			_, ok := invertCholesky(a, d)
			require.False(t, ok, "order %d, last diagonal element %g", d, bad)
		}
	}
}

func BenchmarkInvertCholesky(b *testing.B) {
	for _, d := range []int{2, 5, 13, 16, 17, 32} {
		b.Run(fmt.Sprint(d), func(b *testing.B) {
			a, work := definite(d, 1), make([]float64, d*d)
			for b.Loop() {
				copy(work, a)
				invertCholesky(work, d)
			}
		})
	}
}
