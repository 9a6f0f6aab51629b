package train

import "math/rand/v2"

// shuffle permutes order as rand.Shuffle does, with the same draws, and without its calls
// through an interface and a closure.
func shuffle(order []int, source *rand.PCG) {
	for i := len(order) - 1; i > 0; i-- {
		n := uint32(i + 1)
		if n&(n-1) == 0 {
			j := uint32(source.Uint64()) & (n - 1)
			order[i], order[j] = order[j], order[i]
			continue
		}
		// Lemire, Fast random integer generation in an interval, 2019.
		product := (source.Uint64() >> 32) * uint64(n)
		if low := uint32(product); low < n {
			for least := -n % n; low < least; low = uint32(product) {
				product = (source.Uint64() >> 32) * uint64(n)
			}
		}
		j := product >> 32
		order[i], order[j] = order[j], order[i]
	}
}
