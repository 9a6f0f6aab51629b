package alarm

import (
	"math"

	"github.com/metric-streams/anomaly/dagmm"
)

// heights maps energies to the scale on which thresholds move, on which an energy has the
// height
//
//	u = log(1 + max(E − low, 0)/spread).
//
// low is the least calibration energy and spread the distance from the median to the 99th
// percentile. A height is defined for negative energies. It is about linear among ordinary
// rows and logarithmic beyond, so that one step means the same far out and on every host.
type heights struct{ low, spread float64 }

func newHeights(c dagmm.Calibration) heights {
	h := heights{low: c.Energies[0]}
	h.spread = c.Quantile(.99) - c.Quantile(.5)
	if !(h.spread > 1e-9*math.Abs(h.low)) {
		h.spread = max(1, math.Abs(h.low))
	}
	return h
}

func (h heights) of(energy float64) float64 {
	return math.Log1p(max(energy-h.low, 0) / h.spread)
}

func (h heights) energy(height float64) float64 {
	return h.low + h.spread*math.Expm1(height)
}

// tailFrom is the p-value from which the tail of energies is taken for exponential.
const tailFrom = .02

// upper returns the height that an ordinary row exceeds with probability p. Below 1/n, where
// the calibration's n rows show nothing, it goes on exponentially.
func (h heights) upper(c dagmm.Calibration, p float64) float64 {
	from := max(tailFrom, min(.05, 20/float64(c.N)))
	highest := h.of(c.Energies[len(c.Energies)-1])
	if p >= from {
		return h.of(c.Quantile(1 - p))
	}
	base := c.Quantile(1 - from)
	extrapolated := h.of(base + meanExcess(c, base)*math.Log(from/p))
	if p*float64(c.N) >= 1 {
		return max(h.of(c.Quantile(1-p)), min(extrapolated, highest))
	}
	return max(extrapolated, highest)
}

// meanExcess returns by how much the calibration's energies above base exceed it on average.
func meanExcess(c dagmm.Calibration, base float64) float64 {
	var sum, rows float64
	for i, e := range c.Energies {
		if excess := e - base; excess > 0 {
			n := c.Weight(i)
			sum += n * excess
			rows += n
		}
	}
	return sum / max(rows, 1)
}
