package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

var columns = []string{"cpu", "mem", "disk", "net_in"}

func name(h int) string { return fmt.Sprintf("host-%03d", h) }

// host makes the samples of one machine. Each depends on seed, host and minute alone, so
// that a process that starts again sends the same ones. Its net_in is a running total: of
// 32 bits where it wraps, and beginning anew when the others are started again.
type host struct {
	seed  uint64
	base  [4]float64
	kind  int // 0 steady, 1 with gaps, 2 drifting, 3 with samples out of order
	wraps bool
	known int                  // totals up to this minute, itself not included,
	total [recentTotals]uint64 // of which these are kept, in a ring
}

const (
	recentTotals  = 16
	firstRestart  = 1500 // of a host whose counter does not wrap
	restartsEvery = 4321
)

func newHost(seed uint64, h int) *host {
	rng := rand.New(rand.NewPCG(seed, uint64(h)))
	return &host{seed: seed<<20 + uint64(h), kind: h % 4, wraps: h%2 == 0,
		base: [4]float64{20 + 30*rng.Float64(), 30 + 40*rng.Float64(), 5 + 20*rng.Float64(), math.Exp(13 + 3*rng.Float64())}}
}

// firstIncident is after the first model; then one comes every incidentEvery minutes.
const (
	firstIncident = 2000
	incidentEvery = 2900
	incidentLasts = 12
)

func (h *host) shift() int { return int(h.seed % 600) }

// incident reports whether one begins at minute i.
func (h *host) incident(i int) bool {
	since := i - firstIncident - h.shift()
	return since >= 0 && since%incidentEvery == 0
}

// restarts reports whether the host's counters begin anew before minute i.
func (h *host) restarts(i int) bool {
	since := i - firstRestart - h.shift()
	return !h.wraps && since >= 0 && since%restartsEvery == 0
}

// silent reports whether nothing comes at minute i.
func (h *host) silent(i int) bool { return h.kind == 1 && i/60%97 == 5 }

// sample returns the i-th sample of the host, nil where none comes.
func (h *host) sample(i int) (time.Time, []float64) {
	if h.kind == 3 { // neighbours change places
		i ^= 1
	}
	if h.silent(i) {
		return time.Time{}, nil
	}
	x := h.gauges(i)
	x[3] = float64(h.counter(i))
	return start.Add(time.Duration(i) * time.Minute), x
}

// gauges are the sample's values with the rate in place of the total.
func (h *host) gauges(i int) []float64 {
	rng := rand.New(rand.NewPCG(h.seed, uint64(i)))
	load := math.Sin(2*math.Pi*float64(i%1440)/1440) + .5*rng.NormFloat64()
	x := []float64{h.base[0] + 6*load + rng.NormFloat64(), h.base[1] + 2*load + .5*rng.NormFloat64(),
		h.base[2] + 2*load + .5*rng.NormFloat64(), h.base[3] * math.Exp(.3*load+.1*rng.NormFloat64())}
	if h.kind == 2 {
		x[1] += float64(i) / 1440 // drifts by half a standard deviation a day
	}
	if h.kind == 1 && rng.IntN(200) == 0 {
		x[2] = math.NaN()
	}
	for k := range incidentLasts {
		if h.incident(i - k) {
			x[0] = 99.5
		}
	}
	return x
}

// counter returns the total at minute i, which is at most recentTotals before the latest
// one asked for.
func (h *host) counter(i int) uint64 {
	for ; h.known <= i; h.known++ {
		sum := h.total[(h.known+recentTotals-1)%recentTotals]
		if h.restarts(h.known) {
			sum = 0
		}
		sum += uint64(60 * h.gauges(h.known)[3])
		if h.wraps {
			sum %= 1 << 32
		}
		h.total[h.known%recentTotals] = sum
	}
	return h.total[i%recentTotals]
}
