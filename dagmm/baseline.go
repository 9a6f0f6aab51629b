package dagmm

import (
	"math"
	"slices"
	"time"
)

const (
	baselineSpan  = 4 * time.Hour
	baselineMost  = 240 // energies remembered
	baselineLeast = 24
)

// baseline is by how much the median of a stream's recent energies lies above that of
// training. Thresholds of a budget are relative to it: a host that has moved for good is
// judged by how it is now, some hours after the move, instead of being flagged throughout
// or hidden behind a threshold that had to rise above everything. It never lowers a
// threshold. The hours before the first sample count as ordinary.
type baseline struct {
	Recent []float64 // a ring of energies, Next the oldest
	Next   int
	Waited int // samples since the last one remembered

	usual  float64 // median of training
	every  int     // samples for one remembered
	sorted []float64
}

// follow prepares the baseline, new or restored, for energies of a model and an interval.
func (b *baseline) follow(c Calibration, interval time.Duration) {
	n := min(max(int(baselineSpan/interval), baselineLeast), baselineMost)
	b.usual, b.every = c.quantile(.5), max(1, int(baselineSpan/interval)/n)
	if len(b.Recent) != n {
		b.Recent, b.Next, b.Waited = slices.Repeat([]float64{b.usual}, n), 0, 0
	}
	b.sorted = slices.Clone(b.Recent)
	slices.Sort(b.sorted)
}

// shift is what an ordinary energy is above that of training, at least 0.
func (b *baseline) shift() float64 {
	return max(0, b.sorted[len(b.sorted)/2]-b.usual)
}

// span is how many samples a baseline goes back.
func (b *baseline) span() int { return len(b.Recent) * b.every }

// due tells whether the next sample is one to remember.
func (b *baseline) due() bool { return b.Waited+1 >= b.every }

// observe takes in the energy of a sample; NaN is none.
func (b *baseline) observe(energy float64) {
	due := b.due()
	b.Waited++
	if !due || math.IsNaN(energy) || math.IsInf(energy, 0) {
		return
	}
	b.Waited = 0
	old := b.Recent[b.Next]
	b.Recent[b.Next] = energy
	b.Next = (b.Next + 1) % len(b.Recent)
	replaceSorted(b.sorted, old, energy)
}

// replaceSorted puts v for old into an ascending slice.
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
