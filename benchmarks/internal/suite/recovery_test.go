package suite

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJudgedLeavesOutTheWakeOfIncidents(t *testing.T) {
	labels := []bool{false, true, true, false, false, true, false, false, false, false}
	s := &Series{Labels: labels, Recovery: 2}
	require.Equal(t, []int{0, 1, 2, 5, 8, 9}, Judged(s, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}))
	require.Equal(t, []bool{false, true, true, true, false, false}, Judged(s, labels))
	s.Recovery = 0
	require.Len(t, Judged(s, labels), 10)
}
