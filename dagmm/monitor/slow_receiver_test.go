package monitor

import (
	"context"
	"errors"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// barrier holds who comes to it until it is opened.
type barrier struct{ reached, open chan bool }

func newBarrier() barrier { return barrier{make(chan bool), make(chan bool)} }

func (b barrier) pass() {
	b.reached <- true
	<-b.open
}

// until waits for a condition that another goroutine brings about.
func until(condition func() bool) {
	for !condition() {
		runtime.Gosched()
	}
}

// While a receiver is busy with an event of one stream, other streams are scored, added,
// evicted and removed, although somebody waits to remove the busy one.
func TestSlowReceiverHoldsItsStreamOnly(t *testing.T) {
	for name, dir := range map[string]string{"memory": "", "folder": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			slow := newBarrier()
			cfg := monitorConfig(&sink{})
			cfg.Dir, cfg.MaxStreams, cfg.Delivered = dir, 3, nil
			cfg.Handle = func(e alarm.Event) {
				if e.Stream == "a" {
					slow.pass()
				}
			}
			m := open(t, cfg)
			x := dagmmtest.Ordinary(1, 1)[0]
			pushed, removed := make(chan error), make(chan error)
			require.NoError(t, m.Push("b", dagmmtest.Minute(0), x))
			go func() { pushed <- m.Push("a", dagmmtest.Minute(0), x) }()
			<-slow.reached
			go func() { removed <- m.Remove("a") }()
			until(func() bool {
				m.mu.RLock()
				defer m.mu.RUnlock()
				return m.claimed["a"] != nil
			})
			for i, stream := range []string{"b", "c", "d", "e"} { // "a" was used least recently
				require.NoError(t, m.Push(stream, dagmmtest.Minute(1+i), x))
			}
			require.NotZero(t, m.evicted.Load())
			require.NoError(t, m.Remove("e"))
			require.Nil(t, m.Model("d"))
			require.NoError(t, m.Exclude("d", dagmmtest.Minute(0), dagmmtest.Minute(1)))
			close(slow.open)
			require.NoError(t, <-pushed)
			require.NoError(t, <-removed)
			require.Nil(t, m.streams["a"])
			require.NoError(t, m.Close())
		})
	}
}

// gatedStore holds those who load a state of a stream.
type gatedStore struct {
	Store
	name string
	barrier
}

func (s gatedStore) Load(name string) ([]byte, error) {
	if name == s.name {
		s.pass()
	}
	return s.Store.Load(name)
}

// While a Store is slow to give one stream back, the others go on, and a Save waits: the
// stream is part of what it writes.
func TestSlowStoreHoldsItsStreamOnly(t *testing.T) {
	store := gatedStore{InMemory(), stateName("a"), newBarrier()}
	cfg := monitorConfig(&sink{})
	cfg.Store, cfg.Dir = store, t.TempDir()
	m := open(t, cfg)
	x := dagmmtest.Ordinary(1, 1)[0]
	require.NoError(t, m.Push("b", dagmmtest.Minute(0), x))
	pushed, saved := make(chan error), make(chan error)
	go func() { pushed <- m.Push("a", dagmmtest.Minute(0), x) }()
	<-store.reached
	require.NoError(t, m.Push("b", dagmmtest.Minute(1), x))
	require.NoError(t, m.Push("c", dagmmtest.Minute(1), x))
	require.Equal(t, 2, m.Stats().Streams)
	go func() { saved <- m.Save() }()
	until(func() bool {
		idle := m.saving.TryLock()
		if idle {
			m.saving.Unlock()
		}
		return !idle
	})
	close(store.open)
	require.NoError(t, <-pushed)
	require.NoError(t, <-saved)
	require.NoError(t, m.Close())
	names, err := store.Names(statePrefix)
	require.NoError(t, err)
	require.Len(t, names, 3)
}

// probe fails where a lock is held that calls for other streams need. held are the streams
// that may be.
func probe(t *testing.T, m *Monitor, held ...string) {
	if m == nil || m.replaying() {
		return
	}
	require.True(t, m.mu.TryLock(), "Monitor.mu")
	streams := slices.Collect(maps.Values(m.streams))
	m.mu.Unlock()
	require.True(t, m.trainings.mu.TryLock(), "queue of trainings")
	m.trainings.mu.Unlock()
	if m.journal != nil {
		m.journal.log.Reserve() // waits for ever where the journal is held
	}
	for _, s := range streams {
		if slices.Contains(held, s.id) {
			continue
		}
		require.True(t, s.mu.TryLock(), "stream %q", s.id)
		s.mu.Unlock()
		require.True(t, s.file.TryLock(), "file of stream %q", s.id)
		s.file.Unlock()
	}
}

// probingStore probes in all its methods. streams are those whose state is touched.
type probingStore struct {
	Store
	probe func(name string)
}

func (s probingStore) Load(name string) ([]byte, error) { s.probe(name); return s.Store.Load(name) }
func (s probingStore) Save(name string, data []byte) error {
	s.probe(name)
	return s.Store.Save(name, data)
}
func (s probingStore) Remove(name string) error { s.probe(name); return s.Store.Remove(name) }
func (s probingStore) Names(prefix string) ([]string, error) {
	s.probe(prefix)
	return s.Store.Names(prefix)
}

// Whatever function of the Config is called, no lock is held but those of the stream that it
// is called for: not of other streams, and none that all calls need.
func TestNoLockIsHeldForOthers(t *testing.T) {
	for _, journal := range []bool{true, false} {
		streams := []string{"a", "b", "c"}
		var m *Monitor
		calls := map[string]int{}
		cfg := monitorConfig(&sink{})
		cfg.WarmUp, cfg.Window.Recent, cfg.MaxStreams, cfg.Retrain = 60, 120, 2, time.Hour
		cfg.Train = func(ctx context.Context, w *Window) (*dagmm.Model, error) {
			calls["Train"]++
			probe(t, m, w.Stream)
			return quickTrain(ctx, w)
		}
		cfg.Handle = func(e alarm.Event) { calls["Handle"]++; probe(t, m, e.Stream) }
		cfg.Scored = func(stream string, _ time.Time, _ alarm.Result) { calls["Scored"]++; probe(t, m, stream) }
		cfg.Delivered = func(stream string) uint64 { calls["Delivered"]++; probe(t, m, stream); return 0 }
		cfg.Store = probingStore{InMemory(), func(name string) {
			calls["Store"]++
			probe(t, m, slices.DeleteFunc(slices.Clone(streams), func(s string) bool { return !strings.Contains(name, key(s)) })...)
		}}
		if journal {
			cfg.Dir = t.TempDir()
		}
		m = open(t, cfg)
		for i, x := range dagmmtest.Incident(dagmmtest.Ordinary(200, 3), 150, 155, 95) {
			for k, s := range streams {
				if i%5 != k {
					continue
				}
				for j := i - 4; j <= i; j++ {
					if j >= 0 {
						require.NoError(t, m.Push(s, dagmmtest.Minute(j), x))
					}
				}
			}
			if i%50 == 49 {
				require.NoError(t, m.Save())
				require.NoError(t, m.Tick(dagmmtest.Minute(i)))
			}
		}
		require.NoError(t, m.Remove("a"))
		require.NotZero(t, m.Stats().Trained)
		require.NotZero(t, m.Stats().Evicted)
		require.NoError(t, m.Close())
		for _, f := range []string{"Train", "Handle", "Scored", "Delivered", "Store"} {
			require.NotZero(t, calls[f], f)
		}
	}
}

// panickyStore panics while it saves, once.
type panickyStore struct {
	Store
	left int
}

func (s *panickyStore) Save(name string, data []byte) error {
	if s.left--; s.left == 0 {
		panic("store")
	}
	return s.Store.Save(name, data)
}

// What panics while a stream is added, evicted or saved leaves no lock and no claim behind.
func TestPanicsLeaveNoLock(t *testing.T) {
	for panics := 1; panics < 8; panics++ {
		told := 0
		cfg := monitorConfig(&sink{})
		cfg.Store, cfg.MaxStreams = &panickyStore{InMemory(), panics}, 2
		cfg.Delivered = func(string) uint64 {
			if told++; told == panics {
				panic("receiver")
			}
			return 0
		}
		m := open(t, cfg)
		x := dagmmtest.Ordinary(1, 1)[0]
		recoveries := 0
		for i := range 4 {
			for _, id := range []string{"a", "b", "c"} {
				for err := errors.New("again"); err != nil; recoveries++ {
					err = recovered(func() error { return m.Push(id, dagmmtest.Minute(i), x) })
				}
			}
			if err := recovered(m.Save); err != nil {
				require.ErrorContains(t, err, "recovered")
			}
		}
		require.Greater(t, recoveries, 12)
		require.NoError(t, m.Remove("a"))
		require.Empty(t, m.claimed)
		probe(t, m)
		require.NoError(t, m.Close())
	}
}
