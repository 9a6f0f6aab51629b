package dataset

import "math"

// counter turns a running total into its increase per second.
type counter struct {
	seen  bool
	whole bool // last holds the total exactly; a float64 could not above 2^53
	last  uint64
	lastF float64
	at    int64   // time of the last total, nanoseconds
	top   float64 // the largest rate so far
	most  float64 // the largest total so far

	wraps, resets int
}

// next takes a total at a time in nanoseconds and returns the rate since the last, or NaN
// where there is none. A total without a value leaves the counter as it is: the next rate
// is then the mean over the gap.
func (c *counter) next(cell []byte, v float64, at int64) float64 {
	if math.IsNaN(v) {
		return math.NaN()
	}
	n, whole := parseWhole(cell)
	seconds := float64(at-c.at) / 1e9
	if c.seen && seconds == 0 {
		return math.NaN()
	}
	rate := math.NaN()
	if c.seen && seconds > 0 {
		if whole && c.whole {
			rate = c.wholeRate(n, seconds)
		} else if rate = (v - c.lastF) / seconds; rate < 0 {
			c.resets++
			rate = math.NaN()
		}
	}
	c.seen, c.whole, c.last, c.lastF, c.at = true, whole, n, v, at
	c.most = math.Max(c.most, v)
	if rate > c.top {
		c.top = rate
	}
	return rate
}

func (c *counter) wholeRate(n uint64, seconds float64) float64 {
	if n >= c.last {
		return float64(n-c.last) / seconds
	}
	const limit32, limit64 = 1 << 32, 1 << 64
	step, limit := n-c.last, float64(limit64) // modulo 2^64
	if c.most < limit32 {
		step, limit = n+limit32-c.last, limit32
	}
	// A wrap comes from near the limit and looks like the steps before; else the counter
	// began anew.
	rate := float64(step) / seconds
	usual := rate <= 10*c.top || c.top == 0 && float64(step) < limit/4
	if float64(c.last) >= limit/2 && usual {
		c.wraps++
		return rate
	}
	c.resets++
	return math.NaN()
}

// parseWhole reads digits only.
func parseWhole(b []byte) (n uint64, ok bool) {
	if len(b) == 0 || len(b) > 20 {
		return 0, false
	}
	for _, d := range b {
		if d < '0' || d > '9' {
			return 0, false
		}
		next := n*10 + uint64(d-'0')
		if n > math.MaxUint64/10 || next < n*10 {
			return 0, false
		}
		n = next
	}
	return n, true
}
