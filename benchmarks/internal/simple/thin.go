package simple

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// thinned returns the numbers of at most limit of n consecutive rows: one of every k, with
// the smallest k that does. Which of the k is drawn by the seed. With every k-th row, what
// runs by the clock would be seen always or never: a job at seven minutes past the hour
// never falls on a fifth minute. limit 0 keeps all.
func thinned(n, limit int, seed uint64) []int {
	k := 1
	if limit > 0 {
		k = max(1, (n+limit-1)/limit)
	}
	rng := rand.New(rand.NewPCG(seed, 0x7468696e))
	rows := make([]int, 0, (n+k-1)/k)
	for from := 0; from < n; from += k {
		rows = append(rows, from+rng.IntN(min(k, n-from)))
	}
	return rows
}

// Thin returns at most limit rows of x in their order, one of every k consecutive ones at
// random. limit 0 keeps all.
func Thin(x *mat.Dense, limit int, seed uint64) *mat.Dense {
	n, d := x.Dims()
	rows := thinned(n, limit, seed)
	if len(rows) == n {
		return x
	}
	out := mat.NewDense(len(rows), d, nil)
	for i, r := range rows {
		out.SetRow(i, x.RawRowView(r))
	}
	return out
}
