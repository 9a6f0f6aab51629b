package monitor

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/season"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

func quickTrain(ctx context.Context, w *Window) (*dagmm.Model, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return dagmmtest.QuickModel(w.Columns, w.X, w.Exclude, []float64{.05, .5})
}

// sink keeps events like a receiver that survives the process.
type sink struct {
	mu     sync.Mutex
	events []alarm.Event
	last   map[string]uint64
	twice  int
}

func (s *sink) handle(e alarm.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil {
		s.last = map[string]uint64{}
	}
	if e.Seq != s.last[e.Stream]+1 {
		s.twice++
	}
	s.last[e.Stream] = e.Seq
	s.events = append(s.events, e)
}

func (s *sink) delivered(stream string) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last[stream]
}

func (s *sink) kinds() []alarm.Kind { return kinds(s.events) }

func (s *sink) only(want ...alarm.Kind) []alarm.Event {
	return slices.DeleteFunc(slices.Clone(s.events), func(e alarm.Event) bool { return !slices.Contains(want, e.Kind) })
}

func monitorConfig(s *sink) Config {
	return Config{Columns: dagmmtest.Columns, Train: quickTrain, Detector: alarm.Config{Budget: .2}, Handle: s.handle, Delivered: s.delivered,
		WarmUp: 500, Window: WindowConfig{Recent: 600, Days: -1}, Retrain: 12 * time.Hour, Synchronous: true}
}

func open(t testing.TB, cfg Config) *Monitor {
	m, err := Open(cfg)
	require.NoError(t, err)
	return m
}

func TestMonitorFromWarmUpToAlarm(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := &sink{}
	m := open(t, monitorConfig(s))
	rows := dagmmtest.Incident(dagmmtest.Ordinary(2000, 3), 1000, 1005, 95)
	for i, x := range rows {
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x)) // twice
	}
	require.ErrorIs(t, m.Push("a", dagmmtest.Minute(9999), []float64{1}), dagmm.ErrWidth)
	trained := s.only(alarm.WarmingUp, alarm.Retrained)
	require.Equal(t, []alarm.Kind{alarm.WarmingUp, alarm.Retrained, alarm.Retrained, alarm.Retrained}, kinds(trained), "%v", s.events)
	require.Equal(t, dagmmtest.Minute(499), trained[1].Time)
	require.Contains(t, trained[1].Detail, "first model")
	require.Contains(t, trained[2].Detail, "schedule")
	opened := s.only(alarm.Opened)
	require.Equal(t, dagmmtest.Minute(1000), opened[0].Start)
	require.Equal(t, alarm.Critical, opened[0].Severity)
	st := m.Stats()
	require.Equal(t, uint64(2000), st.Dropped)
	require.Equal(t, uint64(3), st.Trained)
	require.Equal(t, uint64(len(opened)), st.Alarms)
	require.Equal(t, 1, st.Streams)
	require.LessOrEqual(t, st.WindowRows, 800)
	require.NotNil(t, m.Model("a"))
	require.Nil(t, m.Model("b"))
	profile, err := m.Profile("a", nil)
	require.NoError(t, err)
	require.Equal(t, season.Flat, profile.Kind)
	limits := profile.Limits(nil, dagmmtest.Minute(2000), 3)
	require.InDelta(t, 60, limits[1].Level, 1)
	_, err = m.Profile("b", nil)
	require.ErrorIs(t, err, ErrShort)
	require.NoError(t, m.Close())
	require.NoError(t, m.Close())
	require.ErrorIs(t, m.Push("a", dagmmtest.Minute(9999), rows[0]), ErrClosed)
}

func TestMonitorConfigErrors(t *testing.T) {
	ok := monitorConfig(&sink{})
	for name, change := range map[string]func(*Config){
		"no columns":                  func(c *Config) { c.Columns = nil },
		"no training function":        func(c *Config) { c.Train = nil },
		"warm-up longer than memory":  func(c *Config) { c.WarmUp = 5000 },
		"negative workers":            func(c *Config) { c.Workers = -1 },
		"negative lateness of inputs": func(c *Config) { c.Input.Lateness = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			c := ok
			change(&c)
			_, err := Open(c)
			require.ErrorIs(t, err, ErrConfig)
		})
	}
}

// What no model could be scored with is an error at once, not of every training.
func TestMonitorChecksTheDetector(t *testing.T) {
	for _, d := range []alarm.Config{{Budget: -1}, {Open: 3, Of: 2}, {Sudden: 2}, {Recover: 2}, {Gap: -1}, {Metrics: map[string]alarm.MetricRule{"cpuu": {}}},
		{Metrics: map[string]alarm.MetricRule{"cpu": {MinDeviation: -1}}}, {Adapt: &alarm.AdaptConfig{Memory: -1}}} {
		t.Run(fmt.Sprintf("%+v", d), func(t *testing.T) {
			cfg := monitorConfig(&sink{})
			cfg.Detector = d
			_, err := Open(cfg)
			require.ErrorIs(t, err, ErrConfig)
		})
	}
	cfg := monitorConfig(&sink{})
	cfg.Detector = alarm.Config{Budget: 1, Open: 3, Of: 5, Metrics: map[string]alarm.MetricRule{"cpu": {Direction: alarm.High}}, Adapt: &alarm.AdaptConfig{}}
	require.NoError(t, open(t, cfg).Close())
}

func TestGateKeepsTheOldModel(t *testing.T) {
	s := &sink{}
	cfg := monitorConfig(s)
	var first *dagmm.Model
	cfg.Train = func(ctx context.Context, w *Window) (*dagmm.Model, error) {
		switch w.Number {
		case 0:
			require.Nil(t, w.Model)
			var err error
			first, err = quickTrain(ctx, w)
			return first, err
		case 1: // has learned from another host
			x := dagmmtest.Rows(800, 5)
			x.Apply(func(_, j int, v float64) float64 { return v * float64(3+j) }, x)
			return dagmmtest.QuickModel(w.Columns, x, nil, []float64{.05, .5})
		}
		return nil, errors.New("no memory")
	}
	train := cfg.Train
	cfg.Train = func(ctx context.Context, w *Window) (*dagmm.Model, error) {
		if w.Number > 0 { // the kept model stays the one to start from
			require.Equal(t, first.Parameters().Members, w.Model.Parameters().Members)
		}
		return train(ctx, w)
	}
	m := open(t, cfg)
	for i, x := range dagmmtest.Ordinary(2000, 3) {
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
	}
	trained := s.only(alarm.Retrained, alarm.Kept, alarm.RetrainFailed)
	require.Equal(t, []alarm.Kind{alarm.Retrained, alarm.Kept, alarm.RetrainFailed}, kinds(trained), "%v", s.events)
	require.Contains(t, trained[1].Detail, "not calibrated")
	require.Contains(t, trained[2].Detail, "no memory")
	require.NoError(t, m.Close())
}

// A model that sees nothing is well calibrated, and refused.
func TestGateLooksForFaults(t *testing.T) {
	x := dagmmtest.Rows(1500, 1)
	w := &memory{}
	for r := range 1500 {
		w.add(WindowConfig{Recent: 2000}, time.Minute, dagmmtest.Minute(r), x.RawRowView(r), false)
	}
	training := w.window(dagmmtest.Columns, time.Minute, make([]bool, 1500))
	training.hold()
	good, err := quickTrain(context.Background(), training)
	require.NoError(t, err)
	noise := mat.NewDense(1500, 3, nil)
	rng := rand.New(rand.NewPCG(1, 2))
	noise.Apply(func(r, j int, _ float64) float64 {
		return x.At(rng.IntN(1500), j) + 3*rng.NormFloat64()*columnSpread(x)[j]
	}, noise)
	blind, err := dagmmtest.QuickModel(dagmmtest.Columns, noise, nil, nil)
	require.NoError(t, err)
	v, err := challenge(contender{Model: good}, contender{Model: blind}, training)
	require.NoError(t, err)
	require.False(t, v.accepted)
	require.Contains(t, v.reason, "fewer faults")
	v, err = challenge(contender{Model: blind}, contender{Model: good}, training)
	require.NoError(t, err)
	require.True(t, v.accepted, v.reason)
}

func TestPersistingRegimeIsAdmitted(t *testing.T) {
	s := &sink{}
	cfg := monitorConfig(s)
	cfg.Detector.Budget = alarm.NoBudget
	cfg.Train = func(_ context.Context, w *Window) (*dagmm.Model, error) {
		return dagmmtest.QuickModel(w.Columns, w.X, w.Exclude, nil)
	}
	cfg.Admit = 3 * time.Hour
	m := open(t, cfg)
	rows := dagmmtest.Ordinary(1600, 3)
	for i := 600; i < len(rows); i++ {
		rows[i][1] += 30
	}
	for i, x := range rows {
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
	}
	require.Contains(t, s.kinds(), alarm.NewNormal)
	last, err := m.Model("a").Detect(rows[1599])
	require.NoError(t, err)
	require.Less(t, last.Energy, 3*math.Abs(last.Threshold)+20)
	require.NoError(t, m.Close())
}

func TestWindowIsBounded(t *testing.T) {
	c := WindowConfig{Recent: 100, Days: 2, PerHour: 10}
	w := &memory{}
	for i := range 20000 {
		w.add(c, time.Minute, dagmmtest.Minute(i), []float64{float64(i), 0}, false)
		require.LessOrEqual(t, len(w.times), c.rows()+c.rows()/4+17)
	}
	w.prune(c, time.Minute)
	n := len(w.times)
	require.LessOrEqual(t, n, c.rows())
	require.Greater(t, n, 500)
	require.Equal(t, float64(19999), w.values[2*n-2])
	require.GreaterOrEqual(t, w.times[0], dagmmtest.Minute(20000-2*1440-1).UnixNano())
	training := w.window([]string{"a", "b"}, time.Minute, make([]bool, n))
	excluded := 0
	for _, e := range training.Exclude {
		if e {
			excluded++
		}
	}
	require.Less(t, excluded, n)
}

func TestExcludeKnownIncidents(t *testing.T) {
	s := &sink{}
	cfg := monitorConfig(s)
	var excluded int
	cfg.Train = func(ctx context.Context, w *Window) (*dagmm.Model, error) {
		for _, e := range w.Exclude {
			if e {
				excluded++
			}
		}
		return quickTrain(ctx, w)
	}
	m := open(t, cfg)
	require.ErrorIs(t, m.Exclude("a", dagmmtest.Minute(2), dagmmtest.Minute(1)), ErrConfig)
	require.NoError(t, m.Exclude("a", dagmmtest.Minute(100), dagmmtest.Minute(109)))
	for i, x := range dagmmtest.Ordinary(501, 3) {
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
		if i == 300 {
			require.NoError(t, m.Exclude("a", dagmmtest.Minute(200), dagmmtest.Minute(204)))
		}
	}
	require.Equal(t, 15, excluded)
	require.NoError(t, m.Close())
}

// scenario is three days with everything that happens to a host.
func scenario() [][]float64 {
	rows := dagmmtest.Incident(dagmmtest.Incident(dagmmtest.Ordinary(2600, 3), 900, 920, 95), 1900, 1903, 1)
	for i := 1200; i < 1260; i++ {
		rows[i] = nil // nothing comes
	}
	for i := 1300; i < 1400; i++ {
		rows[i][2] = math.NaN()
	}
	for i := 2200; i < len(rows); i++ {
		rows[i][1] += 15
	}
	return rows
}

// A process that dies at any point and starts again gives the events that it would have
// given, each once.
func TestRestartChangesNothing(t *testing.T) {
	t.Run("as trained", func(t *testing.T) { restartChangesNothing(t, nil) })
	t.Run("adapting", func(t *testing.T) { restartChangesNothing(t, &alarm.AdaptConfig{Memory: 300, Every: 11}) })
}

func restartChangesNothing(t *testing.T, adapt *alarm.AdaptConfig) {
	rows := scenario()
	run := func(dir string, dies func(i int) bool, saves func(i int) bool) string {
		s := &sink{}
		cfg := monitorConfig(s)
		cfg.Detector.Adapt = adapt
		cfg.Dir = dir
		cfg.Input.Lateness = 2 * time.Minute
		cfg.Admit = 2 * time.Hour
		m := open(t, cfg)
		for i, x := range rows {
			if x != nil {
				require.NoError(t, m.Push("host/1", dagmmtest.Minute(i), x))
			}
			require.NoError(t, m.Tick(dagmmtest.Minute(i)))
			if saves(i) {
				require.NoError(t, m.Save())
			}
			if dies(i) {
				m.abandon()
				m = open(t, cfg)
			}
		}
		require.NoError(t, m.Close())
		require.Zero(t, s.twice)
		return text(s.events)
	}
	never := func(int) bool { return false }
	want := run(t.TempDir(), never, never)
	require.Contains(t, want, "opened")
	require.Contains(t, want, "new normal")
	require.Contains(t, want, "no data")
	rng := rand.New(rand.NewPCG(7, 7))
	for range 3 {
		at := map[int]bool{}
		for range 12 {
			at[rng.IntN(len(rows))] = true
		}
		got := run(t.TempDir(), func(i int) bool { return at[i] }, func(i int) bool { return i%307 == 0 })
		require.Equal(t, want, got, "restarts at %v", at)
	}
}

// abandon is what remains of a monitor when its process is killed.
func (m *Monitor) abandon() {
	m.cancel()
	m.trainings.close()
	m.workers.Wait()
	_ = m.journal.close()
}

func TestJournalEndsAnywhere(t *testing.T) {
	dir := t.TempDir()
	cfg := monitorConfig(&sink{})
	cfg.Dir = dir
	m := open(t, cfg)
	rows := dagmmtest.Ordinary(50, 1)
	for i, x := range rows {
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
	}
	m.abandon()
	files, err := filepath.Glob(filepath.Join(dir, "journal-*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	text, err := os.ReadFile(files[0])
	require.NoError(t, err)
	rapid.Check(t, func(rt *rapid.T) {
		cut := rapid.IntRange(0, len(text)).Draw(rt, "cut")
		other, err := os.MkdirTemp(dir, "cut")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(other, filepath.Base(files[0])), text[:cut], 0o644))
		cfg := cfg
		cfg.Dir = other
		m, err := Open(cfg)
		require.NoError(t, err)
		require.LessOrEqual(t, m.Stats().Samples, uint64(50))
		require.NoError(t, m.Close())
	})
}

func FuzzRecord(f *testing.F) {
	for _, r := range []record{{kind: recordSample, stream: "a", time: dagmmtest.Minute(1), values: []float64{1, math.NaN()}}, {kind: recordDelivered, seq: 3}, {kind: recordSeq, seq: 4}, {kind: recordRemove, stream: "a"},
		{kind: recordOutcome, outcome: outcome{kind: alarm.Retrained, model: "m", metrics: metricRuns{{longest: 3}, {absent: true}}}}, {kind: recordIncident, time: dagmmtest.Minute(1), until: dagmmtest.Minute(2)}} {
		f.Add(r.append(nil))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := parseRecord(body)
		if err == nil && r.kind != recordSample {
			again, err := parseRecord(r.append(nil))
			require.NoError(t, err)
			require.Equal(t, fmt.Sprint(r), fmt.Sprint(again))
		}
	})
}

// Streams beyond the bound go to disk and come back as they were.
func TestEviction(t *testing.T) {
	run := func(most int) string {
		s := &sink{}
		cfg := monitorConfig(s)
		cfg.Dir, cfg.MaxStreams = t.TempDir(), most
		m := open(t, cfg)
		for i, x := range dagmmtest.Incident(dagmmtest.Ordinary(800, 3), 700, 704, 95) {
			for k := range 3 {
				if i%100 == 99-k || i%40 < 39 {
					require.NoError(t, m.Push(fmt.Sprint("host", k), dagmmtest.Minute(i), x))
				}
			}
		}
		require.LessOrEqual(t, m.Stats().Streams, most)
		require.NoError(t, m.Close())
		var out string
		for k := range 3 {
			for _, e := range s.events {
				if e.Stream == fmt.Sprint("host", k) {
					out += fmt.Sprintln(e)
				}
			}
		}
		return out
	}
	want := run(10)
	require.Contains(t, want, "opened")
	require.Equal(t, want, run(2))
}

// Many goroutines, trainings in the background, saving, ticking and reading at once.
func TestMonitorConcurrency(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := &sink{}
	cfg := monitorConfig(s)
	cfg.Synchronous, cfg.Workers, cfg.Dir, cfg.MaxStreams = false, 2, t.TempDir(), 6
	m := open(t, cfg)
	var wg sync.WaitGroup
	var done atomic.Bool
	for g := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i, x := range dagmmtest.Incident(dagmmtest.Ordinary(1500, uint64(g)), 1200, 1205, 95) {
				if err := m.Push(fmt.Sprint("host", g%7), dagmmtest.Minute(i), x); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	var readers sync.WaitGroup
	for _, f := range []func(){func() { m.Stats() }, func() {
		if err := m.Save(); err != nil {
			t.Error(err)
		}
	}, func() { _ = m.Save() }, func() { _ = m.Tick(dagmmtest.Minute(100)) }, func() { m.Model("host1") }} {
		readers.Add(1)
		go func() {
			defer readers.Done()
			for !done.Load() {
				f()
				time.Sleep(time.Millisecond)
			}
		}()
	}
	wg.Wait()
	// On a busy machine all samples may come before the first training ends: its model is
	// taken over with a later one.
	next := 1500
	require.Eventually(t, func() bool {
		next++
		return m.Push("host1", dagmmtest.Minute(next), dagmmtest.Ordinary(1, 1)[0]) != nil || m.Stats().Trained > 0
	}, time.Minute, 5*time.Millisecond)
	done.Store(true)
	readers.Wait()
	require.NoError(t, m.Close())
	require.Zero(t, s.twice)
	require.NotZero(t, m.Stats().Trained)
}
