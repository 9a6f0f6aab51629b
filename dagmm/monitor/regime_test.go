package monitor

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// regimeConfig is a Monitor as it is by default, but for a quick model and without a budget. *learned is how
// many rows since the change each training took.
func regimeConfig(s *sink, change time.Time, learned *[]int) Config {
	return Config{Columns: dagmmtest.Columns, Handle: s.handle, Synchronous: true, Detector: alarm.Config{Budget: alarm.NoBudget}, Train: func(_ context.Context, w *Window) (*dagmm.Model, error) {
		n := 0
		for i, t := range w.Times {
			if !w.Exclude[i] && !t.Before(change) {
				n++
			}
		}
		*learned = append(*learned, n)
		return dagmmtest.QuickModelOf(w.Columns, w.X, w.Exclude, dagmm.RecentLevels{}, 2)
	}}
}

// shiftedRows are ordinary ones in which metric j is higher by sd of its standard
// deviations from a row on.
func shiftedRows(n, from, j int, sd float64, seed uint64) [][]float64 {
	rows := dagmmtest.Ordinary(n, seed)
	for _, x := range rows[min(from, n):] {
		x[j] += sd * []float64{5.1, 1, 1.02e5}[j]
	}
	return rows
}

func pushAll(t *testing.T, m *Monitor, rows [][]float64) {
	t.Helper()
	for i, x := range rows {
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
	}
}

// A regime that persists is admitted and reported, the next training learns it, its model
// is in force, and the alarm closes: whenever the host changes, whatever metric does, with
// trainings every day or only when something happens.
func TestPersistingRegimeIsLearned(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 1))
	for range 12 {
		// A training of a short window within the Admit would learn what is above a tenth of it.
		retrain, first := time.Duration(-1), 1100
		if rng.IntN(2) == 0 {
			retrain, first = 0, 6000
		}
		change, j, sd := first+rng.IntN(5000), rng.IntN(3), float64(1-2*rng.IntN(2))*(8+30*rng.Float64())
		s := &sink{}
		var learned []int
		cfg := regimeConfig(s, dagmmtest.Minute(change), &learned)
		cfg.Retrain, cfg.Admit = retrain, time.Duration(2+rng.IntN(5))*time.Hour
		m := open(t, cfg)
		pushAll(t, m, shiftedRows(change+int(cfg.Admit/time.Minute)+240, change, j, sd, rng.Uint64()))
		var normal, trained, closed alarm.Event
		for _, e := range s.events {
			switch {
			case e.Kind == alarm.NewNormal:
				normal = e
			case e.Kind == alarm.Retrained && !normal.Time.IsZero() && trained.Time.IsZero():
				trained = e
			case e.Kind == alarm.Closed && !trained.Time.IsZero() && closed.Time.IsZero():
				closed = e
			}
		}
		require.Contains(t, trained.Detail, "new normal", "change at %d of %s by %g: %v", change, dagmmtest.Columns[j], sd, s.only(alarm.NewNormal, alarm.Retrained, alarm.Kept, alarm.RetrainFailed))
		require.WithinDuration(t, dagmmtest.Minute(change), normal.Start, time.Hour) // a false alarm may have been open
		require.Equal(t, normal.Start.Add(cfg.Admit), normal.Time)
		require.WithinDuration(t, normal.Time, trained.Time, 2*time.Minute)
		require.Greater(t, slices.Max(learned), int(cfg.Admit/time.Minute)/3)
		require.Equal(t, normal.Alarm, closed.Alarm)
		require.WithinDuration(t, normal.Time, closed.Time, 2*time.Hour, "change at %d of %s by %g", change, dagmmtest.Columns[j], sd)
		require.NoError(t, m.Close())
	}
}

// otherHost is a model that has learned from another host.
func otherHost(columns []string) (*dagmm.Model, error) {
	x := dagmmtest.Rows(800, 5)
	x.Apply(func(_, j int, v float64) float64 { return v * float64(3+j) }, x)
	return dagmmtest.QuickModel(columns, x, nil, nil)
}

// A change that opens no lasting alarm starts a training by drift, which learns the change
// and whose model fits it.
func TestDriftTrainingLearnsTheChange(t *testing.T) {
	const change = 8 * 1440
	s := &sink{}
	var learned []int
	cfg := regimeConfig(s, dagmmtest.Minute(change), &learned)
	cfg.Retrain, cfg.Detector.Budget, cfg.Detector.Merge = -1, 1, -1
	m := open(t, cfg)
	rows := shiftedRows(change+1440, change, 1, 3.5, 3)
	pushAll(t, m, rows)
	trained := s.only(alarm.Retrained, alarm.Kept)
	require.Greater(t, len(trained), 1)
	last := trained[len(trained)-1]
	require.Equal(t, alarm.Retrained, last.Kind)
	require.Contains(t, last.Detail, "drift")
	require.WithinDuration(t, dagmmtest.Minute(change), last.Time, 12*time.Hour)
	require.Greater(t, learned[len(learned)-1], 20)
	improbable := 0
	tail := m.Model("a").Tail()
	for _, x := range rows[change+720:] {
		e, err := m.Model("a").Energy(x)
		require.NoError(t, err)
		if tail.PValue(e) <= gateP {
			improbable++
		}
	}
	require.Less(t, float64(improbable)/720, driftShare)
	require.NoError(t, m.Close())
}

// As long as an admitted alarm stays open, models that the gate refuses are followed by
// others, no more than two within Admit; without trainings by the clock too.
func TestRefusedNewNormalIsTriedAgain(t *testing.T) {
	const change = 1500
	s := &sink{}
	var learned []int
	cfg := regimeConfig(s, dagmmtest.Minute(change), &learned)
	cfg.Retrain, cfg.Admit = -1, 4*time.Hour
	good := cfg.Train
	cfg.Train = func(ctx context.Context, w *Window) (*dagmm.Model, error) {
		if w.Number == 1 || w.Number == 2 {
			return otherHost(w.Columns)
		}
		return good(ctx, w)
	}
	m := open(t, cfg)
	pushAll(t, m, shiftedRows(change+720, change, 1, 30, 3))
	trained := s.only(alarm.NewNormal, alarm.Retrained, alarm.Kept, alarm.RetrainFailed)
	require.Equal(t, []alarm.Kind{alarm.Retrained, alarm.NewNormal, alarm.Kept, alarm.Kept, alarm.Retrained}, kinds(trained), "%v", trained)
	for i, e := range trained[2:] {
		require.Contains(t, e.Detail, "new normal")
		require.WithinDuration(t, trained[1].Time.Add(time.Duration(i)*2*time.Hour), e.Time, 5*time.Minute)
	}
	require.Zero(t, m.Stats().OpenAlarms)
	require.NoError(t, m.Close())
}

// A training that is under way when an alarm is admitted has not learned it: another one
// follows.
func TestNewNormalWaitsForTheTrainingUnderWay(t *testing.T) {
	const change, admitted = 1500, 1500 + 360
	s := &sink{}
	var learned []int
	cfg := regimeConfig(s, dagmmtest.Minute(change), &learned)
	m := open(t, cfg)
	for i, x := range shiftedRows(admitted+30, change, 1, 30, 3) {
		if i == admitted-5 || i == admitted+5 {
			m.streams["a"].inTraining = i < admitted
		}
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
	}
	trained := s.only(alarm.NewNormal, alarm.Retrained)
	require.Equal(t, []alarm.Kind{alarm.Retrained, alarm.NewNormal, alarm.Retrained}, kinds(trained), "%v", trained)
	require.Equal(t, dagmmtest.Minute(admitted), trained[1].Time)
	require.WithinDuration(t, dagmmtest.Minute(admitted+5), trained[2].Time, 2*time.Minute)
	require.NoError(t, m.Close())
}

// What somebody has excluded is never learned, though its alarm lasts longer than Admit
// and its rows are more than a tenth: it does not count towards Admit.
func TestKnownIncidentIsNotAdmitted(t *testing.T) {
	const from, to = 1500, 2100
	s := &sink{}
	var learned []int
	cfg := regimeConfig(s, dagmmtest.Minute(from), &learned)
	cfg.Admit = 3 * time.Hour
	var named int
	good := cfg.Train
	cfg.Train = func(ctx context.Context, w *Window) (*dagmm.Model, error) {
		for i, t := range w.Times {
			if !w.Exclude[i] && !t.Before(dagmmtest.Minute(from)) && t.Before(dagmmtest.Minute(to)) {
				named++
			}
		}
		return good(ctx, w)
	}
	m := open(t, cfg)
	require.NoError(t, m.Exclude("a", dagmmtest.Minute(from), dagmmtest.Minute(to-1)))
	pushAll(t, m, dagmmtest.Incident(dagmmtest.Ordinary(4000, 3), from, to, 95))
	require.Empty(t, s.only(alarm.NewNormal))
	require.Len(t, learned, 3)
	require.Positive(t, learned[1], "the rows after it are learned")
	require.Zero(t, named)
	require.NoError(t, m.Close())
}

// An alarm that outlasts a known incident is admitted Admit after its end.
func TestAdmitCountsFromTheKnownIncident(t *testing.T) {
	s := &sink{}
	var learned []int
	cfg := regimeConfig(s, dagmmtest.Minute(1620), &learned)
	cfg.Admit = 3 * time.Hour
	m := open(t, cfg)
	require.NoError(t, m.Exclude("a", dagmmtest.Minute(1500), dagmmtest.Minute(1619)))
	pushAll(t, m, shiftedRows(1900, 1500, 1, 30, 3))
	normal := s.only(alarm.NewNormal)
	require.Len(t, normal, 1)
	require.Equal(t, dagmmtest.Minute(1619+180), normal[0].Time)
	require.Greater(t, learned[1], 60)
	require.NoError(t, m.Close())
}
