package evaluate

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func timeline(t *testing.T, scores []float64, labels string, perDay float64, gap int) *Timeline {
	t.Helper()
	tl, err := NewTimeline(scores, flags(labels), perDay, gap)
	require.NoError(t, err)
	return tl
}

func TestIncidents(t *testing.T) {
	require.Equal(t, []Span{{0, 1}, {3, 5}, {6, 7}}, Incidents(flags("1001101")))
	require.Empty(t, Incidents(flags("000")))
}

func TestOperationByHand(t *testing.T) {
	labels := "000001110000011000"
	alarms := "xx0x000xx00x00000x"
	//         ^^ ^   TP^  ^     ^ false
	tl := timeline(t, make([]float64, len(labels)), labels, 9, 0) // 2 days
	for gap, want := range map[int]int{
		0: 5, // rows 0–1, 3, 8, 11, 17
		1: 4, // one quiet row between 1 and 3
		2: 3, // two quiet rows between 8 and 11
		4: 2, // between 3 and 8 lie four rows, one of them a hit
		5: 1,
	} {
		tl.gap = gap
		o, err := tl.Flagged(flags(alarms))
		require.NoError(t, err)
		require.Equal(t, want, o.FalseEpisodes, "gap %d", gap)
		require.Equal(t, float64(want)/2, o.EpisodesPerDay)
		require.Equal(t, .5, o.EventRecall())
		require.Equal(t, 2., o.Delay, "found at its third row")
	}
}

func TestOperationWithoutEvents(t *testing.T) {
	o := timeline(t, []float64{1, 2}, "00", 1, 0).At(1)
	require.True(t, math.IsNaN(o.EventRecall()))
	require.True(t, math.IsNaN(o.Delay))
	require.Equal(t, 1, o.FalseEpisodes)
}

func TestBudgetByHand(t *testing.T) {
	scores := []float64{9, 1, 8, 7, 3, 6, 5, 2}
	tl := timeline(t, scores, "00010010", 8, 0) // one day; events at rows 3 and 6
	none := tl.AtBudget(0)
	require.Equal(t, 9., none.Threshold)
	require.Zero(t, none.Detected)
	one := tl.AtBudget(1) // row 0 is the one episode, row 2 would be the second
	require.Equal(t, 8., one.Threshold)
	two := tl.AtBudget(2) // rows 0 and 2, and the event at row 3; row 5 would be the third
	require.Equal(t, 6., two.Threshold)
	require.Equal(t, 1, two.Detected)
	require.Equal(t, 2, two.FalseEpisodes)
	all := tl.AtBudget(100)
	require.True(t, math.IsInf(all.Threshold, -1))
	require.Equal(t, 2, all.Detected)
}

// The incremental count agrees with counting afresh at every level.
func TestBudgetAgainstCounting(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for trial := range 200 {
		n := 5 + rng.IntN(60)
		scores, labels := make([]float64, n), make([]bool, n)
		for i := range scores {
			scores[i], labels[i] = float64(rng.IntN(20)), rng.IntN(6) == 0
		}
		tl, err := NewTimeline(scores, labels, 10, rng.IntN(4))
		require.NoError(t, err)
		allowed := float64(rng.IntN(6))
		want := math.Inf(-1)
		for level := 19.; level >= 0; level-- {
			if float64(tl.At(level-.5).FalseEpisodes) > allowed {
				want = level
				break
			}
		}
		require.Equal(t, want, tl.budgetThreshold(allowed), "trial %d", trial)
	}
}

func TestTimelineRejects(t *testing.T) {
	for _, c := range []struct {
		scores []float64
		labels []bool
		perDay float64
		gap    int
	}{
		{[]float64{1}, []bool{true, true}, 1, 0},
		{[]float64{1}, []bool{true}, 0, 0},
		{[]float64{1}, []bool{true}, math.NaN(), 0},
		{[]float64{1}, []bool{true}, 1, -1},
		{nil, nil, 1, 0},
	} {
		_, err := NewTimeline(c.scores, c.labels, c.perDay, c.gap)
		require.Error(t, err)
	}
	_, err := timeline(t, []float64{1}, "1", 1, 0).Flagged(nil)
	require.Error(t, err)
}
