package dataset

import (
	"math"
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

func TestCounter(t *testing.T) {
	const second = int64(1e9)
	for name, c := range map[string]struct {
		cells         []string
		at            []int64 // seconds
		want          []float64
		wraps, resets int
	}{
		"steady":        {cells: []string{"100", "160", "190"}, at: []int64{0, 60, 120}, want: []float64{nan, 1, .5}},
		"32 bit wrap":   {cells: []string{"4294967000", "4294967200", "104", "304"}, at: []int64{0, 1, 2, 3}, want: []float64{nan, 200, 200, 200}, wraps: 1},
		"first wrap":    {cells: []string{"4294967290", "4"}, at: []int64{0, 2}, want: []float64{nan, 5}, wraps: 1},
		"64 bit wrap":   {cells: []string{"18446744073709550616", "18446744073709551116", "0"}, at: []int64{0, 1, 2}, want: []float64{nan, 500, 500}, wraps: 1},
		"reset":         {cells: []string{"5000", "6000", "100", "600"}, at: []int64{0, 10, 20, 30}, want: []float64{nan, 100, nan, 50}, resets: 1},
		"reset, high":   {cells: []string{"3000000000", "3000001000", "500", "1500"}, at: []int64{0, 1, 2, 3}, want: []float64{nan, 1000, nan, 1000}, resets: 1},
		"past 32 bits":  {cells: []string{"5000000000", "4294967000", "10"}, at: []int64{0, 1, 2}, want: []float64{nan, nan, nan}, resets: 2},
		"missing":       {cells: []string{"100", "", "300"}, at: []int64{0, 10, 20}, want: []float64{nan, nan, 10}},
		"same time":     {cells: []string{"100", "150", "300"}, at: []int64{0, 0, 10}, want: []float64{nan, nan, 20}},
		"back in time":  {cells: []string{"100", "150", "300"}, at: []int64{50, 0, 10}, want: []float64{nan, nan, 15}},
		"fractions":     {cells: []string{"1.5", "2.5", "0.5"}, at: []int64{0, 1, 2}, want: []float64{nan, 1, nan}, resets: 1},
		"exact":         {cells: []string{"9007199254740993", "9007199254740994"}, at: []int64{0, 1}, want: []float64{nan, 1}},
		"idle, then on": {cells: []string{"7", "7", "17"}, at: []int64{0, 1, 2}, want: []float64{nan, 0, 10}},
	} {
		t.Run(name, func(t *testing.T) {
			var k counter
			for i, cell := range c.cells {
				v, kind := numberFormat{decimal: '.'}.parse([]byte(cell))
				require.LessOrEqual(t, kind, cellNumber)
				got := k.next([]byte(cell), v, c.at[i]*second)
				if math.IsNaN(c.want[i]) {
					require.True(t, math.IsNaN(got), "step %d: %v", i, got)
				} else {
					require.Equal(t, c.want[i], got, "step %d", i)
				}
			}
			require.Equal(t, c.wraps, k.wraps)
			require.Equal(t, c.resets, k.resets)
		})
	}
}
