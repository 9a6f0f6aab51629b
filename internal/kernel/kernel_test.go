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

func TestTanhAndExpAgreeWithMath(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	xs := []float64{0, math.Copysign(0, -1), 1e-300, 1e-20, 1e-8, .3, .55, 1, 5, 19.9, 20, 40, 708, 709, -708, 1e300, math.Inf(1), math.Inf(-1)}
	for range 100000 {
		xs = append(xs, rng.NormFloat64()*math.Exp(4*rng.NormFloat64()))
	}
	got := make([]float64, len(xs))
	Tanh(got, xs)
	for i, x := range xs {
		require.LessOrEqual(t, math.Abs(got[i]-math.Tanh(x)), 1e-15*math.Abs(math.Tanh(x)), "tanh(%g)", x)
	}
	Exp(got, xs)
	for i, x := range xs {
		switch {
		case x > expMax:
			require.True(t, math.IsInf(got[i], 1))
		case x < expMin:
			require.Zero(t, got[i])
		default:
			require.InEpsilon(t, math.Exp(x), got[i], 1e-15, "exp(%g)", x)
		}
	}
	Tanh(got[:1], []float64{math.NaN()})
	require.True(t, math.IsNaN(got[0]))
	Exp(got[:1], []float64{math.NaN()})
	require.True(t, math.IsNaN(got[0]))
}

// The sizes include ones that go through BLAS and odd remainders.
var sizes = []struct{ in, out, n int }{{1, 1, 1}, {4, 12, 7}, {5, 3, 64}, {3, 10, 33}, {118, 60, 19}, {16, 40, 5}, {9, 6, 130}}

func TestAffineAgainstDenseProduct(t *testing.T) {
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
}

func TestRowAndBlockGiveTheSameBits(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, s := range sizes {
		theta, x := normals(rng, ThetaLen(s.in, s.out)), normals(rng, s.in*s.n)
		y := make([]float64, s.out*s.n)
		Affine(y, x, theta, s.in, s.out, s.n)
		Tanh(y, y)
		row, out := make([]float64, s.in), make([]float64, s.out)
		for r := range s.n {
			for i := range row {
				row[i] = x[i*s.n+r]
			}
			AffineRow(out, row, theta)
			Tanh(out, out)
			for j, v := range out {
				require.Equal(t, y[j*s.n+r], v, "%+v row %d unit %d", s, r, j)
			}
		}
	}
}

func TestGradientsAgainstCentralDifferences(t *testing.T) {
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
}

func TestSoftmaxSurvivesLargeLogits(t *testing.T) {
	x := []float64{1000, -1000, 3, 0, 5, 3}
	Softmax(x, 2, 3) // three samples: (1000, 0), (-1000, 5), (3, 3)
	require.Equal(t, []float64{1, 0, .5, 0, 1, .5}, x)
}
