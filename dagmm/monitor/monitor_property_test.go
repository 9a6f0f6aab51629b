package monitor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// propertyConfig is of a Monitor that trains several times within the scenario.
func propertyConfig(s *sink) Config {
	cfg := monitorConfig(s)
	cfg.Input.Lateness = 10 * time.Minute
	cfg.Admit = 2 * time.Hour
	return cfg
}

// alarms is what an operator sees of them.
func alarms(s *sink) []string {
	var out []string
	for _, e := range s.only(alarm.Opened, alarm.Reopened, alarm.Continued, alarm.Closed) {
		out = append(out, fmt.Sprintln(e.Kind, e.Alarm, e.Start, e.End, e.Samples, e.Severity))
	}
	return out
}

// play gives the samples in the order given, then two more after an hour that flush what
// waits.
func play(t *testing.T, m *Monitor, rows [][]float64, order []int) {
	for _, i := range order {
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), rows[i%len(rows)]))
	}
	for i := range 2 {
		require.NoError(t, m.Push("a", dagmmtest.Minute(len(rows)+59+30*i), rows[0]))
	}
	require.NoError(t, m.Close())
}

// given lists the rows that come.
func given(rows [][]float64) []int {
	var out []int
	for i, x := range rows {
		if x != nil {
			out = append(out, i)
		}
	}
	return out
}

// Samples that come in another order within the lateness, some twice, some with a clock
// that is years ahead, give the same alarms.
func TestMonitorDeliveryDoesNotMatter(t *testing.T) {
	rows := scenario()
	run := func(order []int, retrains bool) (*sink, []alarm.Event) {
		s := &sink{}
		cfg := propertyConfig(s)
		cfg.Train = func(ctx context.Context, w *Window) (*dagmm.Model, error) {
			if w.Number > 0 && !retrains {
				return nil, errors.New("one model is enough")
			}
			return quickTrain(ctx, w)
		}
		play(t, open(t, cfg), rows, order)
		require.Equal(t, retrains, len(s.only(alarm.Retrained)) > 1)
		return s, s.only(alarm.Opened, alarm.Reopened, alarm.Continued, alarm.Closed)
	}
	_, same := run(given(rows), false)
	s, _ := run(given(rows), true)
	ends := s.only(alarm.Closed)
	require.True(t, slices.ContainsFunc(same, func(e alarm.Event) bool { return e.Start.Equal(dagmmtest.Minute(900)) }), "%v", same)
	require.GreaterOrEqual(t, len(ends), 2)
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 6))
		order := deliver(given(rows), 10, rng)
		for _, k := range []int{2000, 1500, 700, 300} {
			if seed%2 == 1 {
				order = slices.Insert(order, k, (k+1)*year)
			}
		}
		// The first model too scores from the next call on: the threshold has come down for a few samples less.
		_, got := run(order, false)
		require.Len(t, got, len(same), "seed %d", seed)
		for i := range same {
			require.Equal(t, same[i].Start, got[i].Start, "seed %d", seed)
			require.Equal(t, same[i].Kind, got[i].Kind, "seed %d", seed)
			require.WithinDuration(t, same[i].End, got[i].End, 10*time.Minute, "seed %d", seed)
		}
		// A new model scores from the next call on, and one call may let several samples pass.
		s, _ := run(order, true)
		for i, e := range s.only(alarm.Closed) {
			require.Equal(t, ends[i].Start, e.Start, "seed %d", seed)
			require.WithinDuration(t, ends[i].End, e.End, 10*time.Minute, "seed %d", seed)
		}
		require.Len(t, s.only(alarm.Closed), len(ends))
	}
}

// A Monitor that is closed, or dies, at any point and is opened again gives the events that
// it would have given, also while samples wait for earlier ones or are held back.
func TestMonitorRestartDoesNotMatter(t *testing.T) {
	rows := scenario()
	rng := rand.New(rand.NewPCG(3, 3))
	order := deliver(given(rows), 10, rng)
	for _, k := range []int{2000, 1500, 700, 300} {
		order = slices.Insert(order, k, (k+1)*year)
	}
	run := func(round int, restarts []int) string {
		s := &sink{}
		cfg := propertyConfig(s)
		cfg.Dir = t.TempDir()
		m := open(t, cfg)
		for n, i := range order {
			require.NoError(t, m.Push("a", dagmmtest.Minute(i), rows[i%len(rows)]))
			if !slices.Contains(restarts, n) {
				continue
			}
			switch (n + round) % 3 {
			case 0:
				m.abandon()
			case 1:
				require.NoError(t, m.Save())
				m.abandon()
			default:
				require.NoError(t, m.Close())
			}
			m = open(t, cfg)
		}
		require.NoError(t, m.Close())
		require.Zero(t, s.twice)
		return text(s.events)
	}
	want := run(0, nil)
	require.Contains(t, want, "opened")
	held := slices.IndexFunc(order, func(i int) bool { return i >= 1260 && i < year }) // after the outage
	for round := range 3 {
		restarts := []int{300, 700, 1500, 2000, held}
		for range 8 {
			restarts = append(restarts, rng.IntN(len(order)))
		}
		require.Equal(t, want, run(round, restarts), "restarts after %v", restarts)
	}
}

// The unit of a metric changes no alarm of a stream whose models are trained anew in it.
func TestMonitorUnitsDoNotMatter(t *testing.T) {
	run := func(unit []float64) []string {
		s := &sink{}
		cfg := propertyConfig(s)
		cfg.Train = func(_ context.Context, w *Window) (*dagmm.Model, error) {
			return dagmmtest.QuickModel(w.Columns, w.X, w.Exclude, []float64{.05, .5})
		}
		rows := scenario()
		for i, x := range rows {
			rows[i] = slices.Clone(x)
			for j := range x {
				rows[i][j] *= unit[j]
			}
		}
		play(t, open(t, cfg), rows, given(rows))
		require.GreaterOrEqual(t, len(s.only(alarm.Retrained)), 3)
		return alarms(s)
	}
	want := run([]float64{1, 1, 1})
	require.NotEmpty(t, want)
	for _, unit := range [][]float64{{.01, 1, 8}, {1000, 1024, 1e-6}, {1 / 3., 7, 1e9}} {
		require.Equal(t, want, run(unit), "units %v", unit)
	}
}
