package suite

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm/evaluate"
)

func TestGenerated(t *testing.T) {
	a, err := generate("generated-1")
	require.NoError(t, err)
	again, err := generate("generated-1")
	require.NoError(t, err)
	require.Equal(t, a, again)
	b, err := generate("generated-2")
	require.NoError(t, err)
	require.False(t, mat.Equal(a.Test, b.Test))

	count := map[string]int{}
	for _, f := range a.Faults {
		count[f.Kind]++
		for row := f.Span[0]; row < f.Span[1]; row++ {
			require.True(t, a.Labels[row])
		}
	}
	require.Equal(t, map[string]int{"out of range": 5, "broken correlation": 5, "level shift": 5, "stuck": 5}, count)
	require.Len(t, evaluate.Incidents(a.Labels), 20, "faults do not touch")
}

func TestRecording(t *testing.T) {
	s, err := recording()
	require.NoError(t, err)
	require.Equal(t, []string{"cpu", "mem", "disk", "net_in"}, s.Columns)
	require.NotEmpty(t, evaluate.Incidents(s.Labels))
}

func TestOutliers(t *testing.T) {
	for _, name := range outlierNames {
		t.Run(name, func(t *testing.T) {
			o, err := newOutliers(name)
			require.NoError(t, err)
			for seed := range uint64(20) {
				x, rows, err := o.Make(seed)
				require.NoError(t, err)
				n, d := x.Dims()
				require.Equal(t, [2]int{1000, 4}, [2]int{n, d})
				require.NotEqual(t, rows[0], rows[1])
				for _, v := range x.RawMatrix().Data {
					require.False(t, math.IsNaN(v) || v < 0)
				}
			}
		})
	}
	for _, bad := range []string{"linear", "linear-x", "none-1"} {
		_, err := newOutliers(bad)
		require.Error(t, err)
	}
}
