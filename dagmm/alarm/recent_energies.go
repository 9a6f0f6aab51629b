package alarm

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
)

const (
	recentSpan  = 4 * time.Hour
	recentMost  = 240 // energies remembered; their places fit a byte
	recentLeast = 24
)

// recentEnergies knows by how much the median of a stream's energies over the last hours
// lies above that of training. The thresholds of a budget are relative to it: some hours
// after a host has moved for good it is judged by how it is now. Otherwise it would be
// flagged throughout, or hidden behind a threshold that had to rise above everything. The
// shift never lowers a threshold. The hours before the first sample count as ordinary.
type recentEnergies struct {
	ring   []float64
	oldest int // in the ring
	waited int // samples since the last one remembered

	usual float64 // median of training
	every int     // of so many samples one is remembered
	order []uint8 // places in the ring, by rising energy
}

// follow prepares for the energies of a model and an interval. What is remembered stays
// where it fits.
func (b *recentEnergies) follow(c dagmm.Calibration, interval time.Duration) {
	n := min(max(int(recentSpan/interval), recentLeast), recentMost)
	b.usual, b.every = c.Quantile(.5), max(1, int(recentSpan/interval)/n)
	if len(b.ring) != n {
		b.ring, b.oldest, b.waited = slices.Repeat([]float64{b.usual}, n), 0, 0
	}
	b.order = make([]uint8, n)
	for i := range b.order {
		b.order[i] = uint8(i)
	}
	slices.SortFunc(b.order, func(i, j uint8) int { return cmp.Compare(b.ring[i], b.ring[j]) })
}

// shift returns by how much an ordinary energy lies above that of training, at least 0.
func (b *recentEnergies) shift() float64 {
	return max(0, b.median()-b.usual)
}

func (b *recentEnergies) median() float64 { return b.ring[b.order[len(b.order)/2]] }

// span returns how many samples the ring goes back.
func (b *recentEnergies) span() int { return len(b.ring) * b.every }

// due reports whether the next sample is one to remember.
func (b *recentEnergies) due() bool { return b.waited+1 >= b.every }

// observe takes the energy of the next sample; NaN where it has none.
func (b *recentEnergies) observe(energy float64) {
	due := b.due()
	b.waited++
	if !due || math.IsNaN(energy) || math.IsInf(energy, 0) {
		return
	}
	b.waited = 0
	b.replace(energy)
	b.oldest = (b.oldest + 1) % len(b.ring)
}

// replace puts the energy in the place of the oldest one and keeps the order.
func (b *recentEnergies) replace(energy float64) {
	from := bytes.IndexByte(b.order, uint8(b.oldest))
	to, _ := slices.BinarySearchFunc(b.order, energy, func(i uint8, e float64) int { return cmp.Compare(b.ring[i], e) })
	if to > from {
		to--
		copy(b.order[from:to], b.order[from+1:to+1])
	} else {
		copy(b.order[to+1:from+1], b.order[to:from])
	}
	b.order[to], b.ring[b.oldest] = uint8(b.oldest), energy
}

// noEnergy stands for the energy of a sample without a score, and noValue for that of a
// metric.
var noEnergy, noValue = math.NaN(), math.NaN()
