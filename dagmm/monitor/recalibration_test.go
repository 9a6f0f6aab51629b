package monitor

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

const settledAt = 4 * 1440 // row from which settling hosts are quiet

// settling is a host that is restless for some days and quiet afterwards.
func settling(days int, seed uint64) [][]float64 {
	rows := dagmmtest.Ordinary(days*1440, seed)
	rng := rand.New(rand.NewPCG(seed, 3))
	for i := range rows[:settledAt] {
		if rng.IntN(5) == 0 {
			for j := range rows[i] {
				rows[i][j] += 2 * rng.NormFloat64()
			}
		}
	}
	return rows
}

func settlingConfig(s *sink) Config {
	return Config{Columns: dagmmtest.Columns, Handle: s.handle, Delivered: s.delivered, Synchronous: true, WarmUp: 500, Admit: -1, Window: WindowConfig{Recent: 500, Days: 3, PerHour: 30},
		Train: func(_ context.Context, w *Window) (*dagmm.Model, error) {
			return dagmmtest.QuickModelOf(w.Columns, w.X, w.Exclude, dagmm.RecentLevels{}, 2)
		}}
}

// A model that stays on a host which has become quieter gets the p-values of how the host is
// now. Its energies stay.
func TestModelThatStaysIsRecalibrated(t *testing.T) {
	s := &sink{}
	var improbable, count float64 // samples since the recalibration
	cfg := settlingConfig(s)
	cfg.Scored = func(_ string, at time.Time, r alarm.Result) {
		count++
		if r.PValue <= .05 {
			improbable++
		}
	}
	m := open(t, cfg)
	rows := settling(14, 5)
	pushRange(t, m, rows, 0, settledAt)
	var before *dagmm.Model
	day := settledAt
	for ; !recalibrated(s); day += 1440 {
		require.Less(t, day, len(rows), "%v", s.events)
		before = m.Model("a")
		pushRange(t, m, rows, day, day+1440)
	}
	after := m.Model("a")
	energies, err := before.Energies(nil, dagmmtest.Rows(50, 1))
	require.NoError(t, err)
	same, err := after.Energies(nil, dagmmtest.Rows(50, 1))
	require.NoError(t, err)
	require.Equal(t, energies, same)
	require.Less(t, after.Threshold(), before.Threshold())

	improbable, count = 0, 0
	pushRange(t, m, rows, day, day+1440)
	require.InDelta(t, .05, improbable/count, .02)
	require.NoError(t, m.Close())
}

func recalibrated(s *sink) bool {
	return slices.ContainsFunc(s.only(alarm.Kept), func(e alarm.Event) bool { return strings.Contains(e.Detail, "rows that it has not learned") })
}

// A recalibration survives the death of the process, whether the stream's state was saved since
// or not.
func TestRecalibrationSurvives(t *testing.T) {
	rows := settling(10, 5)
	whole := &sink{}
	m := open(t, settlingConfig(whole))
	pushRange(t, m, rows, 0, len(rows))
	require.NoError(t, m.Close())
	require.True(t, recalibrated(whole), "%v", whole.only(alarm.Kept))

	parts := &sink{}
	cfg := settlingConfig(parts)
	cfg.Dir = t.TempDir()
	m = open(t, cfg)
	for from := 0; from < len(rows); from += 1000 {
		pushRange(t, m, rows, from, min(from+1000, len(rows)))
		if from%3000 == 0 {
			require.NoError(t, m.Save())
		}
		m.abandon()
		m = open(t, cfg)
	}
	require.Equal(t, text(whole.events), text(parts.events))
	require.Zero(t, parts.twice)
	require.NoError(t, m.Close())
}

// Too few rows that are new to the model are known before it scores any: a model that is not
// there scores nothing. A state from before there were recalibrations does not say since when
// rows are new: its model stays as it is.
func TestNoRecalibrationByFewRows(t *testing.T) {
	w := weekOf(1, nil)
	n := len(w.Times)
	require.Greater(t, n, recalibrationRows)
	require.Zero(t, w.newer(time.Time{}))
	require.Equal(t, recalibrationRows, w.newer(w.Times[n-1-recalibrationRows]))
	w.out[n-5] = true
	require.Equal(t, recalibrationRows-1, w.newer(w.Times[n-1-recalibrationRows]), "a row that takes no part")
	for _, learned := range []time.Time{{}, w.Times[n-1], w.Times[n-1-recalibrationRows]} {
		o := &outcome{detail: "it fits"}
		require.NoError(t, (&Monitor{}).recalibrate(o, job{old: contender{learned: learned}, window: w}))
		require.Equal(t, &outcome{detail: "it fits"}, o)
	}
}

func TestUnlearnedRows(t *testing.T) {
	w := weekOf(1, nil)
	old := contend(t, dagmmtest.Columns, w.X, w.Exclude)
	n := len(w.Times)
	old.learned = w.Times[n-11]
	w.out[n-1] = true
	energies, fresh, err := old.unlearned(w)
	require.NoError(t, err)
	require.Len(t, energies, n)
	require.Equal(t, energies[n-10:n-1], fresh)
	require.True(t, energies[n-1] != energies[n-1])
}
