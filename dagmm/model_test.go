package dagmm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
)

func TestParametersMakeTheModelAgain(t *testing.T) {
	for name, m := range everyModel(t) {
		p := m.Parameters()
		again, err := dagmm.New(p)
		require.NoError(t, err, name)
		x := host(50, 4, true)
		want, err := m.Series(nil, x)
		require.NoError(t, err, name)
		got, err := again.Series(nil, x)
		require.NoError(t, err, name)
		equalBits(t, want, got, name)
	}
}

func TestSharesFollowTheWeights(t *testing.T) {
	p := dagmm.Parameters{Members: []dagmm.Member{{Weight: 2}, {}, {Weight: .5}}}
	require.Equal(t, []float64{2 / 3.5, 1 / 3.5, .5 / 3.5}, p.Shares())
}
