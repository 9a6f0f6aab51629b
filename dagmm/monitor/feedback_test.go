package monitor

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
	"github.com/metric-streams/anomaly/internal/disk/disktest"
)

// faultAt is when the fault of the streams in this file begins.
const faultAt = 600

// faulty are rows with a fault of so many samples.
func faulty(n, samples int) [][]float64 {
	rows := dagmmtest.Ordinary(n, 3)
	for i := faultAt; i < faultAt+samples; i++ {
		rows[i][0] = 95 + float64(i%7)
	}
	return rows
}

func pushRange(t *testing.T, m *Monitor, rows [][]float64, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), rows[i]))
	}
}

// learns says how many of the samples [from, to) the next training of a stream would learn.
func (m *Monitor) learns(id string, from, to int) (n int) {
	s := m.streams[id]
	w := s.memory.window(m.cfg.Columns, m.cfg.Interval, s.known())
	for i, t := range w.Times {
		if !w.Exclude[i] && !t.Before(dagmmtest.Minute(from)) && t.Before(dagmmtest.Minute(to)) {
			n++
		}
	}
	return n
}

// Samples of a false alarm are learned, those of a real one are not, and the last verdict
// counts. A verdict that was acknowledged survives a kill, with or without a Save after it.
func TestVerdictsSurviveAKill(t *testing.T) {
	for name, between := range map[string]func(m *Monitor, cfg Config) *Monitor{
		"running": func(m *Monitor, _ Config) *Monitor { return m },
		"killed": func(m *Monitor, cfg Config) *Monitor {
			m.abandon()
			return open(t, cfg)
		},
		"saved and killed": func(m *Monitor, cfg Config) *Monitor {
			require.NoError(t, m.Save())
			m.abandon()
			return open(t, cfg)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &sink{}
			cfg := monitorConfig(s)
			cfg.Dir = t.TempDir()
			m := open(t, cfg)
			rows := faulty(700, 10)
			pushRange(t, m, rows, 0, 640)
			require.Len(t, s.only(alarm.Closed), 1)
			closed := s.only(alarm.Closed)[0]
			require.Zero(t, m.learns("a", faultAt, faultAt+10), "an alarm was open")

			require.NoError(t, m.Judge("a", closed.Seq, false))
			m = between(m, cfg)
			require.Equal(t, 10, m.learns("a", faultAt, faultAt+10))
			require.True(t, m.streams["a"].falsified)

			require.NoError(t, m.Judge("a", s.only(alarm.Opened)[0].Seq, true))
			m = between(m, cfg)
			require.Zero(t, m.learns("a", faultAt, faultAt+10))
			require.Len(t, m.streams["a"].named, 1)
			a, ok := m.streams["a"].detector.Alarm(1)
			require.True(t, ok && a.Judged && a.Real)

			require.NoError(t, m.Judge("a", closed.Seq, false))
			m = between(m, cfg)
			require.Equal(t, 10, m.learns("a", faultAt, faultAt+10))
			require.Empty(t, m.streams["a"].named)
			pushRange(t, m, rows, 640, 700)
			require.NoError(t, m.Close())
			require.Zero(t, s.twice)
		})
	}
}

// What nobody can judge is told, and changes nothing.
func TestVerdictsOnNothing(t *testing.T) {
	s := &sink{}
	cfg := monitorConfig(s)
	cfg.Store = InMemory()
	m := open(t, cfg)
	require.ErrorIs(t, m.Judge("nobody", 1, true), ErrUnknown)
	require.Zero(t, m.Stats().Streams)
	rows := faulty(640, 10)
	pushRange(t, m, rows, 0, 100)
	require.ErrorIs(t, m.Judge("a", 1, true), ErrUnknown, "it warms up")
	pushRange(t, m, rows, 100, 640)
	require.ErrorIs(t, m.Judge("a", s.only(alarm.Retrained)[0].Seq, true), ErrUnknown, "no alarm")
	require.ErrorIs(t, m.Judge("a", 1000, true), ErrUnknown, "no event")
	require.ErrorIs(t, m.Expect("a", dagmmtest.Minute(2), dagmmtest.Minute(1)), ErrConfig)
	require.NoError(t, m.Close())
	require.ErrorIs(t, m.Judge("a", s.only(alarm.Opened)[0].Seq, true), ErrClosed)

	m = open(t, cfg)
	require.NoError(t, m.Judge("a", s.only(alarm.Opened)[0].Seq, true), "a stream that was stored")
	require.NoError(t, m.Close())
}

// A false alarm starts a training, which learns its samples although the model in use still
// fits. Its budget is spent.
func TestFalseAlarmStartsATraining(t *testing.T) {
	s := &sink{}
	cfg := monitorConfig(s)
	cfg.Retrain = -1
	m := open(t, cfg)
	rows := faulty(1400, 5)
	pushRange(t, m, rows, 0, 640)
	require.NoError(t, m.Judge("a", s.only(alarm.Opened)[0].Seq, false))
	pushRange(t, m, rows, 640, 1400)
	trained := s.only(alarm.Retrained, alarm.Kept)
	require.Len(t, trained, 2)
	require.Contains(t, trained[1].Detail, correction)
	require.False(t, m.streams["a"].falsified)
	state, err := m.streams["a"].detector.State()
	require.NoError(t, err)
	require.False(t, state.Alarms[0].Refunded)
	require.NoError(t, m.Close())
}

// An alarm that somebody has called real never becomes normal while it lasts, and one that
// is false does at once.
func TestVerdictOnAnOpenAlarm(t *testing.T) {
	for _, real := range []bool{false, true} {
		s := &sink{}
		cfg := monitorConfig(s)
		cfg.Admit, cfg.Retrain = 2*time.Hour, -1
		m := open(t, cfg)
		rows := faulty(1000, 400)
		pushRange(t, m, rows, 0, 620)
		opened := s.only(alarm.Opened)
		require.Len(t, opened, 1)
		require.NoError(t, m.Judge("a", opened[0].Seq, real))
		pushRange(t, m, rows, 620, 900)
		require.Empty(t, s.only(alarm.NewNormal), "real %t", real)
		if real {
			require.True(t, m.streams["a"].detector.Status().Open)
			require.Zero(t, m.learns("a", faultAt, 900))
		} else {
			require.Greater(t, m.learns("a", faultAt, 900), 200)
		}
		require.NoError(t, m.Close())
	}
}

// In a maintenance window nothing is reported, counted or learned, also where the process
// dies before the first Save, and where the stream has had no model yet.
func TestMaintenanceWindow(t *testing.T) {
	for name, declared := range map[string]int{"before the first model": 300, "before": 550, "in it": 610} {
		t.Run(name, func(t *testing.T) {
			s := &sink{}
			cfg := monitorConfig(s)
			cfg.Dir = t.TempDir()
			var expected int
			cfg.Scored = func(_ string, _ time.Time, r alarm.Result) {
				if r.Expected {
					expected++
				}
			}
			m := open(t, cfg)
			rows := faulty(800, 30)
			pushRange(t, m, rows, 0, declared)
			from, until := faultAt-5, faultAt+40
			require.NoError(t, m.Expect("a", dagmmtest.Minute(from), dagmmtest.Minute(until)))
			m.abandon()
			m = open(t, cfg)
			pushRange(t, m, rows, declared, 800)
			require.Zero(t, m.learns("a", from, until))
			require.Equal(t, until-max(from, declared)+1, expected)
			if declared < faultAt {
				require.Empty(t, s.only(alarm.Opened))
			} else {
				require.Len(t, s.only(alarm.Opened), 1)
				closed := s.only(alarm.Closed)
				require.Len(t, closed, 1)
				require.Contains(t, closed[0].Detail, "expected until")
			}
			require.NoError(t, m.Close())
			require.Zero(t, s.twice)
		})
	}
}

// What an operator has said survives a power failure.
func TestVerdictsSurviveAPowerFailure(t *testing.T) {
	disk := disktest.New()
	s := &sink{}
	cfg := monitorConfig(s)
	cfg.Dir, cfg.Delivered = "state", nil
	m, err := openOn(disk, cfg)
	require.NoError(t, err)
	pushRange(t, m, faulty(640, 10), 0, 640)
	require.NoError(t, m.Judge("a", s.only(alarm.Opened)[0].Seq, true))
	require.NoError(t, m.Expect("a", dagmmtest.Minute(700), dagmmtest.Minute(750)))
	for seed := range uint64(10) {
		again, err := openOn(disk.Cut(rand.New(rand.NewPCG(seed, 1))), cfg)
		require.NoError(t, err)
		named := again.streams["a"].named
		require.Len(t, named, 2)
		require.Equal(t, uint64(1), named[0].alarm)
		require.True(t, named[1].expected)
		require.NoError(t, again.Close())
	}
	m.abandon()
}

// A clock that was set back leaves no incident among samples that are still to come.
func TestVerdictsAndAClockSetBack(t *testing.T) {
	s := &sink{}
	cfg := monitorConfig(s)
	m := open(t, cfg)
	pushRange(t, m, faulty(640, 10), 0, 640)
	require.NoError(t, m.Judge("a", s.only(alarm.Opened)[0].Seq, true))
	st := m.streams["a"]
	m.rewind(st, dagmmtest.Minute(100))
	require.Empty(t, st.named)
	require.NoError(t, m.Judge("a", s.only(alarm.Opened)[0].Seq, false))
	require.NoError(t, m.Judge("a", s.only(alarm.Opened)[0].Seq, true))
	require.Empty(t, st.named)
	require.NoError(t, m.Close())
}

func TestAlarmEventsAreBounded(t *testing.T) {
	s := &stream{}
	for i := range uint64(2 * mostAlarmEvents) {
		s.remember(alarm.Event{Seq: i, Alarm: i / 10})
	}
	require.Len(t, s.alarms, mostAlarmEvents)
	require.Equal(t, uint64(mostAlarmEvents/5-1), s.alarmOf(2*mostAlarmEvents-1))
	require.Zero(t, s.alarmOf(1))
	require.True(t, slices.IsSortedFunc(s.alarms, func(a, b alarmEvent) int { return int(a.seq) - int(b.seq) }))
}
