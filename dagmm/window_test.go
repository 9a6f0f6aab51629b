package dagmm

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The newest rows are judged and learned in turns: a tenth of the window is judged, never
// more than half of what is new but for one block, whatever is left out between.
func TestHeldRowsAlternateWithLearnedOnes(t *testing.T) {
	for _, n := range []int{10, 40, 100, 600, 2000, 7720} {
		w := &window{}
		for i, x := range ordinary(n, 1) {
			w.add(WindowConfig{Recent: n, Days: 0}, time.Minute, minute(i), x, n-200 < i && i < n-150)
		}
		out := w.training(fixtureColumns, time.Minute, make([]bool, n))
		out.hold()
		judged, usable, run := 0, 0, 0
		for i := n - 1; i >= 0; i-- {
			if out.out[i] {
				require.True(t, out.Exclude[i])
				require.False(t, out.judged[i])
				continue
			}
			usable++
			require.Equal(t, out.judged[i], out.Exclude[i])
			if !out.judged[i] {
				run = 0
				continue
			}
			judged++
			run++
			require.LessOrEqual(t, run, judgedBlock)
			require.LessOrEqual(t, judged, usable/2+judgedBlock/2+1, "of the newest %d rows of %d", usable, n)
		}
		want := min(max(n/10, fewestRows), usable/2)
		require.GreaterOrEqual(t, judged, want, n)
		require.LessOrEqual(t, judged, want+judgedBlock, n)
	}
}

// Of the rows before a change so many are left that those since are a fifth, spread over
// the window.
func TestFewRowsSinceAChangeAreNotDrowned(t *testing.T) {
	c := WindowConfig{}.resolved()
	w := &window{}
	for i, x := range ordinary(8*1440, 1) {
		w.add(c, time.Minute, minute(i), x, false)
	}
	w.prune(c, time.Minute)
	count := func(change int) (before, since, oldest int) {
		out := w.training(fixtureColumns, time.Minute, make([]bool, len(w.Times)))
		out.hold()
		oldest = -1
		out.favour(minute(change))
		for i, e := range out.Exclude {
			switch {
			case e:
				continue
			case out.Times[i].Before(minute(change)):
				before++
			default:
				since++
			}
			if oldest < 0 {
				oldest = i
			}
		}
		return before, since, oldest
	}
	before, since, oldest := count(8*1440 - 360)
	require.Equal(t, 180, since)
	require.Equal(t, 720, before)
	require.Less(t, oldest, 60)
	before, since, _ = count(8*1440 - 60)
	require.Equal(t, 30, since)
	require.Equal(t, fewestBefore, before)
	before, _, _ = count(8 * 1440)
	require.Greater(t, before, 2500, "nothing since: nothing to favour")
	before, since, _ = count(3 * 1440)
	require.Greater(t, float64(since), changedShare*float64(before+since))
	require.Greater(t, before+since, 2500, "enough since: nothing is left out")
	before, _, _ = count(-1)
	require.Zero(t, before)
}

// Known incidents stay out whatever their number; of what an open alarm leaves out no more
// than a tenth does.
func TestOnlyAlarmsAreCapped(t *testing.T) {
	w := &window{}
	known := make([]bool, 1000)
	for i, x := range ordinary(1000, 1) {
		w.add(WindowConfig{Recent: 1000}, time.Minute, minute(i), x, i < 600)
		known[i] = i >= 100 && i < 500
	}
	out := w.training(fixtureColumns, time.Minute, known)
	excluded := 0
	for i, e := range out.Exclude {
		require.True(t, e || !known[i])
		if e {
			excluded++
		}
	}
	require.Equal(t, 400+100, excluded)
}

func TestKnownIncidentsAreBounded(t *testing.T) {
	s := &stream{}
	for i := range 1500 {
		s.exclude(minute(10*i), minute(10*i+1))
	}
	require.Len(t, s.Known, 1000)
	s.Window.Times = []int64{minute(14000).UnixNano()}
	s.exclude(minute(0), minute(20000))
	require.Len(t, s.Known, 101, "those that ended before the window are forgotten")
	require.Equal(t, []bool{true}, s.known())
}

// A wrong Interval is told with both numbers; where it leaves nothing to learn from, that
// is the error.
func TestWrongIntervalIsTold(t *testing.T) {
	for _, c := range []struct {
		every time.Duration
		kind  EventKind
		tells []string
	}{
		{5 * time.Minute, RetrainFailed, []string{"first model; samples come every 5m0s, but MonitorConfig.Interval is 1m0s", "1 rows left of 500, need 10", ErrShort.Error()}},
		{time.Hour, RetrainFailed, []string{"samples come every 1h0m0s"}},
		{10 * time.Second, Retrained, []string{"first model; samples come every 10s, but MonitorConfig.Interval is 1m0s"}},
		{65 * time.Second, Retrained, nil},
	} {
		s := &sink{}
		cfg := monitorConfig(s)
		called := 0
		cfg.Train = func(ctx context.Context, w *Window) (*Model, error) {
			called++
			return quickTrain(ctx, w)
		}
		m := open(t, cfg)
		for i, x := range ordinary(510, 3) {
			require.NoError(t, m.Push("a", fixtureStart.Add(time.Duration(i)*c.every), x))
		}
		trained := s.only(Retrained, RetrainFailed)
		require.Len(t, trained, 1)
		require.Equal(t, c.kind, trained[0].Kind, trained[0].Detail)
		require.Equal(t, c.kind == Retrained, called == 1)
		for _, text := range c.tells {
			require.Contains(t, trained[0].Detail, text)
		}
		if c.tells == nil {
			require.Equal(t, "first model", trained[0].Detail)
		}
		require.NoError(t, m.Close())
	}
}
