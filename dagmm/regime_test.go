package dagmm

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// regimeConfig is a Monitor as it is by default, but for a quick model. *learned is how
// many rows since the change each training took.
func regimeConfig(s *sink, change time.Time, learned *[]int) MonitorConfig {
	return MonitorConfig{Columns: fixtureColumns, Handle: s.handle, Synchronous: true, Train: func(_ context.Context, w *Window) (*Model, error) {
		n := 0
		for i, t := range w.Times {
			if !w.Exclude[i] && !t.Before(change) {
				n++
			}
		}
		*learned = append(*learned, n)
		return quickModelOf(w.Columns, w.X, w.Exclude, Context{}, 2)
	}}
}

// shiftedRows are ordinary ones in which metric j is higher by sd of its standard
// deviations from a row on.
func shiftedRows(n, from, j int, sd float64, seed uint64) [][]float64 {
	rows := ordinary(n, seed)
	for _, x := range rows[min(from, n):] {
		x[j] += sd * []float64{5.1, 1, 1.02e5}[j]
	}
	return rows
}

func pushAll(t *testing.T, m *Monitor, rows [][]float64) {
	t.Helper()
	for i, x := range rows {
		require.NoError(t, m.Push("a", minute(i), x))
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
		cfg := regimeConfig(s, minute(change), &learned)
		cfg.Retrain, cfg.Admit = retrain, time.Duration(2+rng.IntN(5))*time.Hour
		m := open(t, cfg)
		pushAll(t, m, shiftedRows(change+int(cfg.Admit/time.Minute)+240, change, j, sd, rng.Uint64()))
		var normal, trained, closed Event
		for _, e := range s.events {
			switch {
			case e.Kind == NewNormal:
				normal = e
			case e.Kind == Retrained && !normal.Time.IsZero() && trained.Time.IsZero():
				trained = e
			case e.Kind == Closed && !trained.Time.IsZero() && closed.Time.IsZero():
				closed = e
			}
		}
		require.Contains(t, trained.Detail, "new normal", "change at %d of %s by %g: %v", change, fixtureColumns[j], sd, s.only(NewNormal, Retrained, Kept, RetrainFailed))
		require.WithinDuration(t, minute(change), normal.Start, time.Hour) // a false alarm may have been open
		require.Equal(t, normal.Start.Add(cfg.Admit), normal.Time)
		require.WithinDuration(t, normal.Time, trained.Time, 2*time.Minute)
		require.Greater(t, slices.Max(learned), int(cfg.Admit/time.Minute)/3)
		require.Equal(t, normal.Alarm, closed.Alarm)
		require.WithinDuration(t, normal.Time, closed.Time, 2*time.Hour, "change at %d of %s by %g", change, fixtureColumns[j], sd)
		require.NoError(t, m.Close())
	}
}

// otherHost is a model that has learned from another host.
func otherHost(columns []string) (*Model, error) {
	x := fixtureRows(800, 5)
	x.Apply(func(_, j int, v float64) float64 { return v * float64(3+j) }, x)
	return quickModel(columns, x, nil, nil)
}

// A change that opens no lasting alarm starts a training by drift, which learns the change
// and whose model fits it.
func TestDriftTrainingLearnsTheChange(t *testing.T) {
	const change = 8 * 1440
	s := &sink{}
	var learned []int
	cfg := regimeConfig(s, minute(change), &learned)
	cfg.Retrain, cfg.Detector.Budget, cfg.Detector.Merge = -1, 1, -1
	m := open(t, cfg)
	rows := shiftedRows(change+1440, change, 1, 3.5, 3)
	pushAll(t, m, rows)
	trained := s.only(Retrained, Kept)
	require.Greater(t, len(trained), 1)
	last := trained[len(trained)-1]
	require.Equal(t, Retrained, last.Kind)
	require.Contains(t, last.Detail, "drift")
	require.WithinDuration(t, minute(change), last.Time, 12*time.Hour)
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
	cfg := regimeConfig(s, minute(change), &learned)
	cfg.Retrain, cfg.Admit = -1, 4*time.Hour
	good := cfg.Train
	cfg.Train = func(ctx context.Context, w *Window) (*Model, error) {
		if w.Number == 1 || w.Number == 2 {
			return otherHost(w.Columns)
		}
		return good(ctx, w)
	}
	m := open(t, cfg)
	pushAll(t, m, shiftedRows(change+720, change, 1, 30, 3))
	trained := s.only(NewNormal, Retrained, Kept, RetrainFailed)
	require.Equal(t, []EventKind{Retrained, NewNormal, Kept, Kept, Retrained}, kinds(trained), "%v", trained)
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
	cfg := regimeConfig(s, minute(change), &learned)
	m := open(t, cfg)
	for i, x := range shiftedRows(admitted+30, change, 1, 30, 3) {
		if i == admitted-5 || i == admitted+5 {
			m.streams["a"].Training = i < admitted
		}
		require.NoError(t, m.Push("a", minute(i), x))
	}
	trained := s.only(NewNormal, Retrained)
	require.Equal(t, []EventKind{Retrained, NewNormal, Retrained}, kinds(trained), "%v", trained)
	require.Equal(t, minute(admitted), trained[1].Time)
	require.WithinDuration(t, minute(admitted+5), trained[2].Time, 2*time.Minute)
	require.NoError(t, m.Close())
}

// What somebody has excluded is never learned, though its alarm lasts longer than Admit
// and its rows are more than a tenth: it does not count towards Admit.
func TestKnownIncidentIsNotAdmitted(t *testing.T) {
	const from, to = 1500, 2100
	s := &sink{}
	var learned []int
	cfg := regimeConfig(s, minute(from), &learned)
	cfg.Admit = 3 * time.Hour
	var named int
	good := cfg.Train
	cfg.Train = func(ctx context.Context, w *Window) (*Model, error) {
		for i, t := range w.Times {
			if !w.Exclude[i] && !t.Before(minute(from)) && t.Before(minute(to)) {
				named++
			}
		}
		return good(ctx, w)
	}
	m := open(t, cfg)
	require.NoError(t, m.Exclude("a", minute(from), minute(to-1)))
	pushAll(t, m, incident(ordinary(4000, 3), from, to, 95))
	require.Empty(t, s.only(NewNormal))
	require.Len(t, learned, 3)
	require.Positive(t, learned[1], "the rows after it are learned")
	require.Zero(t, named)
	require.NoError(t, m.Close())
}

// An alarm that outlasts a known incident is admitted Admit after its end.
func TestAdmitCountsFromTheKnownIncident(t *testing.T) {
	s := &sink{}
	var learned []int
	cfg := regimeConfig(s, minute(1620), &learned)
	cfg.Admit = 3 * time.Hour
	m := open(t, cfg)
	require.NoError(t, m.Exclude("a", minute(1500), minute(1619)))
	pushAll(t, m, shiftedRows(1900, 1500, 1, 30, 3))
	normal := s.only(NewNormal)
	require.Len(t, normal, 1)
	require.Equal(t, minute(1619+180), normal[0].Time)
	require.Greater(t, learned[1], 60)
	require.NoError(t, m.Close())
}
