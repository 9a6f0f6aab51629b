package dataset

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFaultKindString(t *testing.T) {
	require.Equal(t, "out of range, broken correlation, level shift, stuck",
		OutOfRange.String()+", "+BrokenCorrelation.String()+", "+LevelShift.String()+", "+Stuck.String())
}
