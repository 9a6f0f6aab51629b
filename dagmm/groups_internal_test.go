package dagmm

import (
	"cmp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// grouped is a model of typical rows in which the metrics deviate from their fast level as
// given, metric by metric. The current values and the deviations from the slow level are 0.
func grouped(moves ...[]float64) *Model {
	w := len(moves)
	var rows [][]float64
	for r := range moves[0] {
		row := make([]float64, 3*w)
		for j, v := range moves {
			row[2*w+j] = v[r]
		}
		rows = append(rows, row)
	}
	m := &Model{prototypes: newPrototypes(rows)}
	m.p.Columns, m.p.RecentLevels.Alphas = make([]string, w), []float64{.05, .5}
	return m
}

func TestGroupsByHand(t *testing.T) {
	x, y, z := []float64{1, -1, 1, -1}, []float64{1, 1, -1, -1}, []float64{1, -1, -1, 1} // orthogonal
	mix := func(a, b float64) []float64 {
		out := make([]float64, len(x))
		for i := range out {
			out[i] = 7 + a*x[i] + b*y[i]
		}
		return out
	}
	flat := []float64{3, 3, 3, 3}
	for name, c := range map[string]struct {
		m    *Model
		want []int
	}{
		"independent":             {grouped(x, y, z), []int{0, 1, 2}},
		"opposite":                {grouped(x, y, mix(-5, 0)), []int{0, 1, 0}},
		"r² of .45 and of .55":    {grouped(x, mix(.67, .74), mix(.74, -.67)), []int{0, 1, 0}},
		"linked by a third":       {grouped(x, y, mix(.74, .67), mix(.67, .74)), []int{0, 0, 0, 0}},
		"constant metrics":        {grouped(flat, x, flat, x), []int{0, 1, 2, 1}},
		"no typical rows":         {&Model{p: Parameters{Columns: []string{"a", "b"}, RecentLevels: RecentLevels{Alphas: []float64{.5}}}}, []int{0, 1}},
		"no recent levels":        {&Model{p: Parameters{Columns: []string{"a", "b"}}, prototypes: newPrototypes([][]float64{{1, 1}, {2, 2}})}, []int{0, 1}},
		"a single typical row":    {grouped([]float64{1}, []float64{1}), []int{0, 1}},
		"deviations that overlap": {grouped(x, z, x, z), []int{0, 1, 0, 1}},
	} {
		require.Equal(t, c.want, c.m.groups(), name)
	}
}

// user and idle are of one group, used and percent of another. percent says it for its group,
// although used brings more energy.
func TestSpreadByHand(t *testing.T) {
	const user, idle, used, percent, queue = 0, 1, 2, 3, 4
	b := &Blame{
		Rows:   1,
		Alone:  []float64{90, 80, 20, 5, 1},
		Shared: []float64{60, 25, 10, 5, 0},
		Moved:  []float64{4, 5, .1, .6, 0},
	}
	columns, shares := b.order([]int{0, 1, 2, 3, 4})
	require.Equal(t, []int{user, idle, used, percent, queue}, columns)
	require.InDeltaSlice(t, []float64{.6, .25, .1, .05, 0}, shares, 1e-15)
	columns, shares = b.order([]int{0, 0, 2, 2, 4})
	require.Equal(t, []int{user, percent, queue, idle, used}, columns)
	require.InDeltaSlice(t, []float64{.6, .05, 0, .25, .1}, shares, 1e-15)
	columns, _ = b.order([]int{0, 0, 0, 0, 0})
	require.Equal(t, []int{user, idle, used, percent, queue}, columns, "no other group")
}

// Groups change no share and not the first metric. The first metrics are of different groups.
func TestSpreadOrders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.IntRange(1, 9).Draw(t, "width")
		values := func(name string) []float64 {
			return rapid.SliceOfN(rapid.Float64Range(-5, 50), w, w).Draw(t, name)
		}
		b := &Blame{Rows: 1, Alone: values("alone"), Shared: values("shared"), Moved: values("moved")}
		group := indices(0, w)
		for range rapid.IntRange(0, 6).Draw(t, "joins") {
			i, j := rapid.IntRange(0, w-1).Draw(t, "i"), rapid.IntRange(0, w-1).Draw(t, "j")
			if group[i] != group[j] {
				join(group, group[i], group[j])
			}
		}
		plain, of := b.order(indices(0, w))
		columns, shares := b.order(group)
		require.Equal(t, plain[0], columns[0])
		require.True(t, slices.IsSortedFunc(of, func(a, b float64) int { return cmp.Compare(b, a) }), "alone, each is in its place: %v", of)
		for i, j := range columns {
			require.Equal(t, of[slices.Index(plain, j)], shares[i])
		}
		seen := map[int]bool{}
		for _, j := range columns {
			seen[group[j]] = true
		}
		leading := min(apart, len(seen))
		clear(seen)
		for _, j := range columns[:leading] {
			seen[group[j]] = true
		}
		require.Len(t, seen, leading)
		for i := leading + 1; i < w; i++ {
			require.Less(t, slices.Index(plain, columns[i-1]), slices.Index(plain, columns[i]), "the others keep their order")
		}
	})
}
