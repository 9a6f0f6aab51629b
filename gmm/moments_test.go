package gmm

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEmptyComponentIsDropped(t *testing.T) {
	p := Points{Dim: 1, N: 4, Z: []float64{1, 2, 3, 4}}
	m, err := FromResponsibilities([]float64{1, 1, 1, 1, 0, 0, 0, 0}, 2, p, 1e-3, Full)
	require.NoError(t, err)
	require.Equal(t, 1, m.Components())
	require.InDelta(t, 2.5, m.Mean(nil, 0)[0], 1e-15)
	require.InDelta(t, 1.251, m.Covariance(0).At(0, 0), 1e-12)
	require.InDelta(t, 1, m.EffectiveComponents(), 1e-12)
}
