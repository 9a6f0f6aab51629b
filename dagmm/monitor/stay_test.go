package monitor

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// A model that has learned what its window can hold stays as long as it fits, and is replaced
// when the host is another.
func TestModelThatFitsStays(t *testing.T) {
	s := &sink{}
	trained := 0
	cfg := Config{Columns: dagmmtest.Columns, Handle: s.handle, Synchronous: true, WarmUp: 500, Window: WindowConfig{Recent: 500, Days: 3, PerHour: 30}, Admit: -1,
		Train: func(_ context.Context, w *Window) (*dagmm.Model, error) {
			trained++
			return dagmmtest.QuickModelOf(w.Columns, w.X, w.Exclude, dagmm.RecentLevels{}, 2)
		}}
	m := open(t, cfg)
	const days, change = 14, 9 * 1440
	rows := dagmmtest.Ordinary(days*1440, 5)
	for i := range rows {
		if i >= change {
			rows[i][0] += 12
		}
	}
	settled := 0
	for i, x := range rows {
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
		switch i {
		case 5 * 1440:
			settled = trained
		case change - 1:
			require.LessOrEqual(t, trained, settled+1, "nothing has changed for days: %v", s.only(alarm.Retrained, alarm.Kept))
		}
	}
	require.Contains(t, s.only(alarm.Kept)[0].Detail, "the model still fits")
	require.Greater(t, trained, settled, "the host has changed")
	require.NoError(t, m.Close())
}

// A host of which little is known gets its next models sooner than the schedule says.
func TestYoungHostIsTrainedAgain(t *testing.T) {
	s := &sink{}
	cfg := Config{Columns: dagmmtest.Columns, Handle: s.handle, Synchronous: true, Train: quickTrain, Interval: time.Second, WarmUp: 500}
	m := open(t, cfg)
	for i, x := range dagmmtest.Ordinary(2*3600, 5) {
		require.NoError(t, m.Push("a", dagmmtest.Start.Add(time.Duration(i)*time.Second), x))
	}
	models := s.only(alarm.Retrained, alarm.Kept)
	require.GreaterOrEqual(t, len(models), 3, "%v", models)
	for i := 2; i < len(models); i++ {
		before := models[i-1].Time.Sub(dagmmtest.Start)
		require.GreaterOrEqual(t, models[i].Time.Sub(dagmmtest.Start), before*3/2)
	}
	require.NoError(t, m.Close())
}

// Retraining costs no alarms: a budget of one a day is kept over two weeks of new models.
func TestBudgetSurvivesRetraining(t *testing.T) {
	for seed := range uint64(3) {
		s := &sink{}
		cfg := Config{Columns: dagmmtest.Columns, Handle: s.handle, Synchronous: true, Interval: 5 * time.Minute, WarmUp: 300, Retrain: 12 * time.Hour, Window: WindowConfig{Recent: 400, Days: -1}, Train: quickTrain}
		m := open(t, cfg)
		rng := rand.New(rand.NewPCG(seed, 9))
		for i, x := range dagmmtest.Ordinary(15*288, rng.Uint64()) {
			require.NoError(t, m.Push("a", dagmmtest.Start.Add(time.Duration(i)*5*time.Minute), x))
		}
		require.Greater(t, m.Stats().Trained, uint64(8))
		require.LessOrEqual(t, len(s.only(alarm.Opened)), 21, "%v", s.only(alarm.Opened))
		require.NoError(t, m.Close())
	}
}
