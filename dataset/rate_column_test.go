package dataset

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRateColumn(t *testing.T) {
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
		"overflow":      {cells: []string{"-1e308", "1e308", "1e308"}, at: []int64{0, 1, 2}, want: []float64{nan, nan, 0}},
		"idle, then on": {cells: []string{"7", "7", "17"}, at: []int64{0, 1, 2}, want: []float64{nan, 0, 10}},
	} {
		t.Run(name, func(t *testing.T) {
			var r rateColumn
			for i, cell := range c.cells {
				v, kind := numberFormat{decimal: '.'}.parse([]byte(cell))
				require.LessOrEqual(t, kind, cellNumber)
				got := r.next([]byte(cell), v, c.at[i]*second)
				if math.IsNaN(c.want[i]) {
					require.True(t, math.IsNaN(got), "step %d: %v", i, got)
				} else {
					require.Equal(t, c.want[i], got, "step %d", i)
				}
			}
			require.Equal(t, c.wraps, r.wraps)
			require.Equal(t, c.resets, r.resets)
		})
	}
}
