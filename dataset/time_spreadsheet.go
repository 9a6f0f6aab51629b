package dataset

import (
	"math"
	"slices"
	"strings"
	"time"
)

// Spreadsheets write a time as the number of days since the end of 1899, and round the
// milliseconds since 1970 to a few digits: 45365.409722, 1.71041E+12.

// isDays reports whether the numbers of a column that is named as a time are day numbers: they
// lie between 1970 and 2100, steps are at most half a day, and fractions have at least five
// digits. A number of seconds has fewer.
func (p *plan) isDays(c int, values []float64, lo, hi float64) bool {
	if lo < day1970 || hi > 73050 {
		return false
	}
	if p.decimals(c) < 5 {
		return p.isDayCount(c, values)
	}
	var steps []float64
	for i := 1; i < len(values); i++ {
		steps = append(steps, math.Abs(values[i]-values[i-1]))
	}
	if len(steps) == 0 {
		return true
	}
	slices.Sort(steps)
	return steps[len(steps)/2] <= .5
}

// isDayCount reports whether whole numbers of a column that is named as a date count days, one by
// one or a few at a time.
func (p *plan) isDayCount(c int, values []float64) bool {
	if !hasWord(p.names[c], []string{"date", "datum", "fecha", "day"}) || hasWord(p.names[c], []string{"time", "zeit"}) {
		return false
	}
	for i, v := range values {
		if v != math.Trunc(v) || i > 0 && math.Abs(v-values[i-1]) > 31 {
			return false
		}
	}
	return len(values) > 0
}

// decimals returns the largest number of digits after the decimal sign in a column's sample.
func (p *plan) decimals(c int) int {
	most, sign := 0, string(rune(p.decimalOf(c).decimal))
	for _, r := range p.body {
		if c < len(r.fields) && sign != "\x00" {
			if _, fraction, ok := strings.Cut(r.fields[c], sign); ok && isDigits([]byte(fraction)) {
				most = max(most, len(fraction))
			}
		}
	}
	return most
}

// dayGrain returns the time to which a day number with so many decimals is exact, in a unit that
// people count in.
func dayGrain(decimals int) time.Duration {
	switch {
	case decimals <= 5:
		return time.Second
	case decimals == 6:
		return 100 * time.Millisecond
	case decimals == 7:
		return 10 * time.Millisecond
	}
	return time.Millisecond
}

// isRounded reports whether most times since 1970 in a column have an exponent and too few
// digits to tell one minute from the next.
func (p *plan) isRounded(c int) bool {
	rounded, all := 0, 0
	for _, r := range p.body {
		if c >= len(r.fields) || p.isMissing([]byte(r.fields[c])) {
			continue
		}
		all++
		mantissa, _, ok := strings.Cut(strings.ToLower(r.fields[c]), "e")
		if ok && len(strings.Trim(mantissa, "0")) <= 7 {
			rounded++
		}
	}
	return 2*rounded > all
}
