package counter

import "math"

// Total is one reading of a counter. The zero Total is Approximate(0).
type Total struct {
	value float64
	exact uint64 // the total where form is whole
	form  totalForm
}

// Where a register of 32 or 64 bits wraps.
const (
	limit32 = 1 << 32
	limit64 = 1 << 64
)

type totalForm int

const (
	approximate totalForm = iota // a float64, which may be rounded
	whole                        // an exact integer
	fractional                   // not an integer
)

// Whole returns a total that is known exactly. A float64 holds integers exactly only up to
// 2^53.
func Whole(n uint64) Total { return Total{value: float64(n), exact: n, form: whole} }

// Approximate returns a total that a float64 holds. Above 2^53 it may be rounded: near 2^64
// by up to 1024, and a rate after a wrap at 2^64 is off by as much.
func Approximate(v float64) Total { return Total{value: v} }

// Fractional returns a total that is not an integer. No 32-bit or 64-bit register holds it,
// so a fall is always a reset.
func Fractional(v float64) Total { return Total{value: v, form: fractional} }

func (t Total) isFinite() bool { return !math.IsNaN(t.value) && !math.IsInf(t.value, 0) }

// under reports whether t is less than last.
func (t Total) under(last Total) bool {
	if t.form == whole && last.form == whole {
		return t.exact < last.exact
	}
	return t.value < last.value
}

// minus returns t - last, where t is not under last.
func (t Total) minus(last Total) float64 {
	if t.form == whole && last.form == whole {
		return float64(t.exact - last.exact)
	}
	return t.value - last.value
}

// over returns the way from last up to the limit, 2^32 or 2^64, and on from 0 to t.
func (t Total) over(limit float64, last Total) float64 {
	if t.form != whole || last.form != whole {
		return limit - last.value + t.value
	}
	step := t.exact - last.exact // modulo 2^64
	if limit == limit32 {
		step += limit32
	}
	return float64(step)
}

// fits reports whether a register that wraps at the limit can hold t.
func (t Total) fits(limit float64) bool {
	return t.form != fractional && t.value >= 0 && t.value <= limit // 2^64-1 is rounded to 2^64
}
