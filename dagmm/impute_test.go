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

// A state that no stream has is refused: it would give values that are not finite.
func TestResumeRejectsValuesBeyondScale(t *testing.T) {
	m, x := dagmmtest.Model(t, true)
	s := m.Stream()
	_, err := s.Next(x.RawRowView(0))
	require.NoError(t, err)
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e200} {
		levels, previous := s.State(), s.State()
		levels.Past.Levels[1] = v
		_, err := m.Resume(levels)
		require.ErrorIs(t, err, dagmm.ErrState)
		previous.Past.Previous[0] = v
		_, err = m.Resume(previous)
		require.ErrorIs(t, err, dagmm.ErrState)
	}
	known := s.State()
	known.Known[2] = math.Inf(-1)
	_, err = m.Resume(known)
	require.ErrorIs(t, err, dagmm.ErrState)
}

// The largest values that a stream can have remembered are completed with finite ones.
func TestImputeAfterAbsurdValues(t *testing.T) {
	m, x := dagmmtest.Model(t, true)
	for _, v := range []float64{math.MaxFloat64, -math.MaxFloat64} {
		s := m.Stream()
		row := append([]float64(nil), x.RawRowView(0)...)
		row[0] = v
		_, err := s.Next(row)
		require.NoError(t, err)
		row[0] = math.NaN()
		for range 6 {
			_, _, err = s.Impute(row)
			require.NoError(t, err)
			_, err = s.Explain()
			require.NoError(t, err)
		}
		_, err = m.Resume(s.State())
		require.NoError(t, err)
	}
}
