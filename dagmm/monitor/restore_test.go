package monitor

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/ingest"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// While several goroutines save, streams go to disk and come back, and every sample counts.
func TestSaveRacesWithEviction(t *testing.T) {
	const hosts, samples = 5, 80
	s := &sink{}
	cfg := monitorConfig(s)
	cfg.Dir, cfg.MaxStreams = t.TempDir(), 3
	cfg.WarmUp, cfg.Window.Recent = 50, 100
	m := open(t, cfg)
	var done atomic.Bool
	var wg sync.WaitGroup
	for range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for !done.Load() {
				if err := m.Save(); err != nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	rows := dagmmtest.Ordinary(samples, 3)
	for i, x := range rows {
		for k := range hosts {
			require.NoError(t, m.Push(fmt.Sprint("host", k), dagmmtest.Minute(i), x))
		}
	}
	done.Store(true)
	wg.Wait()
	require.NoError(t, m.Close())
	require.Zero(t, s.twice)
	cfg.MaxStreams = hosts
	m = open(t, cfg)
	for _, st := range m.all() {
		require.Equal(t, uint64(samples), st.samples, st.id)
		require.NotNil(t, st.detector)
	}
	require.Equal(t, hosts, m.Stats().Streams)
	require.NoError(t, m.Close())
}

// A state that was copied before an eviction and is written after it is not written.
func TestOldSnapshotStaysUnwritten(t *testing.T) {
	cfg := monitorConfig(&sink{})
	cfg.Dir, cfg.MaxStreams = t.TempDir(), 1
	m := open(t, cfg)
	rows := dagmmtest.Ordinary(20, 3)
	for i, x := range rows[:10] {
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
	}
	old := m.streams["a"]
	now, err := m.snapshot(old)
	require.NoError(t, err)
	for i, x := range rows[10:] {
		require.NoError(t, m.Push("a", dagmmtest.Minute(10+i), x))
	}
	require.NoError(t, m.Push("b", dagmmtest.Minute(0), rows[0]))
	require.NoError(t, m.writeSnapshot(old, now))
	require.NoError(t, m.Push("a", dagmmtest.Minute(20), rows[0]))
	require.Equal(t, uint64(21), m.streams["a"].samples)
	require.NoError(t, m.Close())
}

// twoHosts leaves the state of two streams with models, and more samples in the journal.
func twoHosts(t *testing.T, cfg Config) {
	m := open(t, cfg)
	rows := dagmmtest.Ordinary(620, 1)
	for i, x := range rows {
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
		require.NoError(t, m.Push("b", dagmmtest.Minute(i), x))
		if i == 599 {
			require.NoError(t, m.Save())
		}
	}
	m.abandon()
}

func flip(t *testing.T, path string) {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	text[len(text)/2] ^= 1
	require.NoError(t, os.WriteFile(path, text, 0o644))
}

// One stream's damaged file is set aside and the stream says that it begins anew; the
// others start.
func TestDamagedStateIsSetAside(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, m *Monitor){
		"state": func(t *testing.T, m *Monitor) { flip(t, filepath.Join(m.cfg.Dir, stateName("a"))) },
		"empty": func(t *testing.T, m *Monitor) {
			require.NoError(t, os.WriteFile(filepath.Join(m.cfg.Dir, stateName("a")), nil, 0o600))
		},
		"model": func(t *testing.T, m *Monitor) {
			models, err := filepath.Glob(filepath.Join(m.cfg.Dir, "model-"+key("a")+"*"))
			require.NoError(t, err)
			require.Len(t, models, 1)
			require.NoError(t, os.WriteFile(models[0], []byte("{"), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &sink{}
			cfg := monitorConfig(s)
			cfg.Dir = t.TempDir()
			twoHosts(t, cfg)
			damage(t, &Monitor{cfg: cfg})
			m := open(t, cfg)
			require.Equal(t, uint64(1), m.Stats().Damaged)
			require.NotNil(t, m.Model("b"))
			require.Nil(t, m.Model("a"))
			for i, x := range dagmmtest.Ordinary(520, 1) {
				require.NoError(t, m.Push("a", dagmmtest.Minute(700+i), x))
			}
			require.NotNil(t, m.Model("a"))
			warming := s.only(alarm.WarmingUp)
			require.Len(t, warming, 3)
			aside := filepath.Join(m.cfg.Dir, stateName("a")) + setAside
			require.Contains(t, warming[2].Detail, filepath.Base(aside))
			require.FileExists(t, aside)
			require.Zero(t, s.twice)
			require.NoError(t, m.Close())
			m = open(t, cfg)
			require.NotNil(t, m.Model("a"))
			require.Zero(t, m.Stats().Damaged)
			require.NoError(t, m.Remove("a"))
			require.NoFileExists(t, aside)
			require.NoError(t, m.Close())
		})
	}
}

// An evicted stream whose file is damaged meanwhile begins anew, once: a restart replays
// what came since and nothing of what was before.
func TestDamagedWhileEvicted(t *testing.T) {
	s := &sink{}
	cfg := monitorConfig(s)
	cfg.Dir, cfg.MaxStreams = t.TempDir(), 1
	m := open(t, cfg)
	rows := dagmmtest.Ordinary(560, 1)
	for i, x := range rows[:550] {
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
	}
	require.NoError(t, m.Push("b", dagmmtest.Minute(0), rows[0]))
	flip(t, filepath.Join(m.cfg.Dir, stateName("a")))
	for i, x := range rows[550:] {
		require.NoError(t, m.Push("a", dagmmtest.Minute(550+i), x))
	}
	require.Equal(t, uint64(1), m.Stats().Damaged)
	m.abandon()
	m = open(t, cfg)
	require.NoError(t, m.Push("a", dagmmtest.Minute(600), rows[0]))
	require.Equal(t, uint64(11), m.streams["a"].samples)
	require.Len(t, s.only(alarm.WarmingUp), 3)
	require.Zero(t, s.twice)
	require.NoError(t, m.Close())
}

// What is wrong with all streams, or could be read by another version, is not touched.
func TestForeignStateIsAnError(t *testing.T) {
	cfg := monitorConfig(&sink{})
	cfg.Dir = t.TempDir()
	twoHosts(t, cfg)
	other := cfg
	other.Columns = []string{"cpu", "mem", "disk"}
	_, err := Open(other)
	require.ErrorIs(t, err, ErrState)
	path := filepath.Join(cfg.Dir, stateName("a"))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	later := append([]byte("dagmm-stream 3"), text[len("dagmm-stream 2"):]...)
	require.NoError(t, os.WriteFile(path, later, 0o600))
	_, err = Open(cfg)
	require.ErrorIs(t, err, ErrState)
	require.ErrorContains(t, err, "version")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	m := open(t, cfg)
	require.NotNil(t, m.Model("a"))
	require.NoError(t, m.Close())
}

// The model of an outcome in the journal may be damaged too.
func TestDamagedModelInTheJournal(t *testing.T) {
	cfg := monitorConfig(&sink{})
	cfg.Dir = t.TempDir()
	m := open(t, cfg)
	for i, x := range dagmmtest.Ordinary(520, 1) {
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
		require.NoError(t, m.Push("b", dagmmtest.Minute(i), x))
	}
	m.abandon()
	models, err := filepath.Glob(filepath.Join(m.cfg.Dir, "model-"+key("a")+"*"))
	require.NoError(t, err)
	require.NoError(t, os.Remove(models[0]))
	m = open(t, cfg)
	require.Nil(t, m.Model("a"))
	require.NotNil(t, m.Model("b"))
	require.Equal(t, uint64(1), m.Stats().Failed)
	require.NoError(t, m.Close())
}

// A removed host leaves nothing, wherever it was, and does not come back with a replay.
func TestRemove(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, m *Monitor, x []float64){
		"in memory":    func(*testing.T, *Monitor, []float64) {},
		"saved":        func(t *testing.T, m *Monitor, _ []float64) { require.NoError(t, m.Save()) },
		"evicted":      func(t *testing.T, m *Monitor, x []float64) { require.NoError(t, m.Push("b", dagmmtest.Minute(9), x)) },
		"not finished": nil,
	} {
		t.Run(name, func(t *testing.T) {
			s := &sink{}
			cfg := monitorConfig(s)
			cfg.Dir, cfg.MaxStreams = t.TempDir(), 1
			m := open(t, cfg)
			rows := dagmmtest.Ordinary(520, 1)
			for i, x := range rows {
				require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
			}
			require.NotNil(t, m.Model("a"))
			if prepare != nil {
				prepare(t, m, rows[0])
				require.NoError(t, m.Remove("a"))
			} else { // the process dies between the record and the files
				require.NoError(t, m.Save())
				_, err := m.journal.remove("a")
				require.NoError(t, err)
			}
			m.abandon()
			m = open(t, cfg)
			files, err := filepath.Glob(filepath.Join(m.cfg.Dir, "*-"+key("a")+"*"))
			require.NoError(t, err)
			require.Empty(t, files)
			require.Nil(t, m.streams["a"])

			before := len(s.events)
			for i, x := range rows { // a new host of the name, and times that the old one has seen
				require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
				if i == 510 {
					m.abandon()
					m = open(t, cfg)
				}
			}
			require.Equal(t, []alarm.Kind{alarm.WarmingUp, alarm.Retrained}, s.kinds()[before:before+2])
			require.Equal(t, uint64(520), m.streams["a"].samples)
			require.NotNil(t, m.Model("a"))
			require.Zero(t, s.twice)
			require.NoError(t, m.Close())
			require.ErrorIs(t, m.Remove("a"), ErrClosed)
		})
	}
}

// A training under way ends with its stream and writes no file.
func TestRemoveEndsTheTraining(t *testing.T) {
	s := &sink{}
	cfg := monitorConfig(s)
	cfg.Dir, cfg.Synchronous, cfg.Delivered = t.TempDir(), false, nil
	started, ended := make(chan bool), make(chan bool)
	cfg.Train = func(ctx context.Context, w *Window) (*dagmm.Model, error) {
		started <- true
		<-ctx.Done()
		defer close(ended)
		return quickTrain(context.Background(), w)
	}
	m := open(t, cfg)
	for i, x := range dagmmtest.Ordinary(500, 1) {
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
	}
	<-started
	require.NoError(t, m.Remove("a"))
	require.NoError(t, m.Remove("never seen"))
	<-ended
	require.Zero(t, m.Stats().Streams)
	require.NoError(t, m.Push("a", dagmmtest.Minute(0), dagmmtest.Ordinary(1, 1)[0]))
	require.Equal(t, uint64(1), m.streams["a"].seq, "without Delivered the numbers begin again")
	require.NoError(t, m.Close())
	files, err := filepath.Glob(filepath.Join(m.cfg.Dir, "model-"+key("a")+"*"))
	require.NoError(t, err)
	require.Empty(t, files)
}

// What Input counts is summed over the streams, evicted ones included.
func TestMonitorCountsInput(t *testing.T) {
	cfg := monitorConfig(&sink{})
	cfg.Dir, cfg.MaxStreams = t.TempDir(), 1
	cfg.Input.Metrics = map[string]ingest.Rule{"cpu": {Min: 0, Max: 100}, "net": {Counter: true}}
	m := open(t, cfg)
	for i, x := range [][]float64{{50, 60, 1 << 31}, {101, 60, 1<<32 - 10}, {50, math.Inf(1), 10}, {50, 60, 1 << 20}, {50, 60, 5}} {
		for k := range 2 {
			require.NoError(t, m.Push(fmt.Sprint("host", k), dagmmtest.Minute(i), x))
		}
	}
	st := m.Stats()
	require.Equal(t, []uint64{4, 2, 2}, []uint64{st.Invalid, st.Wraps, st.Resets})
	require.NotZero(t, st.Evicted)
	require.NoError(t, m.Close())
}
