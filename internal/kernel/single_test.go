package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// singleCalls are all kernels on float32: k features of n blocks. v[0] is the output, the others
// are inputs.
var singleCalls = map[string]func(v [][]float32, k, n int){
	"AffineSingle":        func(v [][]float32, k, n int) { AffineSingle(v[0], v[1], v[2], k, n) },
	"InputGradSingle":     func(v [][]float32, k, n int) { InputGradSingle(v[0], v[1], v[2], n, k) },
	"InputGradTanhSingle": func(v [][]float32, k, n int) { InputGradTanhSingle(v[0], v[1], v[2], v[3], n, k) },
	"ThetaGradSingle":     func(v [][]float32, k, n int) { ThetaGradSingle(v[0], v[1], v[2], k, 7, n) },
	"DotsSingle":          func(v [][]float32, k, n int) { DotsSingle(v[0], v[1], v[2], 3, k, n, BlockLen(4), BlockLen(k)) },
	"TanhSingle":          func(v [][]float32, k, _ int) { TanhSingle(v[0][:k*BlockRows]) },
	"CompareSingle":       func(v [][]float32, k, _ int) { CompareSingle(v[0], v[1], v[2], k) },
	"ReconstructionGrad":  func(v [][]float32, k, _ int) { ReconstructionGradSingle(v[0], v[1], v[2], v[3], k) },
	"ResidualGradSingle":  func(v [][]float32, k, _ int) { ResidualGradSingle(v[0][:k*BlockRows], v[1], v[2], v[3], .3) },
	"SumsSingle":          func(v [][]float32, k, n int) { SumsSingle(v[0][:k], v[1], n, BlockLen(k)) },
	"DifferenceSingle":    func(v [][]float32, k, _ int) { DifferenceSingle(v[0][:k*BlockRows], v[1], v[2]) },
	"CentreSingle":        func(v [][]float32, k, _ int) { CentreSingle(v[0], v[1][:k]) },
	"GatherSingle":        func(v [][]float32, k, n int) { GatherSingle(v[0], v[1], someRows(n), (k+7)&^7) },
}

// someRows are different numbers below 32.
func someRows(n int) *[BlockRows]int {
	var rows [BlockRows]int
	for i := range rows {
		rows[i] = (5*i + n) % BlockRows
	}
	return &rows
}

const singleSize = 14 * (24*BlockRows + 16) // suffices for every call

func singleArguments(seed uint64) (whole, inner [][]float32) {
	rng := rand.New(rand.NewPCG(seed, 19))
	for range 4 {
		w := make([]float32, singleSize+2*guard)
		for i := range w {
			w[i] = float32(rng.NormFloat64())
		}
		whole = append(whole, w)
		inner = append(inner, w[guard:guard+singleSize:guard+singleSize])
	}
	return whole, inner
}

// Every kernel agrees with plain Go to rounding, and changes nothing beside its output.
func TestSinglePathsAgree(t *testing.T) {
	for _, p := range paths[1:] {
		onPath(t, p, func(t *testing.T) {
			for name, run := range singleCalls {
				t.Run(name, func(t *testing.T) {
					for _, k := range []int{1, 2, 3, 4, 5, 6, 7, 8, 11, 16, 20} {
						for _, n := range []int{1, 2, 13} {
							agreeSingle(t, run, k, n)
						}
					}
				})
			}
		})
	}
}

func agreeSingle(t *testing.T, run func(v [][]float32, k, n int), k, n int) {
	got, inner := singleArguments(uint64(k))
	run(inner, k, n)
	want := singleReference(run, k, n)
	for i := range got {
		for j, x := range got[i] {
			outside := j < guard || j >= guard+singleSize
			y := float64(want[i][j])
			if d := math.Abs(float64(x) - y); !(d <= 1e-4*(1+math.Abs(y))) || outside && d != 0 {
				t.Fatalf("k=%d n=%d: slice %d element %d is %g, want %g", k, n, i, j-guard, x, y)
			}
		}
	}
}

func singleReference(run func(v [][]float32, k, n int), k, n int) [][]float32 {
	two, five := useAVX2, useAVX512
	defer func() { useAVX2, useAVX512 = two, five }()
	useAVX2, useAVX512 = false, false
	whole, inner := singleArguments(uint64(k))
	run(inner, k, n)
	return whole
}

// The layers are those on float64, to the rounding of float32.
func TestSingleLayersAreThoseOfDouble(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		const in, out, n = 13, 9, BlockRows
		rng := rand.New(rand.NewPCG(1, 2))
		theta, x, dy := normals(rng, ThetaLen(in, out)), normals(rng, in*n), normals(rng, out*n)
		theta32, x32, dy32 := narrow(theta), narrow(x), narrow(dy)

		y, y32 := make([]float64, out*n), make([]float32, out*n)
		Affine(y, x, theta, in, out, n)
		AffineSingle(y32, x32, theta32, in, out)
		near(t, y, y32, 1e-5)

		dx, dx32 := make([]float64, in*n), make([]float32, in*n)
		InputGradTanh(dx, theta, dy, x, in, out, n)
		InputGradTanhSingle(dx32, theta32, dy32, x32, in, out)
		near(t, dx, dx32, 1e-4)

		g, g32 := make([]float64, len(theta)), make([]float32, len(theta))
		ThetaGrad(g, x, dy, in, out, n)
		ThetaGradSingle(g32, x32, dy32, in, out, 1)
		near(t, g, g32, 1e-5)
	})
}

func narrow(x []float64) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(v)
	}
	return out
}

func near(t *testing.T, want []float64, got []float32, tolerance float64) {
	t.Helper()
	require.Len(t, got, len(want))
	for i, v := range got {
		require.InDelta(t, want[i], float64(v), tolerance, i)
	}
}

func TestTanhSingleIsAccurate(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(3, 4))
		y := narrow(oddValues(rng, 2048))
		for len(y)%BlockRows != 0 {
			y = append(y, 0)
		}
		for i := range 20000 {
			y = append(y, float32(i-10000)*1e-3)
		}
		x := append([]float32(nil), y...)
		TanhSingle(y)
		for i, v := range x {
			want, got := math.Tanh(float64(v)), float64(y[i])
			if !(math.Abs(got-want) <= 3e-7*math.Abs(want)+1e-45) || math.Signbit(got) != math.Signbit(float64(v)) {
				t.Fatalf("tanh %g is %g, want %g", v, got, want)
			}
		}
		nan := make([]float32, BlockRows)
		nan[3] = float32(math.NaN())
		TanhSingle(nan)
		require.True(t, math.IsNaN(float64(nan[3])))
		require.Zero(t, nan[4])
	})
}

func TestGatherSingle(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		const features = 16
		src := make([]float32, features*BlockRows)
		for i := range src {
			src[i] = float32(i)
		}
		dst, rows := make([]float32, features*BlockRows), someRows(7)
		GatherSingle(dst, src, rows, features)
		for r, row := range rows {
			for f := range features {
				require.Equal(t, float32(row*features+f), dst[f*BlockRows+r])
			}
		}
		rows[31] = 32
		require.Panics(t, func() { GatherSingle(dst, src, rows, features) }, "a sample that is not there")
	})
}

func TestAlignedSingle(t *testing.T) {
	for n := range 100 {
		require.Len(t, AlignedSingle(n), n)
	}
}
