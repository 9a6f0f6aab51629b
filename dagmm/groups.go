package dagmm

import (
	"cmp"
	"math"
	"slices"
)

// alike is the share of their variance that two metrics have in common when they count as
// moving together: the square of their correlation.
const alike = .5

// groups returns the number of each metric's group. Two metrics are of one group if they
// move together in the typical rows, or if both do with metrics of the group (single
// linkage). A move is what a Blame looks at: the deviation from the fastest level.
func (m *Model) groups() []int {
	group := indices(0, len(m.p.Columns))
	moves := m.typicalMoves()
	for i := range moves {
		for j := range i {
			if group[i] == group[j] {
				continue
			}
			if r := dot(moves[i], moves[j]); r*r >= alike {
				join(group, group[i], group[j])
			}
		}
	}
	return group
}

// join makes one group of two.
func join(group []int, a, b int) {
	for i, g := range group {
		if g == max(a, b) {
			group[i] = min(a, b)
		}
	}
}

// typicalMoves returns the deviations of each metric from its fastest level in the typical
// rows, less their mean and of length 1, so that their products are correlations. Those of a
// metric that does not move are 0.
func (m *Model) typicalMoves() [][]float64 {
	w, n := len(m.p.Columns), m.prototypes.n
	if len(m.p.RecentLevels.Alphas) == 0 || n == 0 {
		return nil
	}
	moves := make([][]float64, w)
	for j := range moves {
		v := make([]float64, n)
		var mean float64
		for r, p := range m.prototypes.all() {
			v[r] = p[len(m.p.RecentLevels.Alphas)*w+j]
			mean += v[r] / float64(n)
		}
		for r := range v {
			v[r] -= mean
		}
		if length := math.Sqrt(dot(v, v)); length > 1e-9 {
			for r := range v {
				v[r] /= length
			}
		} else {
			clear(v)
		}
		moves[j] = v
	}
	return moves
}

// dot returns the scalar product. No product is fused with its sum, for the same bits on
// every processor.
func dot(a, b []float64) (sum float64) {
	for i, v := range a {
		sum += float64(v * b[i])
	}
	return sum
}

// apart is how many metrics of different groups come first: as many as an operator looks at.
const apart = 3

// spread puts a metric of another group second, and of yet another third: those that move
// with the first metric say nothing new. columns are in the order of the blame; the shares
// stay with them.
func (b *Blame) spread(columns []int, shares []float64, group []int) {
	at := 1
	for _, g := range b.groupOrder(group) {
		if at == min(apart, len(columns)) {
			return
		}
		if g == group[columns[0]] {
			continue
		}
		from := slices.Index(columns, b.spokesman(g, group))
		bring(columns, from, at)
		bring(shares, from, at)
		at++
	}
}

// bring moves the element at from to the earlier place to. Those between move back by one.
func bring[T any](s []T, from, to int) {
	v := s[from]
	copy(s[to+1:from+1], s[to:from])
	s[to] = v
}

// groupOrder returns the groups, the one to blame most first. For each question, a group
// answers as its member with the highest answer.
func (b *Blame) groupOrder(group []int) []int {
	groups := slices.Compact(slices.Sorted(slices.Values(group)))
	points := make([]int, len(groups))
	answers := make([]float64, len(groups))
	for _, view := range [][]float64{b.Alone, b.Moved, b.Shared} {
		for k, g := range groups {
			answers[k] = math.Inf(-1)
			for j, v := range view {
				if group[j] == g {
					answers[k] = max(answers[k], v)
				}
			}
		}
		for rank, k := range ascending(answers) {
			points[k] += rank
		}
	}
	order := indices(0, len(groups))
	slices.SortStableFunc(order, func(i, j int) int { // the answers are now those of Shared
		return cmp.Or(cmp.Compare(points[j], points[i]), cmp.Compare(answers[j], answers[i]))
	})
	for i, k := range order {
		order[i] = groups[k]
	}
	return order
}

// spokesman returns the member of a group that has moved most in multiples of itself. What
// the model's energy gives to each of several metrics that say the same is arbitrary; this
// one shows the move most plainly.
func (b *Blame) spokesman(g int, group []int) int {
	best := -1
	for j, v := range b.Moved {
		if group[j] == g && (best < 0 || v > b.Moved[best]) {
			best = j
		}
	}
	return best
}
