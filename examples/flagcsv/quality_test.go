package main

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMeasure(t *testing.T) {
	nan := math.NaN()
	q, err := measure([]float64{9, 8, 7, 1, nan}, []bool{true, false, true, true, true}, 6)
	require.NoError(t, err)
	require.Equal(t, 4, q.labelled)
	require.Equal(t, 2, q.hits)
	require.InDelta(t, 2./3, q.precision, 1e-12)
	require.InDelta(t, .5, q.recall, 1e-12, "a labelled row without a score is missed")
	require.InDelta(t, 4./7, q.f1, 1e-12)
	require.InDelta(t, (1+2./3+3./4)/3, q.average, 1e-12)
}

func TestMeasureWithoutLabelledOrFlaggedRows(t *testing.T) {
	q, err := measure([]float64{1, 2}, []bool{false, false}, 1)
	require.NoError(t, err)
	require.Nil(t, q)
	q, err = measure([]float64{1, 2}, []bool{false, true}, 5)
	require.NoError(t, err)
	require.True(t, math.IsNaN(q.precision))
	require.Zero(t, q.recall)
	require.Zero(t, q.f1)
	q, err = measure([]float64{1, math.NaN()}, []bool{false, true}, 5)
	require.NoError(t, err)
	require.True(t, math.IsNaN(q.average), "no labelled row has a score")
}
