package gmm

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMemberships(t *testing.T) {
	e, err := NewEstimation(2, 10, 3, rng(1))
	require.NoError(t, err)
	gamma, err := e.Memberships(Points{Dim: 2, N: 2, Z: []float64{1, 100, -1, -1e6}})
	require.NoError(t, err)
	for r := range 2 {
		require.InDelta(t, 1, gamma[r]+gamma[2+r]+gamma[4+r], 1e-12)
	}
	_, err = e.Memberships(Points{Dim: 3, N: 1, Z: make([]float64, 3)})
	require.ErrorIs(t, err, ErrShape)
	_, err = NewEstimation(0, 1, 1, rng(1))
	require.ErrorIs(t, err, ErrShape)
}
