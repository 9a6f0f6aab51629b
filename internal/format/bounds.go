package format

import (
	"math"
	"strconv"
)

// leastDigits is how many significant digits are printed where they suffice.
const leastDigits = 4

// Bounds prints a value and the range from low to high. Where the value is outside, so is the
// printed value of the printed range: the bounds are rounded away from the value, with as many
// digits as that takes.
func Bounds(value, low, high float64) (v, lo, hi string) {
	for digits := leastDigits; digits < 17; digits++ {
		v, lo, hi = digitsOf(value, digits), digitsOf(low, digits), digitsOf(high, digits)
		switch {
		case value > high:
			hi = rounded(high, digits, math.Inf(-1))
			if parsed(hi) < parsed(v) {
				return v, lesser(lo, hi), hi
			}
		case value < low:
			lo = rounded(low, digits, math.Inf(1))
			if parsed(lo) > parsed(v) {
				return v, lo, greater(hi, lo)
			}
		default:
			return v, lo, hi
		}
	}
	exact := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	return exact(value), exact(low), exact(high)
}

// lesser and greater keep a narrow range from turning over in rounding.
func lesser(a, b string) string {
	if parsed(a) > parsed(b) {
		return b
	}
	return a
}

func greater(a, b string) string {
	if parsed(a) < parsed(b) {
		return b
	}
	return a
}

// rounded prints v rounded towards the given infinity.
func rounded(v float64, digits int, towards float64) string {
	s := digitsOf(v, digits)
	up := towards > 0
	if p := parsed(s); up && p >= v || !up && p <= v || math.IsInf(v, 0) || v != v {
		return s
	}
	// One unit of the last printed digit further on.
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-float64(digits-1))
	if a := math.Abs(v); a >= 9999.5 && a < 1e15 {
		unit = min(max(unit, 1e-11), 1)
	}
	if !up {
		unit = -unit
	}
	return digitsOf(parsed(s)+unit, digits)
}

// digitsOf is Number with a given number of significant digits. Whole numbers keep all of
// theirs.
func digitsOf(v float64, digits int) string {
	if digits == leastDigits {
		return Number(v)
	}
	if a := math.Abs(v); a >= 9999.5 && a < 1e15 {
		return strconv.FormatFloat(v, 'f', max(0, digits-1-int(math.Log10(a))), 64)
	}
	return strconv.FormatFloat(v, 'g', digits, 64)
}

func parsed(s string) float64 {
	v, _ := strconv.ParseFloat(s, 64) // it was printed from a number
	return v
}
