package watch

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func ids(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("worker-%02d", i))
	}
	return out
}

func TestAssignIsEven(t *testing.T) {
	for partitions := range 70 {
		for n := 1; n <= 20; n++ {
			load := map[string]int{}
			for _, w := range assign(partitions, ids(n)) {
				require.NotEmpty(t, w)
				load[w]++
			}
			for _, w := range ids(n) {
				require.GreaterOrEqual(t, load[w], partitions/n)
				require.LessOrEqual(t, load[w], (partitions+n-1)/n)
			}
		}
	}
	require.Equal(t, []string{"", ""}, assign(2, nil))
}

// When a worker goes, its partitions move, and few others.
func TestAssignMovesLittle(t *testing.T) {
	const partitions, n = 256, 8
	before := assign(partitions, ids(n))
	after := assign(partitions, ids(n-1))
	moved, others := 0, 0
	for p := range before {
		if before[p] != after[p] {
			moved++
			if before[p] != ids(n)[n-1] {
				others++
			}
		}
	}
	require.GreaterOrEqual(t, moved, partitions/n)
	require.Less(t, others, partitions/4, "%d moved", moved)
}
