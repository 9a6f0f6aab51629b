package kernel

import (
	"math"
	"math/rand/v2"
)

var inf, nan = math.Inf(1), math.NaN()

// normals returns n standard normal numbers.
func normals(rng *rand.Rand, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = rng.NormFloat64()
	}
	return v
}

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
