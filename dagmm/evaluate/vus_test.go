package evaluate

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// The scores, labels and three values are the compatibility tests of aeon's
// anomaly-detection metrics against the authors' implementation: two single
// buffers and the volume.
func TestVUSPublished(t *testing.T) {
	file, err := os.Open("testdata/vus.csv")
	require.NoError(t, err)
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	var scores []float64
	var labels []bool
	for _, r := range records[1:] {
		s, err := strconv.ParseFloat(r[0], 64)
		require.NoError(t, err)
		scores, labels = append(scores, s), append(labels, r[1] == "1")
	}
	tl, err := NewTimeline(scores, labels, 1, 0)
	require.NoError(t, err)
	require.InDelta(t, .3737854660, area(tl, 10), 1e-10)
	require.InDelta(t, .2506464391, area(tl, 4), 1e-10)
	require.InDelta(t, .7493254559, tl.VUSPR(200), 1e-10)
}

func area(tl *Timeline, buffer int) float64 {
	weight, segment := make([]float64, len(tl.scores)), make([]int, len(tl.scores))
	tl.fade(weight, buffer)
	return tl.rangeArea(weight, segment, number(segment, weight))
}

// One event, no buffer: the highest score is a miss (precision 0), then both
// anomalous rows (1/2, 2/3) at recall ½ and 1. Trapezoids from (0, 1).
func TestVUSByHand(t *testing.T) {
	tl := timeline(t, []float64{1, 3, 2, 4}, "0110", 1, 0)
	require.InDelta(t, .5*(0+.5)/2+.5*(.5+2./3)/2, tl.VUSPR(0), 1e-15)
}

func TestVUSSlopes(t *testing.T) {
	tl := timeline(t, make([]float64, 7), "0001000", 1, 0)
	weight := make([]float64, 7)
	tl.fade(weight, 4)
	require.InDeltaSlice(t, []float64{0, math.Sqrt(.5), math.Sqrt(.75), 1, math.Sqrt(.75), 0, 0}, weight, 1e-15)
}

func TestVUSDegenerate(t *testing.T) {
	require.True(t, math.IsNaN(timeline(t, []float64{1, 2}, "00", 1, 0).VUSPR(4)))
	require.Zero(t, timeline(t, []float64{2, 2}, "01", 1, 0).VUSPR(4))
	require.InDelta(t, 1, timeline(t, []float64{1, 1, 5, 5, 1, 1}, "001100", 1, 0).VUSPR(0), 1e-15)
}
