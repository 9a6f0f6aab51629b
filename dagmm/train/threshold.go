package train

import (
	"math"
	"slices"
)

const (
	tailShare = .25 // of the energies, the highest, that an extrapolated quantile comes from
	leastTail = 4   // of them there must be so many
	enough    = 100 // rows, from which on the threshold is the quantile whatever it is
)

// threshold returns the quantile q of the training energies. Where there are fewer than a
// hundred rows and it is the largest energy, no training row could lie above it, however odd.
// The quantile then comes from an exponential tail of the others, and extrapolated is true.
func threshold(energies []float64, q float64) (energy float64, extrapolated bool) {
	energy = Quantile(energies, q)
	sorted := slices.Clone(energies)
	slices.Sort(sorted)
	n := len(sorted)
	tail := int(tailShare * float64(n))
	if n >= enough || energy < sorted[n-1] || tail < leastTail || 1-q > tailShare {
		return energy, false
	}
	others := sorted[:n-1]
	from := others[len(others)-tail]
	var excess float64
	for _, e := range others[len(others)-tail:] {
		excess += (e - from) / float64(tail)
	}
	return min(energy, max(others[len(others)-1], from+excess*math.Log(tailShare/(1-q)))), true
}
