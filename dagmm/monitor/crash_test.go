package monitor

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
	"github.com/metric-streams/anomaly/internal/disk"
	"github.com/metric-streams/anomaly/internal/disk/disktest"
)

// The crash driver runs a Monitor in a process of its own, kills that, and starts it again
// in the same folder until all samples are in. Kills come from outside at any moment, or
// from within at an operation on a file, in the middle of a write for one. Between kills the
// disk may fail and fill up. Nothing that was acknowledged may be lost, no event may come
// twice, and the folder must open every time. ANOMALY_CRASH=1000 kills a thousand times.

const crashChild = "ANOMALY_CRASH_CHILD" // holds the crash of a child, as JSON

// crash is what a child is told.
type crash struct {
	Dir         string
	Seed        uint64
	Minutes     int
	MaxStreams  int
	SaveEvery   int // minutes
	Lateness    time.Duration
	Adapt       bool
	Delivered   bool // the receiver says what it has
	Synchronous bool
	OwnStore    bool // states and models are not in the folder of the journal
	Remove      bool
	Faults      int // so many operations on files fail in each life, one in twenty until then

	Life   int
	KillAt int  // operation on files at which the child kills itself; 0 means never
	Torn   bool // in the middle of it
}

var crashStreams = []string{"a", "b", "c"}

// step is one call of the Monitor.
type step func(m *Monitor) error

// steps are all calls, the same in every life. pushed says how many samples each stream
// has at the end.
func (c crash) steps() (out []step, pushed map[string]uint64) {
	pushed = map[string]uint64{}
	for i := range c.Minutes {
		for k, id := range crashStreams {
			if (i+7*k)%50 < 5*k { // streams come and go
				continue
			}
			x := dagmmtest.Row(rand.New(rand.NewPCG(c.Seed, uint64(1000*i+k))))
			if i%97 > 90 && i > 150 {
				x[0] = 95
			}
			pushed[id]++
			out = append(out, func(m *Monitor) error { return m.Push(id, dagmmtest.Minute(i), x) })
		}
		if i%11 == 10 && c.MaxStreams >= len(crashStreams) { // a tick does not reach streams that are not in memory
			out = append(out, func(m *Monitor) error { return m.Tick(dagmmtest.Minute(i)) })
		}
		if i%c.SaveEvery == c.SaveEvery-1 {
			out = append(out, (*Monitor).Save)
		}
		if c.Remove && i == c.Minutes/2 {
			pushed["b"] = 0
			out = append(out, func(m *Monitor) error { return m.Remove("b") })
		}
		if i == 40 {
			out = append(out, func(m *Monitor) error { return m.Exclude("a", dagmmtest.Minute(20), dagmmtest.Minute(25)) })
		}
		if i%40 == 39 {
			out = append(out, func(m *Monitor) error { return judgeLast(m, "a", i%3 == 0) })
		}
		if i%110 == 100 {
			out = append(out, func(m *Monitor) error { return m.Expect("c", dagmmtest.Minute(i-5), dagmmtest.Minute(i+40)) })
		}
	}
	return out, pushed
}

// judgeLast says whether the stream's last alarm was real.
func judgeLast(m *Monitor, id string, real bool) error {
	var seq uint64
	err := m.on(id, func(s *stream) error {
		if n := len(s.alarms); n > 0 {
			seq = s.alarms[n-1].seq
		}
		return nil
	})
	if err != nil || seq == 0 {
		return err
	}
	return m.Judge(id, seq, real)
}

func (c crash) config(r *diary) Config {
	cfg := monitorConfig(&sink{})
	cfg.Dir, cfg.WarmUp, cfg.Window.Recent, cfg.Retrain = filepath.Join(c.Dir, "state"), 100, 150, 2*time.Hour
	cfg.MaxStreams, cfg.Synchronous, cfg.Input.Lateness = c.MaxStreams, c.Synchronous, c.Lateness
	if c.Adapt {
		cfg.Detector.Adapt = &alarm.AdaptConfig{Memory: 100, Every: 7}
	}
	cfg.Handle, cfg.Delivered = r.handle, nil
	if c.Delivered {
		cfg.Delivered = r.delivered
	}
	return cfg
}

// open opens the Monitor on a file system, again where a fault kept it from opening.
func (c crash) open(fsys disk.FS, r *diary) (*Monitor, error) {
	for {
		cfg := c.config(r)
		var err error
		if c.OwnStore {
			cfg.Store, err = folderOn(fsys, filepath.Join(c.Dir, "store"))
		}
		var m *Monitor
		if err == nil {
			m, err = openOn(fsys, cfg)
		}
		if !errors.Is(err, errFault) {
			return m, err
		}
	}
}

var errFault = syscall.ENOSPC

// run takes the steps that were not taken yet.
func (c crash) run(fsys disk.FS) error {
	r, err := openDiary(filepath.Join(c.Dir, "events"))
	if err != nil {
		return err
	}
	defer r.file.Close()
	progress, err := os.OpenFile(filepath.Join(c.Dir, "progress"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer progress.Close()
	m, err := c.open(fsys, r)
	if err != nil {
		return err
	}
	steps, _ := c.steps()
	for i := taken(c.Dir); i < len(steps); i++ {
		for err = errFault; errors.Is(err, errFault); { // it is acknowledged when it returns without an error
			err = steps[i](m)
		}
		if err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
		if _, err := progress.WriteAt(binary.LittleEndian.AppendUint64(nil, uint64(i+1)), 0); err != nil {
			return err
		}
	}
	if err := m.Close(); !errors.Is(err, errFault) {
		return err
	}
	return nil
}

// taken says how many steps have been acknowledged.
func taken(dir string) int {
	b, err := os.ReadFile(filepath.Join(dir, "progress"))
	if err != nil || len(b) < 8 {
		return 0
	}
	return int(binary.LittleEndian.Uint64(b))
}

// diary is a receiver that outlives the process: one line an event.
type diary struct {
	mu   sync.Mutex
	file *os.File
	last map[string]uint64
}

func openDiary(path string) (*diary, error) {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	r := &diary{file: file, last: map[string]uint64{}}
	// A line that the process has not finished is none.
	if err := file.Truncate(int64(bytes.LastIndexByte(text, '\n') + 1)); err != nil {
		return nil, err
	}
	events, _, err := readDiary(path)
	for _, e := range events {
		r.last[e.Stream] = max(r.last[e.Stream], e.Seq)
	}
	return r, err
}

func (r *diary) handle(e alarm.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	line, err := json.Marshal(e)
	if err == nil {
		_, err = r.file.Write(append(line, '\n'))
	}
	if err != nil {
		panic(err)
	}
	r.last[e.Stream] = max(r.last[e.Stream], e.Seq)
}

func (r *diary) delivered(stream string) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last[stream]
}

func readDiary(path string) (events []alarm.Event, lines []string, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	for line := range bytes.Lines(text) {
		var e alarm.Event
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, nil, err
		}
		events, lines = append(events, e), append(lines, string(line))
	}
	return events, lines, nil
}

// told returns the lines of each stream's events, without those that came again, and how
// many did.
func told(t *testing.T, dir, name string) (out map[string][]string, again int) {
	events, lines, err := readDiary(filepath.Join(dir, "events"))
	require.NoError(t, err)
	out = map[string][]string{}
	for i, e := range events {
		have := out[e.Stream]
		n := uint64(len(have))
		switch {
		case e.Seq == n+1:
			out[e.Stream] = append(have, lines[i])
		case e.Seq >= 1 && e.Seq <= n:
			require.Equal(t, have[e.Seq-1], lines[i], "%s: an event came again as another one", name)
			again++
		default:
			require.Fail(t, "events are missing", "%s: stream %s: number %d after %d", name, e.Stream, e.Seq, n)
		}
	}
	return out, again
}

// TestCrashChild is the process that is killed.
func TestCrashChild(t *testing.T) {
	text := os.Getenv(crashChild)
	if text == "" {
		t.Skip("for TestCrashes")
	}
	var c crash
	require.NoError(t, json.Unmarshal([]byte(text), &c))
	rng := rand.New(rand.NewPCG(c.Seed, uint64(c.Life)))
	var mu sync.Mutex
	operations := 0
	fsys := disktest.Hooked{FS: disk.System, Ask: func(_, _ string, bytes int) disktest.Answer {
		mu.Lock()
		defer mu.Unlock()
		operations++
		part := rng.IntN(bytes + 1)
		switch {
		case operations == c.KillAt && c.Torn:
			return disktest.Answer{Part: part, Then: die}
		case operations == c.KillAt:
			die()
		case c.Faults > 0 && rng.IntN(20) == 0:
			c.Faults--
			return disktest.Answer{Part: part, Err: errFault}
		}
		return disktest.Answer{}
	}}
	require.NoError(t, c.run(fsys))
}

// die is what kill -9 does.
func die() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {}
}

// live runs a child until it ends, or kills it once so many steps have been taken; negative
// means never. It reports whether the child was killed.
func (c crash) live(t *testing.T, until int, pause time.Duration) (killed bool) {
	text, err := json.Marshal(c)
	require.NoError(t, err)
	child := exec.Command(os.Args[0], "-test.run=^TestCrashChild$", "-test.count=1")
	child.Env = append(os.Environ(), crashChild+"="+string(text), "ANOMALY_CRASH=")
	var output bytes.Buffer
	child.Stdout, child.Stderr = &output, &output
	require.NoError(t, child.Start())
	done := make(chan error, 1)
	go func() { done <- child.Wait() }()
	if until >= 0 {
		for len(done) == 0 && taken(c.Dir) < until {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(pause)
		_ = child.Process.Kill()
	}
	err = <-done
	var exit *exec.ExitError
	if errors.As(err, &exit) && !exit.Exited() || errors.As(err, &exit) && exit.ExitCode() == 1 && output.Len() == 0 {
		return true // the second is how Windows tells it
	}
	require.NoError(t, err, "%+v: %s", c, output.String())
	return false
}

// drawCrash returns the settings of a series of lives.
func drawCrash(rng *rand.Rand, dir string) crash {
	c := crash{Dir: dir, Seed: rng.Uint64(), Minutes: 300, MaxStreams: 2 + rng.IntN(3), SaveEvery: 20 + rng.IntN(100),
		Adapt: rng.IntN(3) == 0, Delivered: rng.IntN(3) > 0, Synchronous: rng.IntN(3) > 0, OwnStore: rng.IntN(3) == 0}
	if rng.IntN(2) == 0 {
		c.Lateness = 3 * time.Minute
	}
	c.Remove = c.Delivered && rng.IntN(2) == 0
	if rng.IntN(3) == 0 {
		c.Faults = 30
	}
	return c
}

// finish opens the folder once more, with all streams in memory, lets the samples pass that
// wait for earlier ones, and counts.
func (c crash) finish(t *testing.T, pushed map[string]uint64, name string) {
	c.MaxStreams = len(crashStreams)
	r, err := openDiary(filepath.Join(c.Dir, "events"))
	require.NoError(t, err)
	defer r.file.Close()
	m, err := c.open(disk.System, r)
	require.NoError(t, err, name)
	require.NoError(t, m.Tick(dagmmtest.Minute(c.Minutes+5)))
	require.Zero(t, m.Stats().Damaged, name)
	for _, id := range crashStreams {
		require.NotNil(t, m.streams[id], name)
		require.Equal(t, pushed[id], m.streams[id].samples, "%s: stream %s", name, id)
	}
	require.NoError(t, m.Close())
}

func TestCrashes(t *testing.T) {
	kills, perSeries := 5, 5
	if long := os.Getenv("ANOMALY_CRASH"); long != "" {
		var err error
		kills, err = strconv.Atoi(long)
		require.NoError(t, err)
		perSeries = 12
	}
	rng := rand.New(rand.NewPCG(4, 1))
	var total struct{ series, killed, within, again, events, faulty int }
	for total.killed < kills {
		c := drawCrash(rng, t.TempDir())
		name := fmt.Sprintf("series %d: %+v", total.series, c)
		total.series++
		if c.Faults > 0 {
			total.faulty++
		}
		steps, pushed := c.steps()
		killed := 0
		for taken(c.Dir) < len(steps) {
			c.Life++
			c.KillAt, c.Torn = 0, rng.IntN(2) == 0
			until, pause := -1, time.Duration(0)
			switch {
			case killed >= perSeries || total.killed+killed >= kills:
			case rng.IntN(2) == 0:
				c.KillAt = 1 + rng.IntN(3*len(steps)/perSeries)
			case rng.IntN(4) == 0: // most likely while it opens
				until, pause = 0, time.Duration(rng.IntN(100_000))*time.Microsecond
			default:
				until, pause = taken(c.Dir)+rng.IntN(2*len(steps)/perSeries), time.Duration(rng.IntN(2000))*time.Microsecond
			}
			if c.live(t, until, pause) {
				killed++
				if c.KillAt > 0 {
					total.within++
				}
			}
		}
		total.killed += killed
		c.finish(t, pushed, name)
		events, again := told(t, c.Dir, name)
		total.again += again
		require.True(t, !c.Delivered || again == 0, name)
		// Without Delivered it is the one being handled, and those whose record had no room.
		require.True(t, c.Faults > 0 || again <= killed, name)
		for _, list := range events {
			total.events += len(list)
		}
		if c.Synchronous && c.Faults == 0 {
			calm := c
			calm.Dir = t.TempDir()
			require.NoError(t, calm.run(disk.System), name)
			calm.finish(t, pushed, name)
			want, _ := told(t, calm.Dir, name)
			require.Equal(t, want, events, name)
			require.Contains(t, fmt.Sprint(want), "opened", name)
		}
	}
	t.Logf("%d kills, %d of them at an operation on a file; %d series, %d of them on a disk that fails; %d events, %d came again",
		total.killed, total.within, total.series, total.faulty, total.events, total.again)
}
