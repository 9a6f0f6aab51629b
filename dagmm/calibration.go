package dagmm

import (
	"fmt"
	"math"
	"slices"
	"sort"
)

// Calibration is the distribution of the energies of training rows under networks that did
// not learn them, in ascending order. Large samples are thinned: Rank[i] is how many of the
// N energies are at least Energies[i].
type Calibration struct {
	N        int       `json:"n"`
	Energies []float64 `json:"energies"`
	Rank     []int     `json:"rank,omitempty"` // nil where nothing was thinned

	// derived says that Rank is left out because it is what NewCalibration makes of N: a model in
	// memory does without.
	derived bool
}

const (
	keptTail = 1000 // the highest energies are all kept
	keptBody = 1000 // of the others, evenly spread
)

// NewCalibration makes a calibration of finite energies in any order.
func NewCalibration(energies []float64) Calibration {
	sorted := slices.Clone(energies)
	slices.Sort(sorted)
	n := len(sorted)
	c := Calibration{N: n, Energies: sorted}
	if n <= keptTail+keptBody {
		return c
	}
	c.Energies, c.Rank = make([]float64, keptBody+keptTail), make([]int, keptBody+keptTail)
	for i := range c.Energies {
		c.Rank[i] = derivedRank(n, i)
		c.Energies[i] = sorted[n-c.Rank[i]]
	}
	return c
}

// derivedRank returns the rank of the i-th energy that NewCalibration keeps of n.
func derivedRank(n, i int) int {
	if i < keptBody {
		return n - i*(n-keptTail)/keptBody
	}
	return keptBody + keptTail - i
}

// thinned reports whether the kept energies are not all there were.
func (c *Calibration) thinned() bool { return c.derived || c.Rank != nil }

// rank returns how many of all energies are at least the i-th kept one.
func (c *Calibration) rank(i int) int {
	switch {
	case c.derived:
		return derivedRank(c.N, i)
	case c.Rank == nil:
		return c.N - i
	}
	return c.Rank[i]
}

// compact returns the calibration, which is sound, without what can be derived and in no more
// memory than it needs.
func (c Calibration) compact() Calibration {
	c.Energies = trimmed(c.Energies)
	if c.derived {
		return c
	}
	c.derived = len(c.Rank) == keptBody+keptTail && c.N > len(c.Rank)
	for i, r := range c.Rank {
		c.derived = c.derived && r == derivedRank(c.N, i)
	}
	if c.derived {
		c.Rank = nil
	}
	return c
}

// whole undoes compact.
func (c Calibration) whole() Calibration {
	if c.derived {
		c.Rank = make([]int, len(c.Energies))
		for i := range c.Rank {
			c.Rank[i] = c.rank(i)
		}
		c.derived = false
	}
	return c
}

func (c Calibration) check() error {
	if len(c.Energies) == 0 || c.N < len(c.Energies) || c.Rank != nil && len(c.Rank) != len(c.Energies) {
		return fmt.Errorf("dagmm: calibration of %d energies, %d kept, %d ranks: %w", c.N, len(c.Energies), len(c.Rank), ErrModel)
	}
	for i, e := range c.Energies {
		if math.IsNaN(e) || math.IsInf(e, 0) || i > 0 && e < c.Energies[i-1] {
			return fmt.Errorf("dagmm: calibration energy %d is %g: %w", i, e, ErrModel)
		}
	}
	if !c.thinned() && c.N != len(c.Energies) {
		return fmt.Errorf("dagmm: calibration of %d energies, %d kept, no ranks: %w", c.N, len(c.Energies), ErrModel)
	}
	n := len(c.Rank)
	for i, r := range c.Rank {
		switch left := n - i; {
		case i == 0 && r != c.N, i > 0 && r >= c.Rank[i-1], left <= keptTail && r != left:
			return fmt.Errorf("dagmm: calibration rank %d is %d, of %d energies: %w", i, r, c.N, ErrModel)
		}
	}
	return nil
}

func (c *Calibration) pValue(energy float64) float64 {
	if energy != energy {
		return math.NaN()
	}
	i := sort.SearchFloat64s(c.Energies, energy)
	above := 0
	switch {
	case i == len(c.Energies):
	case c.thinned() && i > 0 && c.Energies[i] > energy:
		// Between two kept energies the larger count is the cautious one.
		above = c.rank(i-1) - 1
	default:
		above = c.rank(i)
	}
	return float64(1+above) / float64(c.N+1)
}

// Weight returns how many energies the i-th kept one stands for.
func (c Calibration) Weight(i int) float64 {
	if !c.thinned() {
		return 1
	}
	if i == len(c.Energies)-1 {
		return float64(c.rank(i))
	}
	return float64(c.rank(i) - c.rank(i+1))
}

// Quantile returns the least kept energy that is among the upper 1−q of all, for q in
// [0, 1].
func (c Calibration) Quantile(q float64) float64 {
	i := sort.Search(len(c.Energies)-1, func(i int) bool {
		return float64(c.rank(i)) <= (1-q)*float64(c.N)
	})
	return c.Energies[i]
}
