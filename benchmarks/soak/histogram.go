package main

import (
	"math"
	"math/bits"
	"time"
)

const (
	fine     = 4               // bits: 16 buckets an octave, 6 % wide
	octaves  = 36              // up to a minute
	nBuckets = octaves << fine // of which the last takes all above
)

// histogram counts durations in buckets of equal ratio: its size does not depend on how
// many there are.
type histogram [nBuckets]uint64

func (h *histogram) add(d time.Duration) {
	v := uint64(max(d, 1))
	octave := bits.Len64(v) - 1
	rest := v << (63 - octave) << 1 >> (64 - fine) // the bits after the first
	h[min(octave<<fine+int(rest), nBuckets-1)]++
}

func (h *histogram) merge(other histogram) {
	for i, n := range other {
		h[i] += n
	}
}

func (h *histogram) count() (n uint64) {
	for _, k := range h {
		n += k
	}
	return n
}

// quantile returns the upper end of the bucket that holds it, 0 for none.
func (h *histogram) quantile(q float64) time.Duration {
	rank, n := uint64(math.Ceil(q*float64(h.count()))), uint64(0)
	for i, k := range h {
		if n += k; n >= rank && n > 0 {
			octave, rest := i>>fine, i&(1<<fine-1)
			return time.Duration(math.Ldexp(1+float64(rest+1)/(1<<fine), octave))
		}
	}
	return 0
}
