package monitor

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

func storedConfig(s *sink) Config {
	cfg := monitorConfig(s)
	cfg.Window.Stored = true
	return cfg
}

// Whether samples are away or not, events and what is remembered are the same: with saves,
// evictions, crashes, verdicts and a clock that is set back between.
func TestStoredWindowChangesNothing(t *testing.T) {
	rows := scenario()
	run := func(stored bool, every int) (string, memory) {
		s := &sink{}
		cfg := monitorConfig(s)
		cfg.Window.Stored, cfg.Dir, cfg.Admit, cfg.Input.Behind = stored, t.TempDir(), 2*time.Hour, 30*time.Minute
		m := open(t, cfg)
		away := 0
		for i, x := range rows {
			now := dagmmtest.Minute(i)
			if i > 2000 {
				now = dagmmtest.Minute(i - 200) // set back
			}
			if x != nil {
				require.NoError(t, m.Push("a", now, x))
			}
			away = max(away, m.streams["a"].memory.away.rows)
			if every > 0 && i%every == every-1 {
				require.NoError(t, m.Save())
			}
			switch i {
			case 1000:
				require.NoError(t, m.Exclude("a", dagmmtest.Minute(950), dagmmtest.Minute(960)))
			case 1100:
				opened := s.only(alarm.Opened)
				require.NoError(t, m.Judge("a", opened[0].Seq, false))
			case 1500:
				m.abandon()
				m = open(t, cfg)
			}
		}
		require.Equal(t, stored, away > 500, "%d were away", away)
		require.Zero(t, s.twice)
		h := m.streams["a"]
		require.NoError(t, m.recall(h))
		h.memory.prune(m.cfg.Window, m.cfg.Interval)
		w := h.memory
		require.NoError(t, m.Close())
		return text(s.events), w
	}
	events, whole := run(false, 0)
	for _, every := range []int{7, 60} {
		t.Run(fmt.Sprintf("saved every %d samples", every), func(t *testing.T) {
			got, w := run(true, every)
			require.Equal(t, events, got)
			require.Equal(t, whole.times, w.times)
			require.Equal(t, fmt.Sprint(whole.values), fmt.Sprint(w.values)) // NaN among them
			require.Equal(t, whole.incident, w.incident)
		})
	}
}

// A model that only the journal knows of gets to know the samples that are away.
func TestStoredWindowAndAModelInTheJournal(t *testing.T) {
	run := func(stored bool) *Monitor {
		cfg := monitorConfig(&sink{})
		cfg.Window.Stored, cfg.Dir, cfg.Retrain = stored, t.TempDir(), 2*time.Hour
		m := open(t, cfg)
		for i, x := range dagmmtest.Ordinary(640, 3) {
			require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
			if i == 560 {
				require.NoError(t, m.Save())
				require.Equal(t, stored, m.streams["a"].memory.away.rows > 0)
			}
		}
		require.Equal(t, uint64(2), m.Stats().Trained)
		m.abandon()
		return open(t, cfg)
	}
	var states []string
	for _, stored := range []bool{false, true} {
		m := run(stored)
		state, err := m.streams["a"].detector.State()
		require.NoError(t, err)
		states = append(states, fmt.Sprintf("%+v", state))
		require.NoError(t, m.Close())
	}
	require.Equal(t, states[0], states[1])
}

// A stream that is evicted again and again is as one that stays.
func TestStoredWindowAndEviction(t *testing.T) {
	rows := dagmmtest.Ordinary(1300, 3)
	run := func(streams int) (string, Stats) {
		s := &sink{}
		cfg := storedConfig(s)
		cfg.Store, cfg.MaxStreams = InMemory(), streams
		m := open(t, cfg)
		for from := 0; from < len(rows); from += 20 {
			for _, id := range []string{"a", "b"} {
				for i, x := range rows[from : from+20] {
					require.NoError(t, m.Push(id, dagmmtest.Minute(from+i), x))
				}
				if from%100 == 0 {
					require.NoError(t, m.Save())
				}
			}
		}
		stats := m.Stats()
		require.NoError(t, m.Close())
		return text(s.events), stats
	}
	want, _ := run(10)
	got, stats := run(1)
	require.Equal(t, want, got)
	require.Equal(t, uint64(2*1300/20-1), stats.Evicted)
}

// What is away is counted, and comes back for whoever asks.
func TestStoredWindowComesBack(t *testing.T) {
	cfg := storedConfig(&sink{})
	cfg.Store = InMemory()
	m := open(t, cfg)
	rows := dagmmtest.Ordinary(550, 3)
	for i, x := range rows {
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
		if i == 539 {
			require.NoError(t, m.Save())
		}
	}
	h := m.streams["a"]
	require.Equal(t, 540, h.memory.away.rows)
	require.Len(t, h.memory.times, 10)
	require.Less(t, cap(h.memory.values), 500, "the memory is let go")
	require.Equal(t, 550, m.Stats().WindowRows)
	times, _ := m.Recent("a", 10)
	require.Len(t, times, 10)
	require.Equal(t, 540, h.memory.away.rows, "ten are in memory")
	times, x := m.Recent("a", 1000)
	require.Len(t, times, 550)
	require.Equal(t, rows[0], x.RawRowView(0))
	require.Equal(t, rows[549], x.RawRowView(549))
	require.NoError(t, m.Save())
	_, err := m.Profile("a", nil)
	require.NoError(t, err)
	require.NoError(t, m.Close())
	// After a restart they are away at once.
	m = open(t, cfg)
	require.Equal(t, 550, m.streams["a"].memory.away.rows)
	require.NoError(t, m.Close())
}

func TestStoredWindowNeedsAStore(t *testing.T) {
	_, err := Open(storedConfig(&sink{}))
	require.ErrorIs(t, err, ErrConfig)
}

// unreadableStore fails to load.
type unreadableStore struct {
	Store
	fails atomic.Bool
}

func (u *unreadableStore) Load(name string) ([]byte, error) {
	if u.fails.Load() {
		return nil, errFaulty
	}
	return u.Store.Load(name)
}

// While the Store cannot be read samples are scored, and nothing is lost: trainings and Save
// fail, and succeed later.
func TestStoredWindowAndAnUnreadableStore(t *testing.T) {
	store := &unreadableStore{Store: InMemory()}
	s := &sink{}
	cfg := storedConfig(s)
	cfg.Store = store
	m := open(t, cfg)
	rows := dagmmtest.Incident(dagmmtest.Ordinary(3000, 3), 900, 905, 95)
	for i, x := range rows {
		switch i {
		case 600:
			require.NoError(t, m.Save())
			store.fails.Store(true)
		case 1500:
			require.ErrorIs(t, m.Save(), errFaulty)
			_, err := m.Profile("a", nil)
			require.ErrorIs(t, err, errFaulty)
			times, _ := m.Recent("a", 5000)
			require.Len(t, times, 900, "those in memory")
			store.fails.Store(false)
			require.NoError(t, m.Save())
			times, _ = m.Recent("a", 5000)
			require.Equal(t, dagmmtest.Minute(1499), times[len(times)-1])
			require.GreaterOrEqual(t, len(times), 600)
		}
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
	}
	require.Len(t, s.only(alarm.Opened), 1)
	failed := s.only(alarm.RetrainFailed)
	require.NotEmpty(t, failed)
	require.Contains(t, failed[0].Detail, errFaulty.Error())
	require.Equal(t, alarm.Retrained, s.only(alarm.Retrained, alarm.RetrainFailed)[len(s.only(alarm.Retrained, alarm.RetrainFailed))-1].Kind)
	require.Zero(t, m.Stats().Damaged)
	require.NoError(t, m.Close())
}

// A state that is no longer the one that was written, or is gone, costs the samples in it and is
// counted; the stream goes on.
func TestStoredWindowIsLost(t *testing.T) {
	for name, harm := range map[string]func(t *testing.T, s Store){
		"gone": func(t *testing.T, s Store) { require.NoError(t, s.Remove(stateName("a"))) },
		"torn": func(t *testing.T, s Store) {
			data, err := s.Load(stateName("a"))
			require.NoError(t, err)
			require.NoError(t, s.Save(stateName("a"), data[:len(data)/2]))
		},
		"another's": func(t *testing.T, s Store) {
			data, err := s.Load(stateName("b"))
			require.NoError(t, err)
			require.NoError(t, s.Save(stateName("a"), data))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &sink{}
			cfg := storedConfig(s)
			cfg.Store = InMemory()
			m := open(t, cfg)
			rows := dagmmtest.Ordinary(1500, 3)
			for i, x := range rows {
				if i == 700 {
					require.NoError(t, m.Save())
					harm(t, cfg.Store)
				}
				require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
				require.NoError(t, m.Push("b", dagmmtest.Minute(i), x))
			}
			require.NoError(t, m.Save())
			require.Equal(t, uint64(1), m.Stats().Damaged)
			require.Equal(t, uint64(1500), m.streams["a"].samples)
			require.Empty(t, s.only(alarm.RetrainFailed))
			require.NoError(t, m.Close())
			m = open(t, cfg)
			require.Equal(t, uint64(1500), m.streams["a"].samples)
			require.NoError(t, m.Close())
		})
	}
}

// A memory whose first samples go away and come back is one that keeps them.
func TestMemoryAwayAndBack(t *testing.T) {
	c := WindowConfig{Recent: 300, Days: -1}.resolved()
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var whole, some memory
		now, stored := 0, storedMemory{}
		back := func() {
			if some.away.rows > 0 {
				some.back(stored)
			}
		}
		for range 40 {
			switch rng.IntN(6) {
			case 0, 1:
				for range rng.IntN(150) {
					now++
					x, incident := []float64{rng.Float64(), float64(now)}, rng.IntN(2) == 0
					whole.add(c, time.Minute, dagmmtest.Minute(now), x, incident)
					some.add(c, time.Minute, dagmmtest.Minute(now), x, incident)
					if some.full(c) {
						back()
					}
					if some.full(c) {
						some.prune(c, time.Minute)
					}
				}
			case 2:
				back()
				stored = storedMemory{Times: some.times, Values: some.values, Incident: some.incident}
				some.leave(len(some.times), 1)
			case 3:
				from := now - rng.IntN(500)
				whole.admit(dagmmtest.Minute(from), dagmmtest.Minute(from+50))
				some.admit(dagmmtest.Minute(from), dagmmtest.Minute(from+50))
			case 4:
				now -= rng.IntN(60)
				whole.before(dagmmtest.Minute(now))
				some.before(dagmmtest.Minute(now))
				now--
			case 5:
				back()
			}
			require.GreaterOrEqual(t, some.len(), whole.len(), seed)
		}
		back()
		require.Equal(t, whole.times, some.times, seed)
		require.Equal(t, whole.values, some.values, seed)
		require.Equal(t, whole.incident, some.incident, seed)
	}
}
