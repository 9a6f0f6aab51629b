package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWithFlags(t *testing.T) {
	require.Equal(t, `column "Time" is odd: name it in -time or -time-layout, sentinels in -sentinels; -delimiter`,
		withFlags(`column "Time" is odd: name it in Time or TimeLayout, sentinels in ColumnSentinels; Comma`))
	require.Equal(t, "nothing to do", withFlags("nothing to do"))
}
