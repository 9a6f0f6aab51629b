package monitor

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// The newest rows are judged and learned in turns: a tenth of the window is judged, never
// more than half of what is new but for one block, whatever is left out between.
func TestHeldRowsAlternateWithLearnedOnes(t *testing.T) {
	for _, n := range []int{10, 40, 100, 600, 2000, 7720} {
		t.Run(fmt.Sprintf("%d samples", n), func(t *testing.T) {
			w := &memory{}
			for i, x := range dagmmtest.Ordinary(n, 1) {
				w.add(WindowConfig{Recent: n, Days: 0}, time.Minute, dagmmtest.Minute(i), x, n-200 < i && i < n-150)
			}
			out := w.window(dagmmtest.Columns, time.Minute, make([]bool, n))
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
		})
	}
}

// Of the rows before a change so many are left that those since are a fifth, spread over
// the window.
func TestFewRowsSinceAChangeAreNotDrowned(t *testing.T) {
	c := WindowConfig{}.resolved()
	w := &memory{}
	for i, x := range dagmmtest.Ordinary(8*1440, 1) {
		w.add(c, time.Minute, dagmmtest.Minute(i), x, false)
	}
	w.prune(c, time.Minute)
	count := func(change int) (before, since, oldest int) {
		out := w.window(dagmmtest.Columns, time.Minute, make([]bool, len(w.times)))
		out.hold()
		oldest = -1
		out.favour(dagmmtest.Minute(change))
		for i, e := range out.Exclude {
			switch {
			case e:
				continue
			case out.Times[i].Before(dagmmtest.Minute(change)):
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
	w := &memory{}
	known := make([]bool, 1000)
	for i, x := range dagmmtest.Ordinary(1000, 1) {
		w.add(WindowConfig{Recent: 1000}, time.Minute, dagmmtest.Minute(i), x, i < 600)
		known[i] = i >= 100 && i < 500
	}
	out := w.window(dagmmtest.Columns, time.Minute, known)
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
		s.exclude(span{from: dagmmtest.Minute(10 * i), to: dagmmtest.Minute(10*i + 1)})
	}
	require.Len(t, s.named, 1000)
	s.memory.times = []int64{dagmmtest.Minute(14000).UnixNano()}
	s.exclude(span{from: dagmmtest.Minute(0), to: dagmmtest.Minute(20000)})
	require.Len(t, s.named, 101, "those that ended before the window are forgotten")
	require.Equal(t, []bool{true}, s.known())
}

// A wrong Interval is told with both numbers; where it leaves nothing to learn from, that
// is the error.
func TestWrongIntervalIsTold(t *testing.T) {
	for _, c := range []struct {
		every time.Duration
		kind  alarm.Kind
		tells []string
	}{
		{5 * time.Minute, alarm.RetrainFailed, []string{"first model; samples come every 5m0s, but Config.Interval is 1m0s", "1 rows left of 500, need 10", ErrShort.Error()}},
		{time.Hour, alarm.RetrainFailed, []string{"samples come every 1h0m0s"}},
		{10 * time.Second, alarm.Retrained, []string{"first model; samples come every 10s, but Config.Interval is 1m0s"}},
		{65 * time.Second, alarm.Retrained, nil},
	} {
		t.Run(c.every.String(), func(t *testing.T) {
			s := &sink{}
			cfg := monitorConfig(s)
			called := 0
			cfg.Train = func(ctx context.Context, w *Window) (*dagmm.Model, error) {
				called++
				return quickTrain(ctx, w)
			}
			m := open(t, cfg)
			for i, x := range dagmmtest.Ordinary(510, 3) {
				require.NoError(t, m.Push("a", dagmmtest.Start.Add(time.Duration(i)*c.every), x))
			}
			trained := s.only(alarm.Retrained, alarm.RetrainFailed)
			require.Len(t, trained, 1)
			require.Equal(t, c.kind, trained[0].Kind, trained[0].Detail)
			require.Equal(t, c.kind == alarm.Retrained, called == 1)
			for _, text := range c.tells {
				require.Contains(t, trained[0].Detail, text)
			}
			if c.tells == nil {
				require.Equal(t, "first model", trained[0].Detail)
			}
			require.NoError(t, m.Close())
		})
	}
}
