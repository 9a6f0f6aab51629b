package dataset

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

func itoa(n int) string { return strconv.Itoa(n) }

func sampleTable() *Table {
	at := time.Date(2024, 3, 1, 10, 0, 0, 0, time.UTC)
	return &Table{
		Columns: []string{"cpu", "mem", "disk"},
		Times:   []time.Time{at, at.Add(time.Minute), at.Add(2 * time.Minute), at.Add(9 * time.Minute)},
		X:       mat.NewDense(4, 3, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}),
		Labels:  []bool{false, true, false, true},
	}
}

func TestTableColumn(t *testing.T) {
	i, err := sampleTable().Column("mem")
	require.NoError(t, err)
	require.Equal(t, 1, i)
	_, err = sampleTable().Column("net")
	require.ErrorIs(t, err, ErrNoColumn)
	require.ErrorContains(t, err, `"net"; the table has "cpu", "mem", "disk"`)
}

func TestTableSelect(t *testing.T) {
	s, err := sampleTable().Select("disk", "cpu")
	require.NoError(t, err)
	require.Equal(t, []string{"disk", "cpu"}, s.Columns)
	require.Equal(t, []float64{3, 1, 6, 4, 9, 7, 12, 10}, s.X.RawMatrix().Data)
	require.Len(t, s.Times, 4)
	_, err = sampleTable().Select("net")
	require.ErrorIs(t, err, ErrNoColumn)
	_, err = sampleTable().Select()
	require.Error(t, err)
}

func TestTableSlice(t *testing.T) {
	s, err := sampleTable().Slice(1, 3)
	require.NoError(t, err)
	require.Equal(t, []float64{4, 5, 6, 7, 8, 9}, mat.DenseCopyOf(s.X).RawMatrix().Data)
	require.Equal(t, []bool{true, false}, s.Labels)
	require.Equal(t, sampleTable().Times[1:3], s.Times)
	for _, bad := range [][2]int{{-1, 2}, {0, 5}, {2, 2}, {3, 1}} {
		_, err = sampleTable().Slice(bad[0], bad[1])
		require.Error(t, err)
	}
}

func TestTableFilter(t *testing.T) {
	f, err := sampleTable().Filter([]bool{true, false, false, true})
	require.NoError(t, err)
	require.Equal(t, []float64{1, 2, 3, 10, 11, 12}, f.X.RawMatrix().Data)
	require.Equal(t, []bool{false, true}, f.Labels)
	require.Len(t, f.Times, 2)
	_, err = sampleTable().Filter(make([]bool, 4))
	require.ErrorIs(t, err, ErrNoRows)
	_, err = sampleTable().Filter(make([]bool, 3))
	require.Error(t, err)
}

func TestTableInterval(t *testing.T) {
	table := sampleTable()
	require.Equal(t, time.Minute, table.Interval())
	table.Times = table.Times[:1]
	require.Zero(t, table.Interval())
	table.Times = nil
	require.Zero(t, table.Interval())
}

func TestRoleString(t *testing.T) {
	require.Equal(t, "metric time label skipped Role(9)",
		RoleMetric.String()+" "+RoleTime.String()+" "+RoleLabel.String()+" "+RoleSkipped.String()+" "+Role(9).String())
}
