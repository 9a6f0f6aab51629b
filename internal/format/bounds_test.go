package format

import (
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestBounds(t *testing.T) {
	for _, c := range []struct {
		value, low, high float64
		want             [3]string
	}{
		{35.34, 29.391, 29.7149, [3]string{"35.34", "29.39", "29.71"}},
		{100.004, 10, 100.0035, [3]string{"100.004", "10", "100.003"}},
		{100, 10, 99.99999, [3]string{"100", "10", "99.99"}},
		{5, 1, 9, [3]string{"5", "1", "9"}},
		{-3.00001, -3, 2, [3]string{"-3.00001", "-3", "2"}},
		{123456.7, 1e4, 123456.2, [3]string{"123457", "10000", "123456"}},
		{.00012, .000345678, 1, [3]string{"0.00012", "0.0003457", "1"}},
	} {
		v, lo, hi := Bounds(c.value, c.low, c.high)
		require.Equal(t, c.want, [3]string{v, lo, hi})
	}
}

// A value outside a range is printed outside of it, and the range stays upright.
func TestBoundsExclude(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scale := math.Pow(10, rapid.Float64Range(-6, 13).Draw(t, "scale"))
		low := rapid.Float64Range(-1, 1).Draw(t, "low") * scale
		high := low + rapid.Float64Range(0, 1).Draw(t, "width")*scale
		off := math.Pow(10, rapid.Float64Range(-9, 1).Draw(t, "off")) * scale
		value := high + off
		if rapid.Bool().Draw(t, "below") {
			value = low - off
		}
		if value >= low && value <= high {
			return
		}
		var got [3]float64
		v, lo, hi := Bounds(value, low, high)
		for i, s := range []string{v, lo, hi} {
			var err error
			got[i], err = strconv.ParseFloat(s, 64)
			require.NoError(t, err)
		}
		require.LessOrEqual(t, got[1], got[2], "%s: %s to %s", v, lo, hi)
		require.False(t, got[0] >= got[1] && got[0] <= got[2], "%s in %s to %s: %v in %v to %v", v, lo, hi, value, low, high)
	})
}
