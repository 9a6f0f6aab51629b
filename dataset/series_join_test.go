package dataset

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRowsOfSeveralSeries(t *testing.T) {
	j := newSeriesJoin(2, 30*time.Second)
	for k, c := range []struct {
		series, seconds int
		begins          bool
		row             int
	}{
		{0, 0, true, 1},
		{1, 30, false, 1}, // just near enough
		{1, 60, true, 2},  // the row has this series
		{0, 91, true, 3},  // too late for that row
		{0, 91, true, 4},  // twice at a time
	} {
		require.Equal(t, c.begins, j.next(c.series, time.Unix(int64(c.seconds), 0)), "sample %d", k)
		require.Equal(t, c.row, j.rows)
		require.True(t, j.holds(c.series))
	}
	require.False(t, j.holds(1))
	require.False(t, newSeriesJoin(1, 0).holds(0), "no row yet")
}
