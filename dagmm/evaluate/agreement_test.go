package evaluate

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAgree(t *testing.T) {
	nan := math.NaN()
	a, err := Agree([]float64{9, 8, 7, 1, nan, nan}, flags("1.111."), 6)
	require.NoError(t, err)
	require.Equal(t, Confusion{TP: 2, FP: 1, FN: 2, TN: 1}, a.Confusion, "a labelled row without a score is missed")
	require.InDelta(t, 2./3, a.Precision(), 1e-12)
	require.InDelta(t, .5, a.Recall(), 1e-12)
	require.InDelta(t, 4./7, a.F1(), 1e-12)
	require.InDelta(t, (1+2./3+3./4)/3, a.AveragePrecision, 1e-12)
}

func TestAgreeWithoutLabelledOrScoredRows(t *testing.T) {
	a, err := Agree([]float64{1, 2}, flags(".."), 1)
	require.NoError(t, err)
	require.Equal(t, Confusion{FP: 1, TN: 1}, a.Confusion)
	require.True(t, math.IsNaN(a.AveragePrecision))
	a, err = Agree([]float64{1, math.NaN()}, flags(".1"), 5)
	require.NoError(t, err)
	require.Equal(t, Confusion{FN: 1, TN: 1}, a.Confusion)
	require.True(t, math.IsNaN(a.AveragePrecision), "no labelled row has a score")
	_, err = Agree([]float64{1}, nil, 5)
	require.ErrorContains(t, err, "1 scores for 0 labels")
}
