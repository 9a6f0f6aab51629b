package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// call runs one kernel on n samples of k rows. It may change the slices, which hold
// sizeFor(k, n) elements each.
type call struct {
	name string
	run  func(v [][]float64, k, n int, a [4]float64) float64
}

// calls are all kernels. Their paths may differ in rounding only. v[0] and v[1] are
// outputs, the others inputs; v[5] is positive.
var calls = []call{
	{"Affine", func(v [][]float64, k, n int, _ [4]float64) float64 { Affine(v[0], v[2], v[3], k, 5, n); return 0 }},
	{"AffineRow", func(v [][]float64, k, n int, _ [4]float64) float64 {
		AffineRow(v[0][:n], v[2][:k], v[3], n%2 == 0)
		return 0
	}},
	{"Product", func(v [][]float64, k, n int, _ [4]float64) float64 {
		Product(v[0], v[2], v[3], k, 7, n, 1, k)
		return 0
	}},
	{"ThetaGrad", func(v [][]float64, k, n int, _ [4]float64) float64 { ThetaGrad(v[0], v[2], v[3], k, 6, n); return 0 }},
	{"InputGradTanh", func(v [][]float64, k, n int, _ [4]float64) float64 {
		InputGradTanh(v[0], v[2], v[3], v[4], k, 7, n)
		return 0
	}},
	{"Dots", func(v [][]float64, k, n int, _ [4]float64) float64 { Dots(v[0], v[2], v[3], 6, k, n); return 0 }},
	{"Tanh", func(v [][]float64, k, n int, _ [4]float64) float64 { Tanh(v[0], k, n); return 0 }},
	{"TanhGrad", func(v [][]float64, k, n int, _ [4]float64) float64 { TanhGrad(v[0][:k*n], v[2], v[3]); return 0 }},
	{"Softmax", func(v [][]float64, k, n int, _ [4]float64) float64 { Softmax(v[0], v[1], k, n); return 0 }},
	{"LogSumExp", func(v [][]float64, k, n int, _ [4]float64) float64 { LogSumExp(v[0], v[2], k, n); return 0 }},
	{"SoftmaxGrad", func(v [][]float64, k, n int, _ [4]float64) float64 { SoftmaxGrad(v[0], v[2], v[3], k, n); return 0 }},
	{"LogDensities", func(v [][]float64, k, n int, a [4]float64) float64 {
		LogDensities(v[0], v[2], v[3][:k], v[4], n, a[0], n%2 == 0)
		return 0
	}},
	{"HalfSquares", func(v [][]float64, k, n int, a [4]float64) float64 { HalfSquares(v[0], v[2], k, n, a[0]); return 0 }},
	{"ObjectiveGrad", func(v [][]float64, _, n int, a [4]float64) float64 {
		ObjectiveGrad(v[0][:n], v[1], v[2], v[3], v[4], v[5], v[2], a[0], a[1], a[2])
		return 0
	}},
	{"RelativeCosine", func(v [][]float64, k, n int, _ [4]float64) float64 {
		RelativeCosine(v[0], v[2], v[3], k, n, 1e-6)
		return 0
	}},
	{"RelativeCosineGrad", func(v [][]float64, k, n int, a [4]float64) float64 {
		RelativeCosineGrad(v[0], v[4], v[2], v[3], k, n, math.Abs(a[0]))
		return 0
	}},
	{"Adam", func(v [][]float64, _, n int, a [4]float64) float64 {
		Adam(v[0][:n], v[1], v[5], v[2], a[0], .1, .001, .01, 1e-8)
		return 0
	}},
	{"Axpy", func(v [][]float64, _, n int, a [4]float64) float64 { Axpy(v[0][:n], v[2], a[0]); return 0 }},
	{"Mul", func(v [][]float64, _, n int, _ [4]float64) float64 { Mul(v[0][:n], v[2], v[3]); return 0 }},
	{"ScaledDiff", func(v [][]float64, _, n int, a [4]float64) float64 { ScaledDiff(v[0][:n], v[2], v[3], a[0]); return 0 }},
	{"Shift", func(v [][]float64, _, n int, a [4]float64) float64 { Shift(v[0][:n], v[2], a[0]); return 0 }},
	{"Scale", func(v [][]float64, _, n int, a [4]float64) float64 { Scale(v[0][:n], a[0]); return 0 }},
	{"Standardise", func(v [][]float64, _, n int, a [4]float64) float64 { Standardise(v[0][:n], a[0], a[1], 2); return 0 }},
	{"Log1p", func(v [][]float64, _, n int, a [4]float64) float64 { Log1p(v[0][:n], math.Abs(a[0])); return 0 }},
	{"Bend", func(v [][]float64, _, n int, a [4]float64) float64 { Bend(v[0][:n], a[0], 3); return 0 }},
	{"Dot", func(v [][]float64, _, n int, _ [4]float64) float64 { return Dot(v[2][:n], v[3]) }},
	{"Sum", func(v [][]float64, _, n int, _ [4]float64) float64 { return Sum(v[2][:n]) }},
	{"MaxAbs", func(v [][]float64, _, n int, _ [4]float64) float64 { v[2][n/2] = nan; return MaxAbs(v[2][:n]) }},
	{"SquaredDistance", func(v [][]float64, _, n int, _ [4]float64) float64 { return SquaredDistance(v[2][:n], v[3]) }},
}

const guard = 16

// arguments returns six slices of size elements with guard elements around them, and four
// numbers.
func arguments(seed uint64, size int) (whole, inner [][]float64, a [4]float64) {
	rng := rand.New(rand.NewPCG(seed, 9))
	for i := range 6 {
		w := normals(rng, size+2*guard)
		if i == 5 {
			for k, v := range w {
				w[k] = math.Abs(v) + .1
			}
		}
		whole = append(whole, w)
		inner = append(inner, w[guard:guard+size:guard+size])
	}
	for i := range a {
		a[i] = rng.NormFloat64()
	}
	return whole, inner, a
}

// agree compares the path in use with plain Go on the same arguments. Results must agree to
// rounding, and elements outside the slices must not change.
func agree(c call, seed uint64, k, n, size int, want [][]float64, wantValue float64) error {
	whole, inner, a := arguments(seed, size)
	got := c.run(inner, k, n, a)
	close := func(x, y float64) bool {
		return x == y || x != x && y != y || math.Abs(x-y) <= 1e-11*(1+math.Abs(x)+math.Abs(y))
	}
	if !close(got, wantValue) {
		return fmt.Errorf("%s k=%d n=%d seed=%d: returns %g, want %g", c.name, k, n, seed, got, wantValue)
	}
	for i := range whole {
		for j, x := range whole[i] {
			outside := j < guard || j >= guard+size
			if y := want[i][j]; !close(x, y) || outside && x != y {
				return fmt.Errorf("%s k=%d n=%d seed=%d: slice %d element %d is %g, want %g", c.name, k, n, seed, i, j-guard, x, y)
			}
		}
	}
	return nil
}

func reference(t testing.TB, c call, seed uint64, k, n, size int) (want [][]float64, value float64) {
	two, five := useAVX2, useAVX512
	defer func() { useAVX2, useAVX512 = two, five }()
	useAVX2, useAVX512 = false, false
	want, inner, a := arguments(seed, size)
	return want, c.run(inner, k, n, a)
}

func TestPathsAgreeForAllLengths(t *testing.T) {
	for _, p := range paths[1:] {
		onPath(t, p, func(t *testing.T) {
			for _, c := range calls {
				t.Run(c.name, func(t *testing.T) { agreeForAllLengths(t, c) })
			}
		})
	}
}

func agreeForAllLengths(t *testing.T, c call) {
	for n := 1; n <= 70; n++ {
		for _, k := range []int{1, 2, 3, 4, 5, 8, 9} {
			size := sizeFor(k, n)
			want, value := reference(t, c, uint64(n), k, n, size)
			if err := agree(c, uint64(n), k, n, size, want, value); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// The result of a sample depends neither on its neighbours nor on its place in the block.
func TestPositionDoesNotChangeBits(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(11, 12))
		const n, k = 61, 3
		kernels := map[string]func(dst, x []float64, n int){
			"Tanh":        func(dst, x []float64, n int) { copy(dst, x); Tanh(dst, k, n) },
			"Bend":        func(dst, x []float64, n int) { copy(dst, x); Bend(dst[:k*n], 2, .5) },
			"Log1p":       func(dst, x []float64, n int) { copy(dst, x); Log1p(dst[:k*n], .3) },
			"Standardise": func(dst, x []float64, n int) { copy(dst, x); Standardise(dst[:k*n], .1, .3, 5) },
			"LogSumExp":   func(dst, x []float64, n int) { LogSumExp(dst, x, k, n) },
			"LogDensities": func(dst, x []float64, n int) {
				LogDensities(dst, x, []float64{.1, .2, .3}, []float64{1, 2, 3, 4, 5, 6}, n, 1, false)
			},
			"diagonal": func(dst, x []float64, n int) {
				LogDensities(dst, x, []float64{.1, .2, .3}, []float64{1, 2, 3}, n, 1, true)
			},
			"RelativeCosine": func(dst, x []float64, n int) {
				y := make([]float64, k*n)
				for i, v := range x[:k*n] {
					y[i] = v*v - .3
				}
				RelativeCosine(dst, x, y, k, n, 1e-6)
			},
		}
		x := normals(rng, k*n)
		for name, f := range kernels {
			t.Run(name, func(t *testing.T) {
				all := make([]float64, k*n)
				f(all, x, n)
				one, got := make([]float64, k), make([]float64, k)
				for r := range n {
					for i := range one {
						one[i] = x[i*n+r]
					}
					f(got, one, 1)
					outputs := map[string]int{"LogSumExp": 1, "LogDensities": 1, "diagonal": 1, "RelativeCosine": 2}[name]
					if outputs == 0 {
						outputs = k
					}
					for i := range outputs {
						if all[i*n+r] != got[i] {
							t.Fatalf("sample %d alone gives %g, in a block %g", r, got[i], all[i*n+r])
						}
					}
				}
			})
		}
	})
}

func FuzzPathsAgree(f *testing.F) {
	f.Add(uint64(1), uint8(3), uint8(17), uint8(0))
	f.Fuzz(func(t *testing.T, seed uint64, k, n, which uint8) {
		c := calls[int(which)%len(calls)]
		rows, samples := 1+int(k)%20, 1+int(n)
		size := sizeFor(rows, samples)
		want, value := reference(t, c, seed, rows, samples, size)
		for _, p := range paths[1:] {
			onPath(t, p, func(t *testing.T) {
				if err := agree(c, seed, rows, samples, size, want, value); err != nil {
					t.Fatal(err)
				}
			})
		}
	})
}

// sizeFor is a number of elements that suffices for every call.
func sizeFor(k, n int) int { return max((k+2)*(n+12), 9*n) }
