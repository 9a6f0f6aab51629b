// Package synthfault says how large a synthetic fault is, for all comparisons of models by
// faults that are made from ordinary rows.
package synthfault

import "math/rand/v2"

// Shift returns by how many standard deviations a fault moves a metric: 2 to 6, up or down.
// The other kind of fault, a value taken from another row, has no size of its own.
func Shift(rng *rand.Rand) float64 {
	return (2 + 4*rng.Float64()) * float64(1-2*rng.IntN(2))
}
