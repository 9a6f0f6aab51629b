package train

import "slices"

// Quantile returns the smallest of the values that is at least as large as a share q of
// them. With q = .99 and 1000 distinct values, ten values lie above the result. It panics
// if there are no values.
func Quantile(values []float64, q float64) float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[rank(q, len(sorted))]
}

func rank(q float64, n int) int {
	// The tolerance keeps rounding from making 991 of .99·1000 + 1.
	k := int(q*float64(n) + 1 - 1e-9)
	return min(max(k-1, 0), n-1)
}
