package evaluate

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAtCountsAboveTheThreshold(t *testing.T) {
	r := ranking(t, []float64{5, 4, 4, 2, 1}, "10100")
	require.Equal(t, Confusion{TP: 1, FP: 0, FN: 1, TN: 3}, r.At(4))
	c := r.At(3)
	require.Equal(t, Confusion{TP: 2, FP: 1, FN: 0, TN: 2}, c)
	require.InDelta(t, 2./3, c.Precision(), 1e-15)
	require.Equal(t, 1., c.Recall())
	require.InDelta(t, .8, c.F1(), 1e-15)
	require.InDelta(t, 1./3, c.FalseAlarmRate(), 1e-15)
	require.InDelta(t, 100./3, c.ObservedToNominal(.99), 1e-10)
}

func TestConfusionOfNothing(t *testing.T) {
	c := ranking(t, []float64{1, 2}, "01").At(math.Inf(1))
	require.Equal(t, [3]float64{}, [3]float64{c.Precision(), c.Recall(), c.F1()})
	require.Zero(t, Confusion{}.FalseAlarmRate())
}

func TestTopFlagsAShare(t *testing.T) {
	r := ranking(t, []float64{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, "1011000000")
	require.Equal(t, Confusion{TP: 2, FP: 1, FN: 1, TN: 6}, r.Top(.3))
	require.InDelta(t, 2./3, r.Top(.3).F1(), 1e-15)
	require.Zero(t, r.Top(0).TP)
	require.Equal(t, 3., r.Top(1).TP)
	require.Equal(t, 3., r.Top(2).TP, "a share over 1 flags everything")
}

// Two of three tied rows are flagged, one of the three is anomalous: 2/3 of it
// is expected among them.
func TestTopSplitsTies(t *testing.T) {
	r := ranking(t, []float64{9, 5, 5, 5, 1, 1}, "100100")
	c := r.Top(.5)
	require.InDelta(t, 1+2./3, c.TP, 1e-15)
	require.InDelta(t, 3-c.TP, c.FP, 1e-15)
	require.InDelta(t, c.TP/3, c.Precision(), 1e-15)
}
