package kernel

import (
	"math"
	"math/rand/v2"
)

// InitGlorot draws the weights of a dense layer uniformly within ±√(6/(in+out)) (Glorot
// and Bengio, 2010) and sets its biases to 0.
func InitGlorot(theta []float64, in, out int, rng *rand.Rand) {
	limit := math.Sqrt(6 / float64(in+out))
	for i := range theta[:in*out] {
		theta[i] = limit * (2*rng.Float64() - 1)
	}
	clear(theta[in*out:])
}
