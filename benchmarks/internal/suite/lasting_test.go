package suite

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// wanders is a machine of three metrics, of which two move together and one never does.
func wanders(rows int) *Series {
	rng := rand.New(rand.NewPCG(1, 2))
	x := mat.NewDense(rows, 3, nil)
	for r := range rows {
		v := rng.NormFloat64()
		x.SetRow(r, []float64{10 + v, -v + .1*rng.NormFloat64(), 7})
	}
	return &Series{Suite: "asd", Machine: "m", PerDay: 288, Columns: []string{"a", "b", "c"}, Train: x}
}

func TestLasting(t *testing.T) {
	of := wanders(4000)
	before := mat.DenseCopyOf(of.Train)
	s, err := lasting(of)
	require.NoError(t, err)
	require.True(t, mat.Equal(before, of.Train), "the recording stays as it is")
	require.Len(t, s.Faults, lastingFaults)
	end := 0
	for _, f := range s.Faults {
		require.Greater(t, f.Span[0], end, "ordinary rows lie between faults")
		end = f.Span[1]
		minutes := 5 * float64(f.Span[1]-f.Span[0])
		require.True(t, minutes >= 75 && minutes <= 93, "%g minutes", minutes)
		require.NotContains(t, f.Columns, 2, "a metric that never moves")
		if f.Kind != "throttle" {
			require.Equal(t, []int{0, 1}, f.Columns)
		}
	}
	for r, anomalous := range s.Labels {
		moved := 0
		for j := range 3 {
			if d := s.Test.At(r, j) - before.At(2000+r, j); d != 0 {
				moved++
				require.False(t, math.IsNaN(d))
			}
		}
		require.Equal(t, anomalous, moved > 0, "row %d", r)
	}
	again, err := lasting(wanders(4000))
	require.NoError(t, err)
	require.True(t, mat.Equal(s.Test, again.Test), "the same name, the same faults")
}

func TestLastingNeedsRows(t *testing.T) {
	_, err := lasting(wanders(300))
	require.ErrorContains(t, err, "too few")
	flat := wanders(4000)
	for r := range 4000 {
		flat.Train.SetRow(r, []float64{1, 2, 3})
	}
	_, err = lasting(flat)
	require.ErrorContains(t, err, "different values")
}
