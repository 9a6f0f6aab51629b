package dataset

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func table(t *testing.T, text string) *Table {
	t.Helper()
	got, err := ReadCSV(strings.NewReader(text), CSVOptions{})
	require.NoError(t, err)
	return got
}

func TestConcat(t *testing.T) {
	later := table(t, "time,mem,cpu,label\n2026-03-01T10:02:00Z,3 MB,30,1\n2026-03-01T10:03:00Z,4 MB,40,0\n")
	first := table(t, "time,cpu,mem,label\n2026-03-01T10:00:00Z,10,1 MB,0\n2026-03-01T10:01:00Z,20,2 MB,0\n")
	got, err := Concat(later, first)
	require.NoError(t, err)
	require.Equal(t, []string{"mem", "cpu"}, got.Columns, "as in the first one named")
	require.Equal(t, []string{"B", ""}, got.Units)
	require.Equal(t, []float64{1e6, 10, 2e6, 20, 3e6, 30, 4e6, 40}, got.X.RawMatrix().Data, "in the order of time")
	require.Equal(t, []bool{false, false, true, false}, got.Labels)
	for i := range 3 {
		require.True(t, got.Times[i+1].After(got.Times[i]))
	}
	rows, _ := later.X.Dims()
	require.Equal(t, 2, rows, "the tables stay as they were")
	one, err := Concat(first)
	require.NoError(t, err)
	require.Equal(t, first.X, one.X)
	_, err = Concat()
	require.ErrorIs(t, err, ErrNoRows)
}

func TestConcatWithoutTimesKeepsTheOrder(t *testing.T) {
	got, err := Concat(table(t, "a,b\n5,6\n7,9\n"), table(t, "a,b\n1,2\n3,5\n"))
	require.NoError(t, err)
	require.Equal(t, []float64{5, 6, 7, 9, 1, 2, 3, 5}, got.X.RawMatrix().Data)
	require.Nil(t, got.Times)
	require.Nil(t, got.Labels)
}

func TestTablesThatDoNotGoTogether(t *testing.T) {
	a := table(t, "time,cpu,mem\n2026-03-01T10:00:00Z,10,1\n2026-03-01T10:05:00Z,20,2\n")
	for text, want := range map[string]string{
		"time,cpu\n2026-03-01T11:00:00Z,10\n":                                 "table 2 of 2: it has 1 metrics",
		"time,cpu,disk\n2026-03-01T11:00:00Z,10,2\n":                          `table 2 of 2: dataset: no such column: "mem"`,
		"cpu,mem\n10,2\n11,3\n":                                               "it has no times and the first has",
		"time,cpu,mem,label\n2026-03-01T11:00:00Z,10,2,0\n":                   "it has labels and the first has no",
		"time,cpu,mem\n2026-03-01T11:00:00Z,10,2 GB\n":                        `unit "B" of "mem", and "" in the first`,
		"time,cpu,mem\n2026-03-01T10:05:00Z,10,2\n":                           "overlap",
		"time,cpu,mem\n2026-03-01T10:06:00Z,1,2\n2026-03-01T10:01:00Z,10,2\n": "overlap", // newest first
	} {
		_, err := Concat(a, table(t, text))
		require.ErrorIs(t, err, ErrUnlike, text)
		require.ErrorContains(t, err, want)
	}
}
