package dagmm_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// What is missing makes no sample more anomalous than some completion of it.
func TestPartialScoresAreOrdinary(t *testing.T) {
	m, _ := dagmmtest.Model(t, true)
	stream := m.Stream()
	flagged, n := 0, 0
	for i, x := range dagmmtest.Ordinary(3000, 11) {
		if i > 100 {
			x[i/200%3] = math.NaN()
		}
		v, q, err := stream.Impute(x)
		require.NoError(t, err)
		if q == dagmm.Partial {
			n++
			if v.Anomalous {
				flagged++
			}
		}
	}
	require.Greater(t, n, 2500)
	require.Less(t, flagged, n/50)
}

// A stream that is resumed from its state goes on with the same bits.
func TestStreamSurvivesItsState(t *testing.T) {
	m, _ := dagmmtest.Model(t, true)
	rows := dagmmtest.Ordinary(300, 12)
	for i := 40; i < 60; i++ {
		rows[i][1] = math.NaN()
	}
	want := m.Stream()
	for i, x := range rows {
		got, err := m.Resume(want.State())
		require.NoError(t, err)
		require.Equal(t, want.Warm(), got.Warm())
		peek, err := got.Peek(x)
		require.NoError(t, err)
		a, q, err := want.Impute(x)
		require.NoError(t, err)
		b, p, err := got.Impute(x)
		require.NoError(t, err)
		require.Equal(t, []any{a, q}, []any{b, p}, "sample %d", i)
		if q == dagmm.Complete {
			require.Equal(t, a.Energy, peek)
		}
		why, err := want.ExplainAt(a.Energy - 1)
		require.NoError(t, err)
		later, err := m.ExplainAt(want.Row(), want.Past(), a.Energy-1)
		require.NoError(t, err)
		require.Equal(t, why.String(), later.String())
	}
	_, err := m.Resume(dagmm.StreamState{})
	require.ErrorIs(t, err, dagmm.ErrState)
}
