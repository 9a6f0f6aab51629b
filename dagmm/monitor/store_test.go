package monitor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// oddDir is a folder whose name has a meaning to file name patterns.
func oddDir(t *testing.T) string {
	dir := filepath.Join(t.TempDir(), "a[b]*c")
	require.NoError(t, os.Mkdir(dir, 0o755))
	return dir
}

func TestStores(t *testing.T) {
	for name, newStore := range map[string]func(t *testing.T) Store{
		"memory": func(*testing.T) Store { return InMemory() },
		"folder": func(t *testing.T) Store {
			s, err := Folder(filepath.Join(oddDir(t), "new"))
			require.NoError(t, err)
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			_, err := s.Load("stream-1.state")
			require.ErrorIs(t, err, fs.ErrNotExist)
			require.NoError(t, s.Remove("stream-1.state"))
			data := []byte("one")
			require.NoError(t, s.Save("stream-1.state", data))
			copy(data, "two")
			require.NoError(t, s.Save("model-1-1.json", nil))
			got, err := s.Load("stream-1.state")
			require.NoError(t, err)
			require.Equal(t, "one", string(got))
			require.NoError(t, s.Save("stream-1.state", data))
			got, err = s.Load("stream-1.state")
			require.NoError(t, err)
			require.Equal(t, "two", string(got))
			names, err := s.Names("stream-")
			require.NoError(t, err)
			require.Equal(t, []string{"stream-1.state"}, names)
			names, err = s.Names("")
			require.NoError(t, err)
			require.Len(t, names, 2)
			require.NoError(t, s.Remove("stream-1.state"))
			_, err = s.Load("stream-1.state")
			require.ErrorIs(t, err, fs.ErrNotExist)
		})
	}
}

// What a process that died has left half-written is removed when the folder is opened.
func TestFolderRemovesTemporaryFiles(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, temporary+"123")
	require.NoError(t, os.WriteFile(left, []byte("half"), 0o600))
	_, err := Folder(dir)
	require.NoError(t, err)
	require.NoFileExists(t, left)
}

// With a Store and no folder a Monitor goes on from its last Save, alarms, models and
// numbers included.
func TestMonitorWithoutAJournal(t *testing.T) {
	rows := dagmmtest.Incident(dagmmtest.Ordinary(1300, 3), 900, 905, 95)
	run := func(store Store, restarts map[int]bool) string {
		s := &sink{}
		cfg := monitorConfig(s)
		cfg.Store = store
		m := open(t, cfg)
		for i, x := range rows {
			require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
			if restarts[i] {
				require.NoError(t, m.Close())
				m = open(t, cfg)
			}
		}
		require.NoError(t, m.Close())
		names, err := store.Names(modelPrefix)
		require.NoError(t, err)
		require.Len(t, names, 1, "older models are removed")
		require.Zero(t, s.twice)
		return text(s.events)
	}
	want := run(InMemory(), nil)
	require.Contains(t, want, "opened")
	require.Equal(t, want, run(InMemory(), map[int]bool{300: true, 902: true, 1001: true}))
	folder, err := Folder(oddDir(t))
	require.NoError(t, err)
	require.Equal(t, want, run(folder, map[int]bool{499: true, 500: true, 903: true}))
}

// A Monitor whose folder has an odd name saves and removes its own files and no others.
func TestMonitorInAnOddFolder(t *testing.T) {
	cfg := monitorConfig(&sink{})
	cfg.Dir = oddDir(t)
	m := open(t, cfg)
	for i, x := range dagmmtest.Ordinary(1300, 3) {
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
	}
	require.NoError(t, m.Save())
	names, err := m.store.Names(modelPrefix)
	require.NoError(t, err)
	require.Len(t, names, 1)
	require.NoError(t, m.Close())
}

// faultyStore fails, tears what it is given, or waits.
type faultyStore struct {
	Store
	fails, tears atomic.Bool
	waits        sync.Mutex // held while Save shall wait
}

var errFaulty = errors.New("no space left")

func (f *faultyStore) Save(name string, data []byte) error {
	f.waits.Lock()
	defer f.waits.Unlock()
	if f.tears.Load() {
		data = data[:len(data)/2]
	}
	if err := f.Store.Save(name, data); err != nil || f.fails.Load() {
		return errors.Join(err, errFaulty)
	}
	return nil
}

// A Store that fails loses nothing that the journal has; the error reaches the caller.
func TestStoreFails(t *testing.T) {
	store := &faultyStore{Store: InMemory()}
	s := &sink{}
	cfg := monitorConfig(s)
	cfg.Dir, cfg.Store = t.TempDir(), store
	m := open(t, cfg)
	rows := dagmmtest.Incident(dagmmtest.Ordinary(700, 3), 600, 605, 95)
	for i, x := range rows[:550] {
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
	}
	require.NoError(t, m.Save())
	store.fails.Store(true)
	for i, x := range rows[550:] {
		require.NoError(t, m.Push("a", dagmmtest.Minute(550+i), x))
		if i%20 == 0 {
			require.ErrorIs(t, m.Save(), errFaulty)
		}
	}
	require.Len(t, s.only(alarm.Opened), 1)
	m.abandon()
	store.fails.Store(false)
	m = open(t, cfg)
	require.Equal(t, uint64(700), m.streams["a"].samples)
	require.Zero(t, s.twice)
	require.NoError(t, m.Close())
}

// A model that a failing Store does not take is a failed training, and the next one counts.
func TestStoreFailsWhileTraining(t *testing.T) {
	store := &faultyStore{Store: InMemory()}
	s := &sink{}
	cfg := monitorConfig(s)
	cfg.Store = store
	store.fails.Store(true)
	m := open(t, cfg)
	for i, x := range dagmmtest.Ordinary(640, 3) {
		if i == 600 {
			store.fails.Store(false)
		}
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
	}
	trained := s.only(alarm.Retrained, alarm.RetrainFailed)
	require.Equal(t, []alarm.Kind{alarm.RetrainFailed, alarm.Retrained}, kinds(trained))
	require.Contains(t, trained[0].Detail, errFaulty.Error())
	require.NoError(t, m.Close())
}

// A state that was torn in the Store is put aside; its stream begins anew and says so, and
// the other stream is as it was.
func TestStoreTears(t *testing.T) {
	store := &faultyStore{Store: InMemory()}
	s := &sink{}
	cfg := monitorConfig(s)
	cfg.Store = store
	m := open(t, cfg)
	rows := dagmmtest.Ordinary(540, 3)
	for i, x := range rows[:530] {
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
		require.NoError(t, m.Push("b", dagmmtest.Minute(i), x))
	}
	require.NoError(t, m.Save())
	store.tears.Store(true)
	require.NoError(t, m.save(m.streams["a"]))
	store.tears.Store(false)
	m.cancel() // the process dies
	m = open(t, cfg)
	require.Equal(t, uint64(1), m.Stats().Damaged)
	require.Nil(t, m.Model("a"))
	require.NotNil(t, m.Model("b"))
	require.NoError(t, m.Push("a", dagmmtest.Minute(600), rows[530]))
	warming := s.only(alarm.WarmingUp)
	require.Contains(t, warming[len(warming)-1].Detail, stateName("a")+setAside)
	require.NoError(t, m.Close())
}

// While the Store hangs in Save, samples go on being scored.
func TestStoreHangs(t *testing.T) {
	store := &faultyStore{Store: InMemory()}
	cfg := monitorConfig(&sink{})
	cfg.Store = store
	m := open(t, cfg)
	rows := dagmmtest.Ordinary(640, 3)
	for i, x := range rows[:600] {
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
	}
	store.waits.Lock()
	saved := make(chan error)
	go func() { saved <- m.Save() }()
	for i, x := range rows[600:] {
		require.NoError(t, m.Push("a", dagmmtest.Minute(600+i), x))
	}
	select {
	case err := <-saved:
		t.Fatalf("Save returned (%v) although the store hangs", err)
	case <-time.After(10 * time.Millisecond):
	}
	require.Equal(t, uint64(640), m.Stats().Samples)
	store.waits.Unlock()
	require.NoError(t, <-saved)
	require.NoError(t, m.Close())
}

// Every scored sample is told once, before its events, and none of a replay.
func TestScored(t *testing.T) {
	var told []string
	cfg := monitorConfig(&sink{})
	cfg.Delivered = nil
	cfg.Dir = t.TempDir()
	cfg.Scored = func(stream string, at time.Time, r alarm.Result) {
		told = append(told, fmt.Sprintf("%s %s %t", stream, at.Format("15:04"), r.Flagged))
		for _, e := range r.Events {
			require.Equal(t, stream, e.Stream)
			require.NotZero(t, e.Seq)
		}
	}
	cfg.Handle = func(e alarm.Event) { told = append(told, string(e.Kind)) }
	m := open(t, cfg)
	rows := dagmmtest.Incident(dagmmtest.Ordinary(503, 3), 501, 502, 95)
	for i, x := range rows[:502] {
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
	}
	require.Equal(t, []string{"warming up", "a 08:20 false", "retrained", "a 08:21 true", "opened"}, told)
	m.abandon()
	told = nil
	m = open(t, cfg)
	require.Empty(t, told)
	require.NoError(t, m.Push("a", dagmmtest.Minute(502), rows[502]))
	require.Len(t, told, 1, "the sample before an alarm ends raises no event")
	require.Contains(t, told[0], "a 08:22")
	require.NoError(t, m.Close())
}
