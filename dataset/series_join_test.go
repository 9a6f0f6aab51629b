package dataset

import (
	"fmt"
	"strings"
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

// The series with the shortest steps says how far apart samples of one row may be.
func TestJoinTolerance(t *testing.T) {
	s := time.Second
	require.Zero(t, joinTolerance([][]time.Duration{nil, {}}))
	require.Equal(t, 15*s, joinTolerance([][]time.Duration{{60 * s, 61 * s, 59 * s}, nil, {30 * s, 3600 * s, 30 * s}}))
	require.Equal(t, 5*s, joinTolerance([][]time.Duration{{20 * s, 10 * s}}), "the lower of two")
}

// Series make the same rows from CSV and from JSON.
func TestSeriesFromCSVAndJSON(t *testing.T) {
	var text, result strings.Builder
	text.WriteString("name,time,value\n")
	for k, name := range []string{"a", "b", "c"} {
		if k > 0 {
			result.WriteString(",")
		}
		fmt.Fprintf(&result, `{"metric":{"__name__":%q},"values":[`, name)
		for i := range 20 {
			at := 1710409800 + 60*i + 15*k // the third lies half an interval after the first
			if i%7 == k {
				continue
			}
			fmt.Fprintf(&text, "%s,%d,%d\n", name, at, 10*i+k)
			if strings.HasSuffix(result.String(), "]") {
				result.WriteString(",")
			}
			fmt.Fprintf(&result, `[%d,"%d"]`, at, 10*i+k)
		}
		result.WriteString("]}")
	}
	fromCSV := read(t, text.String(), CSVOptions{Series: []string{"name"}, Value: []string{"value"}})
	fromJSON, err := ReadPrometheus(strings.NewReader(`{"status":"success","data":{"resultType":"matrix","result":[` + result.String() + `]}}`))
	require.NoError(t, err)
	require.Empty(t, tableDiff(fromCSV, fromJSON))
}
