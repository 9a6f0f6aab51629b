package monitor

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/season"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// hour is sample i of a stream with one sample an hour; seasonal rows follow the day:
// memory swings by 16 around 60.
func hour(i int) time.Time { return dagmmtest.Start.Add(time.Duration(i) * time.Hour) }

func seasonalRows(n int, seed uint64) [][]float64 {
	rows := dagmmtest.Ordinary(n, seed)
	for i := range rows {
		rows[i][1] += 8 * math.Sin(2*math.Pi*float64(i%24)/24)
	}
	return rows
}

func seasonalConfig(s *sink) Config {
	cfg := monitorConfig(s)
	cfg.Train = func(_ context.Context, w *Window) (*dagmm.Model, error) {
		return dagmmtest.QuickModel(w.Columns, w.X, w.Exclude, nil)
	}
	cfg.Interval, cfg.Retrain = time.Hour, 20*24*time.Hour
	cfg.Detector.Budget = alarm.NoBudget
	cfg.Seasonal = true
	return cfg
}

// With the season taken out a value that is odd for its hour is found, which without it
// is hidden by other hours' ordinary values; what is told is in the metric's own values.
func TestSeasonalMonitorKnowsTheHour(t *testing.T) {
	rows := seasonalRows(700, 5)
	const odd = 600 // hour 0 of a day, where memory is about 60
	rows[odd] = append([]float64(nil), rows[odd]...)
	rows[odd][1] += 7 // as it is at other hours
	require.Equal(t, 0, hour(odd).Hour())
	for _, seasonal := range []bool{true, false} {
		t.Run(fmt.Sprintf("seasonal %t", seasonal), func(t *testing.T) {
			s := &sink{}
			cfg := seasonalConfig(s)
			cfg.Seasonal = seasonal
			m := open(t, cfg)
			for i, x := range rows {
				require.NoError(t, m.Push("a", hour(i), x))
			}
			var found *alarm.Event
			for _, e := range s.only(alarm.Opened) {
				if e.Start.Equal(hour(odd)) {
					found = &e
				}
			}
			trained := s.only(alarm.Retrained)[0]
			if !seasonal {
				require.Nil(t, found)
				require.Nil(t, m.Model("a").Season())
				require.NotContains(t, trained.Detail, "season")
				require.NoError(t, m.Close())
				return
			}
			require.Contains(t, trained.Detail, "daily season")
			require.Equal(t, season.Daily, m.Model("a").Season().Kind)
			require.NotNil(t, found, "%v", s.only(alarm.Opened))
			require.Equal(t, rows[odd], roundAll(found.Peak.Values, rows[odd]))
			top := found.Explanation.Contributions[0]
			require.Equal(t, "mem", top.Metric)
			require.InDelta(t, rows[odd][1], top.Value, 1e-9)
			require.InDelta(t, 60, (top.Low+top.High)/2, 2, "what is usual at that hour")
			require.NoError(t, m.Close())
		})
	}
}

// roundAll returns want where got equals it but for rounding.
func roundAll(got, want []float64) []float64 {
	out := append([]float64(nil), got...)
	for j := range out {
		if math.Abs(got[j]-want[j]) <= 1e-9*math.Abs(want[j]) {
			out[j] = want[j]
		}
	}
	return out
}

func TestSeasonIsLeftOutWhereThereIsNone(t *testing.T) {
	s := &sink{}
	m := open(t, seasonalConfig(s))
	for i, x := range dagmmtest.Ordinary(520, 4) {
		require.NoError(t, m.Push("a", hour(i), x))
	}
	require.Contains(t, s.only(alarm.Retrained)[0].Detail, "no season: the hours explain less")
	require.Nil(t, m.Model("a").Season())
	require.NoError(t, m.Close())

	bad := seasonalConfig(s)
	bad.Zone = time.FixedZone("somewhere", 1234)
	_, err := Open(bad)
	require.ErrorIs(t, err, ErrConfig)
}

// A restart in the middle of an alarm, with a new season in force by the time it closes,
// tells the same.
func TestSeasonSurvivesRestart(t *testing.T) {
	rows := dagmmtest.Incident(seasonalRows(1300, 6), 995, 1030, 95)
	run := func(dies map[int]bool) string {
		s := &sink{}
		cfg := seasonalConfig(s)
		cfg.Dir = t.TempDir()
		cfg.Admit = -1
		m := open(t, cfg)
		for i, x := range rows {
			require.NoError(t, m.Push("a", hour(i), x))
			if i%211 == 0 {
				require.NoError(t, m.Save())
			}
			if dies[i] {
				m.abandon()
				m = open(t, cfg)
			}
		}
		require.NoError(t, m.Close())
		for _, e := range s.only(alarm.Opened, alarm.Closed) {
			if e.Peak.Time.After(hour(994)) && e.Peak.Time.Before(hour(1030)) {
				require.InDelta(t, 95, e.Peak.Values[0], 1e-9)
				require.Equal(t, "cpu", e.Explanation.Contributions[0].Metric)
				require.InDelta(t, 95, e.Explanation.Contributions[0].Value, 1e-9)
			}
		}
		return text(s.events)
	}
	want := run(nil)
	require.Contains(t, want, "daily season")
	require.Equal(t, want, run(map[int]bool{300: true, 997: true, 1001: true, 1100: true}))
}
