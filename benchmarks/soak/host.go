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
// that a process that starts again sends the same ones.
type host struct {
	seed uint64
	base [4]float64
	kind int // 0 steady, 1 with gaps, 2 drifting, 3 with samples out of order
}

func newHost(seed uint64, h int) *host {
	rng := rand.New(rand.NewPCG(seed, uint64(h)))
	return &host{seed: seed<<20 + uint64(h), kind: h % 4,
		base: [4]float64{20 + 30*rng.Float64(), 30 + 40*rng.Float64(), 5 + 20*rng.Float64(), math.Exp(13 + 3*rng.Float64())}}
}

// firstIncident is after the first model; then one comes every incidentEvery minutes.
const (
	firstIncident = 2000
	incidentEvery = 2900
	incidentLasts = 12
)

// incident tells whether one begins at minute i.
func (h *host) incident(i int) bool {
	shift := int(h.seed % 600)
	return i >= firstIncident+shift && (i-firstIncident-shift)%incidentEvery == 0
}

// sample returns the i-th sample of the host, nil where none comes.
func (h *host) sample(i int) (time.Time, []float64) {
	if h.kind == 3 { // neighbours change places
		i ^= 1
	}
	if h.kind == 1 && i/60%97 == 5 {
		return time.Time{}, nil
	}
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
	return start.Add(time.Duration(i) * time.Minute), x
}
