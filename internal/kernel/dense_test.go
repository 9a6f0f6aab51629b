package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

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

func TestInputGradTanhGivesTheBitsOfItsParts(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(7, 11))
		for n := 1; n <= 80; n++ {
			in, out := 1+rng.IntN(40), 1+rng.IntN(20)
			theta, dy, tanh := normals(rng, ThetaLen(in, out)), normals(rng, out*n), normals(rng, in*n)
			want, got := make([]float64, in*n), make([]float64, in*n)
			InputGrad(want, theta, dy, in, out, n)
			TanhGrad(want, want, tanh)
			InputGradTanh(got, theta, dy, tanh, in, out, n)
			require.Equal(t, want, got, "%d→%d, %d samples", in, out, n)
		}
	})
}

// residuals is what a layer with Residual stands for, one kernel after the other.
func residuals(y, target, scale []float64, clip float64) {
	ScaledDiff(y, target, y, 1)
	Mul(y, y, scale)
	if clip != 0 {
		Bend(y, 1/clip, clip)
	}
}

func TestResidualLayerGivesTheBitsOfItsParts(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(9, 10))
		for out := 1; out <= 40; out++ {
			in := 1 + rng.IntN(9)
			theta, x, target, scale := normals(rng, ThetaLen(in, out)), normals(rng, in), normals(rng, out), normals(rng, out)
			target[rng.IntN(out)] *= 1e9 // far out, where asinh takes another way
			for _, clip := range []float64{0, .3, 3} {
				want := make([]float64, out)
				AffineRow(want, x, theta, false)
				residuals(want, target, scale, clip)
				for _, room := range []bool{false, true} {
					y := make([]float64, RowLen(out)+1)
					y[RowLen(out)] = 7
					l := NewRowLayer(y[:out], x, theta, false, room).Residual(target, scale, clip)
					AffineRows([]RowLayer{l, l})
					require.Equal(t, want, y[:out], "%d→%d, clip %g", in, out, clip)
					require.Equal(t, 7., y[RowLen(out)])
				}
			}
		}
	})
}

func TestMulAddRoundsAsAxpy(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		v := normals(rand.New(rand.NewPCG(1, 2)), 300)
		for i := 0; i < len(v); i += 3 {
			y := []float64{v[i]}
			Axpy(y, v[i+1:], v[i+2])
			require.Equal(t, y[0], MulAdd(v[i], v[i+2], v[i+1]))
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

// A batch of whole pages goes through copies, with the bits of any other.
func TestCrowdedProductsHaveTheSameBits(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		const in, out, n, fewer = 37, 19, crowdSpan, crowdSpan - 3
		if Path() != PathGo {
			require.True(t, crowded(in, n) && crowded(out, n))
			require.False(t, crowded(in, fewer))
		}
		rng := rand.New(rand.NewPCG(5, 6))
		theta, x, dy := normals(rng, ThetaLen(in, out)), normals(rng, in*n), normals(rng, out*n)
		first := func(v []float64) (part []float64) { // of every feature
			for ; len(v) > 0; v = v[n:] {
				part = append(part, v[:fewer]...)
			}
			return part
		}
		for name, run := range map[string]func(x, dy []float64, n int) []float64{
			"Affine": func(x, _ []float64, n int) []float64 {
				y := make([]float64, out*n)
				Affine(y, x, theta, in, out, n)
				return y
			},
			"InputGrad": func(_, dy []float64, n int) []float64 {
				dx := make([]float64, in*n)
				InputGrad(dx, theta, dy, in, out, n)
				return dx
			},
			"InputGradTanh": func(x, dy []float64, n int) []float64 {
				dx := make([]float64, in*n)
				InputGradTanh(dx, theta, dy, x, in, out, n)
				return dx
			},
		} {
			require.True(t, slices.Equal(run(first(x), first(dy), fewer), first(run(x, dy, n))), name)
		}
	})
}
