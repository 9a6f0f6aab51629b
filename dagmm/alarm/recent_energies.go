package alarm

import (
	"math"
	"slices"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
)

const (
	recentSpan  = 4 * time.Hour
	recentMost  = 240 // energies remembered
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

	usual  float64 // median of training
	every  int     // of so many samples one is remembered
	sorted []float64
}

// follow prepares for the energies of a model and an interval. What is remembered stays
// where it fits.
func (b *recentEnergies) follow(c dagmm.Calibration, interval time.Duration) {
	n := min(max(int(recentSpan/interval), recentLeast), recentMost)
	b.usual, b.every = c.Quantile(.5), max(1, int(recentSpan/interval)/n)
	if len(b.ring) != n {
		b.ring, b.oldest, b.waited = slices.Repeat([]float64{b.usual}, n), 0, 0
	}
	b.sorted = slices.Clone(b.ring)
	slices.Sort(b.sorted)
}

// shift returns by how much an ordinary energy lies above that of training, at least 0.
func (b *recentEnergies) shift() float64 {
	return max(0, b.median()-b.usual)
}

func (b *recentEnergies) median() float64 { return b.sorted[len(b.sorted)/2] }

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
	old := b.ring[b.oldest]
	b.ring[b.oldest] = energy
	b.oldest = (b.oldest + 1) % len(b.ring)
	replaceSorted(b.sorted, old, energy)
}

// replaceSorted replaces old by v in an ascending slice.
func replaceSorted(s []float64, old, v float64) {
	from, _ := slices.BinarySearch(s, old)
	to, _ := slices.BinarySearch(s, v)
	if to > from {
		to--
		copy(s[from:to], s[from+1:to+1])
	} else {
		copy(s[to+1:from+1], s[to:from])
	}
	s[to] = v
}

// noEnergy stands for the energy of a sample without a score, and noValue for that of a
// metric.
var noEnergy, noValue = math.NaN(), math.NaN()
