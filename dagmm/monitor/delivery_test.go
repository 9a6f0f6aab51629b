package monitor

import (
	"context"
	"fmt"
	"math"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// recovered calls f as a server calls its handlers.
func recovered(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("recovered: %v", p)
		}
	}()
	return f()
}

// A receiver that panics at any event gets all the others, in order, from a stream that
// goes on as if nothing had happened.
func TestReceiverPanics(t *testing.T) {
	rows := dagmmtest.Incident(dagmmtest.Ordinary(900, 3), 700, 705, 95)
	run := func(panics bool, dir string) string {
		s := &sink{}
		cfg := monitorConfig(s)
		cfg.Dir = dir
		cfg.Handle = func(e alarm.Event) {
			s.handle(e)
			if panics {
				panic("receiver")
			}
		}
		m := open(t, cfg)
		for i, x := range rows {
			if i > 800 && i < 830 {
				continue
			}
			err := recovered(func() error { return m.Push("a", dagmmtest.Minute(i), x) })
			if err != nil {
				require.ErrorContains(t, err, "recovered: receiver")
			}
			if err := recovered(func() error { return m.Tick(dagmmtest.Minute(i)) }); err != nil {
				require.ErrorContains(t, err, "recovered: receiver")
			}
		}
		require.Equal(t, 1, m.Stats().Streams)
		require.NoError(t, m.Close())
		require.Zero(t, s.twice)
		return text(s.events)
	}
	want := run(false, "")
	require.Contains(t, want, "data resumed")
	require.Equal(t, want, run(true, ""))
	require.Equal(t, want, run(true, t.TempDir()))
}

// Events that a panic has left behind survive Save and a restart.
func TestPendingEventsAreSaved(t *testing.T) {
	s := &sink{}
	cfg := monitorConfig(s)
	cfg.Dir = t.TempDir()
	cfg.Handle = func(e alarm.Event) {
		s.handle(e)
		if e.Kind == alarm.NoData {
			panic("receiver")
		}
	}
	m := open(t, cfg)
	require.NoError(t, m.Push("a", dagmmtest.Minute(0), dagmmtest.Ordinary(1, 1)[0]))
	require.Error(t, recovered(func() error {
		_, err := m.do(m.streams["a"], func(s *stream) error {
			m.raise(s, alarm.Event{Kind: alarm.NoData}, alarm.Event{Kind: alarm.Stuck, Peak: alarm.Peak{Values: []float64{1, math.NaN()}}})
			return nil
		})
		return err
	}))
	require.Equal(t, []alarm.Kind{alarm.WarmingUp, alarm.NoData}, s.kinds())
	require.NoError(t, m.Save())
	m.abandon()
	m = open(t, cfg)
	require.NoError(t, m.Push("a", dagmmtest.Minute(1), dagmmtest.Ordinary(1, 1)[0]))
	require.Equal(t, []alarm.Kind{alarm.WarmingUp, alarm.NoData, alarm.Stuck}, s.kinds())
	require.Zero(t, s.twice)
	require.NoError(t, m.Close())
}

// An explanation that waits to be delivered says the same after a restart, also of a metric
// that was constant in training: "it was constantly 5" once came back as "constantly 0".
func TestPendingExplanationsAreSaved(t *testing.T) {
	explain := func(dir string) (before, after string) {
		s := &sink{}
		cfg := monitorConfig(s)
		cfg.Dir = dir
		cfg.Columns = []string{"cpu", "limit"}
		cfg.Train = func(_ context.Context, w *Window) (*dagmm.Model, error) {
			return dagmmtest.QuickModel(w.Columns, w.X, w.Exclude, nil)
		}
		panics := false
		cfg.Handle = func(e alarm.Event) {
			if panics {
				panic("receiver")
			}
			s.handle(e)
		}
		cfg.Delivered = nil
		m := open(t, cfg)
		for i, x := range dagmmtest.Ordinary(560, 3) {
			require.NoError(t, m.Push("a", dagmmtest.Minute(i), []float64{x[0], 5}))
		}
		require.NotNil(t, m.Model("a"))
		panics = true
		odd := []float64{dagmmtest.Ordinary(1, 4)[0][0], 50}
		require.Error(t, recovered(func() error { return m.Push("a", dagmmtest.Minute(560), odd) }))
		// The receiver has panicked at the alarm's first event. Another one waits behind it.
		require.Error(t, recovered(func() error {
			_, err := m.do(m.streams["a"], func(s *stream) error {
				m.raise(s, alarm.Event{Kind: alarm.NoData}, s.detector.Rewind()[0])
				return nil
			})
			return err
		}))
		waiting := m.streams["a"].pending
		require.Len(t, waiting, 1)
		before = waiting[0].String()
		require.NoError(t, m.Save())
		m.abandon()
		panics = false
		m = open(t, cfg)
		require.NoError(t, m.Close())
		last := s.events[len(s.events)-1]
		return before, last.String()
	}
	before, after := explain(t.TempDir())
	require.Contains(t, before, "it was constantly 5 in training")
	require.Equal(t, before, after)
}

func TestTrainingPanics(t *testing.T) {
	for _, synchronous := range []bool{true, false} {
		t.Run(fmt.Sprintf("synchronous %t", synchronous), func(t *testing.T) {
			s := &sink{}
			cfg := monitorConfig(s)
			cfg.Synchronous = synchronous
			cfg.Train = func(ctx context.Context, w *Window) (*dagmm.Model, error) {
				if w.Number == 0 {
					panic("index out of range")
				}
				return quickTrain(ctx, w)
			}
			m := open(t, cfg)
			rows := dagmmtest.Ordinary(900, 3)
			for i, x := range rows {
				require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
				require.Eventually(t, func() bool { return m.Stats().Training == 0 }, time.Minute, 100*time.Microsecond)
			}
			failed := s.only(alarm.RetrainFailed)
			require.Len(t, failed, 1)
			require.Contains(t, failed[0].Detail, "panicked: index out of range")
			require.NotNil(t, m.Model("a"))
			require.NoError(t, m.Close())
		})
	}
}

// A journal that cannot be written in the middle of the events of one sample loses none of
// them.
func TestEventsSurviveAFullDisk(t *testing.T) {
	s := &sink{}
	cfg := monitorConfig(s)
	cfg.Dir = t.TempDir()
	var m *Monitor
	cfg.Handle = func(e alarm.Event) {
		s.handle(e)
		if e.Kind == alarm.DataResumed {
			require.NoError(t, m.journal.log.Close()) // writing fails from here
		}
	}
	m = open(t, cfg)
	rows := dagmmtest.Incident(dagmmtest.Ordinary(900, 3), 697, 700, 95)
	for i := range 700 {
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), rows[i]))
	}
	require.NoError(t, m.Push("a", dagmmtest.Minute(740), rows[740]), "the sample is in the journal, and taken")
	require.Equal(t, []alarm.Kind{alarm.NoData, alarm.DataResumed, alarm.Closed}, kinds(s.events)[len(s.events)-3:])
	require.Error(t, m.Push("a", dagmmtest.Minute(741), rows[741]))
	require.Equal(t, uint64(701), m.streams["a"].samples, "and this one is not")
	m.abandon()
	m = open(t, cfg)
	require.NoError(t, m.Push("a", dagmmtest.Minute(741), rows[741]))
	require.Zero(t, s.twice)
	require.NoError(t, m.Close())
}

// A process that dies in the middle of handling an event hands out that one again, with
// its number, and no other: nothing but the journal says what was delivered.
func TestDeathWhileAnEventIsHandled(t *testing.T) {
	rows := scenario()
	run := func(dies bool) string {
		s := &sink{}
		cfg := monitorConfig(s)
		cfg.Dir, cfg.Delivered = t.TempDir(), nil
		died := map[uint64]bool{}
		cfg.Handle = func(e alarm.Event) {
			if died[e.Seq] {
				return // the receiver knows its number
			}
			s.handle(e)
			if dies && e.Seq%2 == 1 {
				died[e.Seq] = true
				panic("dies")
			}
		}
		m := open(t, cfg)
		step := func(f func() error) {
			if err := recovered(f); err != nil {
				require.ErrorContains(t, err, "dies")
				m.abandon()
				for m = nil; m == nil; { // may die again while it replays
					_ = recovered(func() (err error) {
						m, err = Open(cfg)
						require.NoError(t, err)
						return nil
					})
				}
			}
		}
		for i, x := range rows {
			if x != nil {
				step(func() error { return m.Push("a", dagmmtest.Minute(i), x) })
			}
			step(func() error { return m.Tick(dagmmtest.Minute(i)) })
			if i%307 == 0 {
				require.NoError(t, m.Save())
			}
		}
		require.NoError(t, m.Close())
		require.Zero(t, s.twice)
		return text(s.events)
	}
	require.Equal(t, run(false), run(true))
}

// Exclude of a stream that is evicted at the same time reaches the one that comes back.
func TestExcludeRacesWithEviction(t *testing.T) {
	cfg := monitorConfig(&sink{})
	cfg.Dir, cfg.MaxStreams = t.TempDir(), 1
	m := open(t, cfg)
	x := dagmmtest.Ordinary(1, 1)[0]
	require.NoError(t, m.Push("a", dagmmtest.Minute(0), x))
	old := m.streams["a"]
	require.NoError(t, m.Push("b", dagmmtest.Minute(0), x))
	here, err := m.do(old, func(*stream) error { t.Error("evicted"); return nil })
	require.NoError(t, err)
	require.False(t, here)
	require.NoError(t, m.Exclude("a", dagmmtest.Minute(5), dagmmtest.Minute(6)))
	require.Len(t, m.streams["a"].named, 1)
	require.NoError(t, m.Close())
}

// Whatever happens to a stream's state, the receiver that knows the numbers it has gets
// all alarms.
func TestNumbersGoOnAfterTheReceivers(t *testing.T) {
	s := &sink{}
	cfg := monitorConfig(s)
	rows := dagmmtest.Incident(dagmmtest.Ordinary(800, 3), 700, 705, 95)
	var m *Monitor
	from := 0
	feed := func(t *testing.T, rows [][]float64, after func(i int)) {
		before := len(s.only(alarm.Opened))
		for i, x := range rows {
			require.NoError(t, m.Push("a", dagmmtest.Minute(from+i), x))
			after(i)
		}
		from += len(rows)
		require.Greater(t, len(s.only(alarm.Opened)), before)
		require.Zero(t, s.twice)
		require.Equal(t, s.last["a"], m.streams["a"].seq)
	}
	nothing := func(int) {}
	t.Run("no folder", func(t *testing.T) {
		for range 2 {
			m = open(t, cfg)
			feed(t, rows, nothing)
			require.NoError(t, m.Close())
		}
	})
	t.Run("evicted", func(t *testing.T) {
		cfg := cfg
		cfg.MaxStreams = 1
		m = open(t, cfg)
		for range 2 {
			feed(t, rows, nothing)
			require.NoError(t, m.Push("b", dagmmtest.Minute(from), rows[0]))
		}
		require.NoError(t, m.Close())
	})
	cfg.Dir = t.TempDir()
	t.Run("another folder, and deaths", func(t *testing.T) {
		m = open(t, cfg)
		feed(t, rows, func(i int) {
			if i%97 == 50 { // the first time nothing has been saved: the journal has it all
				m.abandon()
				m = open(t, cfg)
			}
		})
		require.NoError(t, m.Close())
	})
	t.Run("state files deleted", func(t *testing.T) {
		require.NoError(t, os.RemoveAll(cfg.Dir))
		m = open(t, cfg)
		feed(t, rows, nothing)
		require.NoError(t, m.Close())
	})
	t.Run("end of the journal lost", func(t *testing.T) {
		m = open(t, cfg)
		require.NoError(t, m.Push("a", dagmmtest.Minute(from), rows[0]))
		s.handle(alarm.Event{Kind: alarm.Stuck, Stream: "a", Seq: s.last["a"] + 1}) // the journal does not tell
		m.abandon()
		m = open(t, cfg)
		from++
		feed(t, rows, nothing)
		require.NoError(t, m.Close())
	})
}
