package counter

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// exactRule is the rule that files were read by before there was this package. It knows
// totals of whole digits exactly.
type exactRule struct {
	seen, whole   bool
	last          uint64
	lastF         float64
	at            int64
	top, most     float64
	wraps, resets int
}

func (c *exactRule) next(n uint64, whole bool, v float64, at int64) float64 {
	if math.IsNaN(v) {
		return math.NaN()
	}
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

func (c *exactRule) wholeRate(n uint64, seconds float64) float64 {
	if n >= c.last {
		return float64(n-c.last) / seconds
	}
	const limit32, limit64 = 1 << 32, 1 << 64
	step, limit := n-c.last, float64(limit64)
	if c.most < limit32 {
		step, limit = n+limit32-c.last, limit32
	}
	rate := float64(step) / seconds
	usual := rate <= 10*c.top || c.top == 0 && float64(step) < limit/4
	if float64(c.last) >= limit/2 && usual {
		c.wraps++
		return rate
	}
	c.resets++
	return math.NaN()
}

// floatRule is the rule that streams were read by before there was this package. It knows
// 32-bit counters in a float64.
type floatRule struct {
	seen          bool
	value         float64
	at            time.Time
	top           float64
	wraps, resets int
}

func (c *floatRule) next(v float64, t time.Time) float64 {
	const wrap32 = 1 << 32
	if v != v {
		return math.NaN()
	}
	last := *c
	c.seen, c.value, c.at = true, v, t
	if !last.seen {
		return math.NaN()
	}
	seconds := t.Sub(last.at).Seconds()
	rate := (v - last.value) / seconds
	if rate < 0 {
		rate = (v - last.value + wrap32) / seconds
		likely := rate <= 10*last.top || last.top == 0 && v-last.value+wrap32 < wrap32/4
		if last.value < wrap32/2 || last.value >= wrap32 || !likely {
			c.resets++
			return math.NaN()
		}
		c.wraps++
	}
	c.top = max(c.top, rate)
	return rate
}

// walk draws the totals of a counter of some bits: mostly usual steps, which wrap, and some
// resets and jumps.
func walk(rng *rand.Rand, bits, steps int) []uint64 {
	mask := uint64(math.MaxUint64) >> (64 - bits)
	n := rng.Uint64() & mask
	if rng.IntN(2) == 0 {
		n = mask - rng.Uint64N(10000)
	}
	usual := uint64(1) << rng.IntN(bits)
	var out []uint64
	for range steps {
		out = append(out, n)
		switch rng.IntN(12) {
		case 0:
			n = rng.Uint64N(1000)
		case 1:
			n = rng.Uint64() & mask
		case 2:
			n = mask - rng.Uint64N(1000)
		default:
			n = (n + rng.Uint64N(usual) + usual/2) & mask
		}
	}
	return out
}

// Totals of whole digits and fractions, in any order of time, give what they gave before, to
// the last bit.
func TestAgainstExactRule(t *testing.T) {
	for _, bits := range []int{20, 32, 33, 62, 64} {
		t.Run(fmt.Sprint(bits, " bits"), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(uint64(bits), 1))
			wraps, resets := 0, 0
			for range 2000 {
				var k Counter
				var old exactRule
				at := rng.Int64N(1e18)
				newWraps, newResets := 0, 0
				for i, n := range walk(rng, bits, 40) {
					v, whole := float64(n), true
					switch rng.IntN(20) {
					case 0:
						v = math.NaN()
					case 1:
						v, whole = v+.5, false
					}
					total := Fractional(v)
					if whole && !math.IsNaN(v) {
						total = Whole(n)
					}
					want := old.next(n, whole, v, at)
					got, outcome := k.Next(total, time.Unix(0, at))
					requireRate(t, want, got, i)
					switch outcome {
					case Wrapped:
						newWraps++
					case Reset:
						newResets++
					}
					if rng.IntN(20) > 0 {
						at += rng.Int64N(100e9) - 5e9
					}
				}
				require.Equal(t, []int{old.wraps, old.resets}, []int{newWraps, newResets})
				wraps, resets = wraps+newWraps, resets+newResets
			}
			require.Positive(t, resets)
			require.Equal(t, bits == 32 || bits == 64, wraps > 200, "%d wraps", wraps)
		})
	}
}

// Totals below 2^32 in a float64 give what they gave before: to the last bit where the steps
// are whole seconds, and else but for the rounding of the seconds.
func TestAgainstFloatRule(t *testing.T) {
	for name, c := range map[string]struct {
		unit  time.Duration
		error float64
	}{"seconds": {time.Second, 0}, "nanoseconds": {1, 0x1p-51}} {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(7, 1))
			wraps, resets := 0, 0
			for range 5000 {
				var k Counter
				var old floatRule
				at := time.Unix(rng.Int64N(1e9), 0)
				for i, n := range walk(rng, 32, 40) {
					v := float64(n)
					if rng.IntN(20) == 0 {
						v = math.NaN()
					}
					before := old
					want := old.next(v, at)
					got, outcome := k.Next(Approximate(v), at)
					require.Equal(t, old.wraps-before.wraps == 1, outcome == Wrapped, "step %d", i)
					require.Equal(t, old.resets-before.resets == 1, outcome == Reset, "step %d", i)
					require.Equal(t, math.IsNaN(want), math.IsNaN(got))
					if !math.IsNaN(want) {
						require.LessOrEqual(t, math.Abs(got-want), c.error*want, "step %d: %v, want %v", i, got, want)
					}
					at = at.Add(time.Duration(1+rng.Int64N(100e9/int64(c.unit))) * c.unit)
				}
				wraps, resets = wraps+old.wraps, resets+old.resets
			}
			require.Greater(t, wraps, 1000)
			require.Greater(t, resets, 1000)
		})
	}
}

// Past 2^32 a total in a float64 rises as before. What falls was always a reset and can now
// be a wrap at 2^64, as the exact rule has it for the same totals.
func TestFloatTotalsWrapAsExactOnes(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 1))
	wraps := 0
	for range 3000 {
		var k Counter
		var exact exactRule
		var old floatRule
		at := time.Unix(rng.Int64N(1e9), 0)
		for i, n := range walk(rng, 64, 20) {
			n = n >> 12 << 12 // a float64 holds it
			beforeExact, beforeOld := exact, old
			want := exact.next(n, true, float64(n), at.UnixNano())
			rose := old.next(float64(n), at)
			got, outcome := k.Next(Approximate(float64(n)), at)
			requireRate(t, want, got, i)
			require.Equal(t, exact.wraps-beforeExact.wraps == 1, outcome == Wrapped)
			if outcome == Rate {
				requireRate(t, rose, got, i)
			}
			if outcome == Wrapped && exact.most >= limit32 {
				require.Equal(t, 1, old.resets-beforeOld.resets)
				wraps++
			}
			at = at.Add(time.Duration(1+rng.IntN(100)) * time.Second)
		}
	}
	require.Greater(t, wraps, 500)
}
