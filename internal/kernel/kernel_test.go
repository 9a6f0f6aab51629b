package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

func normals(rng *rand.Rand, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = rng.NormFloat64()
	}
	return v
}

var inf, nan = math.Inf(1), math.NaN()

// oddValues returns n values of every magnitude, and the same with the opposite sign.
func oddValues(rng *rand.Rand, n int) []float64 {
	xs := []float64{0, 1e-300, 5e-324, 1e-20, 1e-8, .02, .3, .4999999, .5, .5000001, .55, 1, 5, 19.9, 20, 40, 708, 709, 1e9, 1e149, 1e151, 1e300, math.MaxFloat64}
	for len(xs) < n {
		xs = append(xs, rng.NormFloat64()*math.Exp(4*rng.NormFloat64()))
	}
	for _, x := range xs {
		xs = append(xs, -x)
	}
	return xs
}

func TestTanh(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		xs := oddValues(rand.New(rand.NewPCG(1, 2)), 50000)
		for _, units := range []int{1, 2} {
			got := append([]float64(nil), xs...)
			Tanh(got, units, len(xs)/units)
			for i, x := range xs {
				require.LessOrEqual(t, math.Abs(got[i]-math.Tanh(x)), 5e-13*math.Abs(math.Tanh(x)), "tanh(%g) is %g", x, got[i])
				require.InDelta(t, math.Tanh(x), got[i], 1e-14)
				require.Equal(t, math.Signbit(x), math.Signbit(got[i]), "tanh(%g)", x)
			}
		}
		got := []float64{nan, inf, -inf, 1}
		Tanh(got, 1, 4)
		require.True(t, math.IsNaN(got[0]))
		require.Equal(t, []float64{1, -1}, got[1:3])
		require.InDelta(t, math.Tanh(1), got[3], 1e-13)
	})
}

func TestBend(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		xs := oddValues(rand.New(rand.NewPCG(1, 3)), 50000)
		got := append([]float64(nil), xs...)
		Bend(got, 1, 1)
		for i, x := range xs {
			require.LessOrEqual(t, math.Abs(got[i]-math.Asinh(x)), 4e-14*math.Abs(math.Asinh(x)), "asinh(%g)", x)
		}
		got = []float64{inf, -inf, nan, 3}
		Bend(got, .1, 10)
		require.Equal(t, []float64{inf, -inf}, got[:2])
		require.True(t, math.IsNaN(got[2]))
		require.InDelta(t, 10*math.Asinh(.3), got[3], 1e-13)
	})
}

func TestLog1p(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		xs := oddValues(rand.New(rand.NewPCG(1, 5)), 20000)
		for _, unit := range []float64{1, 2.5} {
			got := append([]float64(nil), xs...)
			Log1p(got, unit)
			for i, x := range xs {
				want := math.Copysign(math.Log1p(math.Abs(x)/unit), x)
				require.LessOrEqual(t, math.Abs(got[i]-want), 1e-15*math.Abs(want), "%g", x)
			}
		}
		got := []float64{nan, math.Copysign(0, -1)}
		Log1p(got, 1)
		require.True(t, math.IsNaN(got[0]))
		require.True(t, got[1] == 0 && math.Signbit(got[1]))
	})
}

func TestSoftmax(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		x, lse := []float64{1000, -1000, 3, 0, 5, 3}, make([]float64, 3)
		Softmax(x, lse, 2, 3) // three samples: (1000, 0), (-1000, 5), (3, 3)
		require.Equal(t, []float64{1, 0, .5, 0, 1, .5}, x)
		require.InDeltaSlice(t, []float64{1000, 5, 3 + math.Ln2}, lse, 1e-14)
		LogSumExp(lse, []float64{-inf, nan, 2, -inf, 1, -inf}, 2, 3)
		require.Equal(t, -inf, lse[0])
		require.True(t, math.IsNaN(lse[1]))
		require.Equal(t, 2., lse[2])

		rng := rand.New(rand.NewPCG(1, 4))
		for _, k := range []int{1, 2, 4, 9} {
			const n = 501
			logits := normals(rng, k*n)
			for i := range logits {
				logits[i] *= math.Exp(3 * rng.NormFloat64())
			}
			y, lse, same := append([]float64(nil), logits...), make([]float64, n), make([]float64, n)
			Softmax(y, lse, k, n)
			LogSumExp(same, logits, k, n)
			require.Equal(t, lse, same)
			for r := range n {
				top, sum := exponentials(logits, k, n, r)
				want := top + math.Log(sum)
				require.InDelta(t, want, lse[r], 2e-14*(1+math.Abs(want)))
				for j := range k {
					p := math.Exp(logits[j*n+r]-top) / sum
					require.InDelta(t, p, y[j*n+r], 5e-14*p+1e-300)
				}
			}
		}
	})
}

// The sizes include wide layers, which go through BLAS, and odd remainders.
var sizes = []struct{ in, out, n int }{{1, 1, 1}, {4, 12, 7}, {5, 3, 64}, {3, 10, 33}, {118, 60, 19}, {16, 40, 5}, {9, 6, 130}, {7, 7, 47}}

func TestAffineAgainstDenseProduct(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(3, 4))
		for _, s := range sizes {
			theta, x := normals(rng, ThetaLen(s.in, s.out)), normals(rng, s.in*s.n)
			var want mat.Dense
			want.Mul(mat.NewDense(s.in, s.out, theta[:s.in*s.out]).T(), mat.NewDense(s.in, s.n, x))
			want.Apply(func(j, _ int, v float64) float64 { return v + theta[s.in*s.out+j] }, &want)

			y, yt := make([]float64, s.out*s.n), make([]float64, s.out*s.n)
			Affine(y, x, theta, s.in, s.out, s.n)
			AffineTrain(yt, x, theta, s.in, s.out, s.n)
			require.InDeltaSlice(t, want.RawMatrix().Data, y, 1e-12)
			require.InDeltaSlice(t, want.RawMatrix().Data, yt, 1e-12)
		}
	})
}

func TestRowAndBlockGiveTheSameBits(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(5, 6))
		for out := 1; out <= 40; out++ {
			in, n := 1+rng.IntN(9), 1+rng.IntN(140)
			theta, x := normals(rng, ThetaLen(in, out)), normals(rng, in*n)
			for _, tanh := range []bool{false, true} {
				y := make([]float64, out*n)
				Affine(y, x, theta, in, out, n)
				if tanh {
					Tanh(y, out, n)
				}
				row, got := make([]float64, in), make([]float64, out)
				for r := range n {
					for i := range row {
						row[i] = x[i*n+r]
					}
					AffineRow(got, row, theta, tanh)
					for j, v := range got {
						require.Equal(t, y[j*n+r], v, "%d→%d, %d samples, row %d unit %d", in, out, n, r, j)
					}
				}
			}
		}
	})
}

func TestGradientsAgainstCentralDifferences(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(7, 8))
		const h = 1e-6
		for _, s := range sizes {
			if s.in > 20 {
				s.n = 2
			}
			theta, x, dy := normals(rng, ThetaLen(s.in, s.out)), normals(rng, s.in*s.n), normals(rng, s.out*s.n)
			y := make([]float64, s.out*s.n)
			loss := func() float64 {
				AffineTrain(y, x, theta, s.in, s.out, s.n)
				return Dot(y, dy)
			}
			g, dx := make([]float64, len(theta)), make([]float64, len(x))
			ThetaGrad(g, x, dy, s.in, s.out, s.n)
			InputGrad(dx, theta, dy, s.in, s.out, s.n)
			check := func(p, grad []float64) {
				for k := 0; k < len(p); k += 1 + len(p)/50 {
					old := p[k]
					p[k] = old + h
					up := loss()
					p[k] = old - h
					down := loss()
					p[k] = old
					require.InDelta(t, (up-down)/(2*h), grad[k], 1e-5*(1+math.Abs(grad[k])))
				}
			}
			check(theta, g)
			check(x, dx)
		}
	})
}
