package dagmm

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func newBaseline(interval time.Duration) *baseline {
	b := new(baseline)
	b.follow(NewCalibration(draws(500, 1, chiSquare)), interval)
	return b
}

func TestBaselineIsTheMedianOfRecentEnergies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBaseline(10 * time.Minute)
		ring := slices.Clone(b.Recent)
		for _, e := range rapid.SliceOfN(rapid.Float64Range(-50, 50), 1, 100).Draw(t, "energies") {
			b.observe(e)
			ring = append(ring[1:], e)
			sorted := slices.Clone(ring)
			slices.Sort(sorted)
			require.Equal(t, sorted, b.sorted)
			require.Equal(t, max(0, sorted[len(sorted)/2]-b.usual), b.shift())
		}
	})
}

func TestBaselineFollowsAfterHalfItsSpan(t *testing.T) {
	for _, interval := range []time.Duration{time.Second, time.Minute, 5 * time.Minute} {
		b := newBaseline(interval)
		half := int(baselineSpan / interval / 2)
		for range half - 60 {
			b.observe(b.usual + 100)
		}
		require.Zero(t, b.shift(), interval)
		for range 120 {
			b.observe(b.usual + 100)
		}
		require.InDelta(t, 100, b.shift(), 1e-9, interval)
		require.LessOrEqual(t, len(b.Recent), baselineMost)
	}
}

func TestBaselineTakesNoGaps(t *testing.T) {
	b := newBaseline(time.Minute)
	want := slices.Clone(b.Recent)
	b.observe(math.NaN())
	b.observe(math.Inf(1))
	require.Equal(t, want, b.Recent)
}

func BenchmarkBaseline(b *testing.B) {
	base, energies := newBaseline(time.Minute), draws(4096, 2, chiSquare)
	b.ReportAllocs()
	for i := range b.N {
		base.observe(energies[i%len(energies)])
	}
}
