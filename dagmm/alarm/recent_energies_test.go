package alarm

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/metric-streams/anomaly/dagmm"
)

func newRecentEnergies(interval time.Duration) *recentEnergies {
	b := new(recentEnergies)
	b.follow(dagmm.NewCalibration(draws(500, 1, chiSquare)), interval)
	return b
}

func TestRecentEnergiesIsTheMedianOfRecentEnergies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newRecentEnergies(10 * time.Minute)
		ring := slices.Clone(b.ring)
		for _, e := range rapid.SliceOfN(rapid.Float64Range(-50, 50), 1, 100).Draw(t, "energies") {
			b.observe(e)
			ring = append(ring[1:], e)
			sorted := slices.Clone(ring)
			slices.Sort(sorted)
			for i, e := range sorted {
				require.Equal(t, e, b.ring[b.order[i]])
			}
			require.Equal(t, max(0, sorted[len(sorted)/2]-b.usual), b.shift())
		}
	})
}

func TestRecentEnergiesFollowsAfterHalfItsSpan(t *testing.T) {
	for _, interval := range []time.Duration{time.Second, time.Minute, 5 * time.Minute} {
		t.Run(interval.String(), func(t *testing.T) {
			b := newRecentEnergies(interval)
			half := int(recentSpan / interval / 2)
			for range half - 60 {
				b.observe(b.usual + 100)
			}
			require.Zero(t, b.shift(), interval)
			for range 120 {
				b.observe(b.usual + 100)
			}
			require.InDelta(t, 100, b.shift(), 1e-9, interval)
			require.LessOrEqual(t, len(b.ring), recentMost)
		})
	}
}

func TestRecentEnergiesTakesNoGaps(t *testing.T) {
	b := newRecentEnergies(time.Minute)
	want := slices.Clone(b.ring)
	b.observe(math.NaN())
	b.observe(math.Inf(1))
	require.Equal(t, want, b.ring)
}

func BenchmarkRecentEnergies(b *testing.B) {
	base, energies := newRecentEnergies(time.Minute), draws(4096, 2, chiSquare)
	b.ReportAllocs()
	for i := range b.N {
		base.observe(energies[i%len(energies)])
	}
}
