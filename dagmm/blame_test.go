package dagmm_test

import (
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/train"
	"github.com/metric-streams/anomaly/dataset"
)

// The first rows of an incident say who is to blame, and the worst one is explained.
func TestExplainRowsByTheOnset(t *testing.T) {
	m := seriesModel(t)
	x, faults := injected(t, dataset.LevelShift, 33, false)
	hits := 0
	for _, f := range faults {
		e, err := m.ExplainRows(x, f.Start, f.Start+f.Length)
		require.NoError(t, err)
		energies, err := m.Series(nil, x.Slice(0, f.Start+f.Length, 0, 4))
		require.NoError(t, err)
		var worst float64
		var blame dagmm.Blame
		s := m.Stream()
		for r, v := range energies {
			_, err := s.Next(x.RawRowView(r))
			require.NoError(t, err)
			if r < f.Start {
				continue
			}
			worst = max(worst, v)
			if v > m.Threshold() && blame.Rows < dagmm.BlameRows {
				require.NoError(t, s.Add(&blame))
			}
		}
		require.Equal(t, worst, e.Verdict.Energy)
		if !e.Verdict.Anomalous {
			continue
		}
		// The same from a stream, as an alarm does it.
		s = m.Stream()
		for r := range f.Start + f.Length {
			v, err := s.Next(x.RawRowView(r))
			require.NoError(t, err)
			if r >= f.Start && v.Energy == worst {
				got, err := m.ExplainBlamed(s.Row(), s.Past(), m.Threshold(), &blame)
				require.NoError(t, err)
				require.Equal(t, e.Contributions, got.Contributions)
			}
		}
		if e.Contributions[0].Metric == f.Metric {
			hits++
		}
	}
	require.GreaterOrEqual(t, hits, len(faults)*9/10)
}

// Two processors that always move together say the same: beside the first of them come the disk,
// which moved too, and then memory, although the second processor moved far more.
func TestExplanationNamesOneOfThoseAlike(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 9))
	host := func(rows int) *mat.Dense {
		x := mat.NewDense(rows, 4, nil)
		for r := range rows {
			load := 20 + 4*rng.NormFloat64()
			x.SetRow(r, []float64{load, 2*load + rng.NormFloat64(), 50 + rng.NormFloat64(), 30 + 3*rng.NormFloat64()})
		}
		return x
	}
	cfg := train.PCA()
	cfg.Columns, cfg.RecentLevels, cfg.Seed = []string{"cpu0", "cpu1", "mem", "disk"}, []float64{.05, .5}, 1
	m := fit(t, host(1000), cfg)
	x := host(100)
	for r := 60; r < 70; r++ {
		x.Set(r, 0, x.At(r, 0)+70)
		x.Set(r, 1, x.At(r, 1)+140)
		x.Set(r, 3, x.At(r, 3)+20)
	}
	e, err := m.ExplainRows(x, 60, 70)
	require.NoError(t, err)
	require.True(t, e.Verdict.Anomalous)
	var metrics []string
	var shares float64
	for _, c := range e.Contributions {
		metrics = append(metrics, c.Metric)
		shares += c.Share
		require.LessOrEqual(t, c.Share, e.Contributions[0].Share)
	}
	require.InDelta(t, 1, shares, 1e-12)
	require.Contains(t, [][]string{{"cpu0", "disk", "mem", "cpu1"}, {"cpu1", "disk", "mem", "cpu0"}}, metrics)
}

func TestExplainRowsRefuses(t *testing.T) {
	m := seriesModel(t)
	x := host(30, 8, true)
	for _, span := range [][2]int{{-1, 3}, {3, 3}, {5, 4}, {20, 31}} {
		_, err := m.ExplainRows(x, span[0], span[1])
		require.ErrorIs(t, err, dagmm.ErrWidth, "%v", span)
	}
	x.Set(20, 1, math.NaN())
	e, err := m.ExplainRows(x, 20, 22)
	require.NoError(t, err, "passes over the row with a missing value")
	require.False(t, math.IsNaN(e.Verdict.Energy))
	_, err = m.ExplainRows(x, 20, 21)
	require.ErrorIs(t, err, dagmm.ErrNotFinite)
	_, err = m.ExplainBlamed(x.RawRowView(3), nil, 1, &dagmm.Blame{Rows: 1})
	require.ErrorIs(t, err, dagmm.ErrState)
	require.Error(t, m.Stream().Add(&dagmm.Blame{}), "no sample yet")
	var none dagmm.Blame
	s := metricsModel(t).Stream()
	_, err = s.Next(x.RawRowView(3))
	require.NoError(t, err)
	require.NoError(t, s.Add(&none))
	require.Zero(t, none, "no recent levels")
}

var held = regexp.MustCompile(`(\S+) is (\S+), (?:expected|usually) (\S+)(?: to (\S+?))?(?:;| after| with|$)`)

// requireOutside reads the printed values and ranges back. It returns how many there were.
func requireOutside(t testing.TB, e *dagmm.Explanation) int {
	t.Helper()
	number := func(s string) float64 {
		v, err := strconv.ParseFloat(s, 64)
		require.NoError(t, err, e.String())
		return v
	}
	found := held.FindAllStringSubmatch(e.String(), -1)
	for _, f := range found {
		low := number(f[3])
		high := low
		if f[4] != "" {
			high = number(f[4])
		}
		v := number(f[2])
		require.LessOrEqual(t, low, high, e.String())
		require.False(t, v >= low && v <= high, e.String())
	}
	return len(found)
}

// With context a range is held against the recent level: it is narrower than the usual range,
// and it is around the level where the metric had been quiet.
func TestRangesFollowTheLevel(t *testing.T) {
	m := seriesModel(t)
	x := host(300, 8, true)
	near, flagged := 0, 0
	for r := 60; r < 300; r += 10 {
		y := mat.DenseCopyOf(x.Slice(0, r+1, 0, 4))
		y.Set(r, 0, y.At(r, 0)+35)
		e := explain(t, m, y, r)
		if !e.Verdict.Anomalous {
			continue
		}
		flagged++
		c := e.Contributions[0]
		require.Equal(t, "cpu", c.Metric)
		require.Equal(t, 20, c.Samples)
		require.Positive(t, requireOutside(t, e), e.String())
		require.Contains(t, e.String(), " in the last 20 samples")
		var level, weight float64 // by hand, without the bound on steps
		for k := r - 1; k >= 0; k-- {
			w := .05 * math.Pow(.95, float64(r-1-k))
			level += w * y.At(k, 0)
			weight += w
		}
		require.InDelta(t, level/weight, c.Level, 3, "row %d", r)
		if c.High-c.Low < e.Usual[1]-e.Usual[0] && c.Level > c.Low && c.Level < c.High {
			near++
		}
	}
	require.Greater(t, flagged, 15)
	require.Greater(t, near, flagged*2/3)
}

// A model of one metric knows no others.
func TestOneMetricIsAlone(t *testing.T) {
	for name, cfg := range map[string]train.Config{"metrics": train.Metrics(), "series": train.Series()} {
		t.Run(name, func(t *testing.T) {
			rows := host(600, 3, true)
			x := mat.DenseCopyOf(rows.Slice(0, 600, 0, 1))
			cfg.Columns, cfg.Seed = []string{"cpu"}, 1
			cfg.Optimizer.MinSteps, cfg.Members = 100, 2
			m := fit(t, x, cfg)
			for _, r := range []int{200, 300, 301, 302, 400} {
				x.Set(r, 0, 99)
			}
			energies, err := m.Series(nil, x)
			require.NoError(t, err)
			flagged := 0
			for r, v := range energies {
				if !(v > m.Threshold()) {
					continue
				}
				flagged++
				e := explain(t, m, x, r)
				require.NotContains(t, e.String(), "other")
				require.NotContains(t, e.String(), "several")
				require.NotContains(t, e.String(), "together")
				requireOutside(t, e)
			}
			require.Greater(t, flagged, 4)
		})
	}
}

// Two metrics that each are usual, but not beside each other, are said to be so with numbers.
func TestRelationsHaveNumbers(t *testing.T) {
	for name, m := range map[string]*dagmm.Model{"metrics": metricsModel(t), "series": seriesModel(t)} {
		t.Run(name, func(t *testing.T) {
			x, faults := injected(t, dataset.BrokenCorrelation, 5, !m.HasContext())
			joint := 0
			for _, f := range faults {
				for r := f.Start; r < min(f.Start+f.Length+20, 4000); r++ {
					e := explain(t, m, x, r)
					if !e.Verdict.Anomalous {
						continue
					}
					requireOutside(t, e)
					for _, c := range e.Contributions {
						require.Equal(t, c.Joint, !c.Constant && c.Value >= c.Low && c.Value <= c.High, "%+v", c)
					}
					c := e.Contributions[0]
					value, expected := c.Text()
					require.Equal(t, c.Joint, expected == "-")
					if !c.Joint {
						continue
					}
					joint++
					require.Contains(t, e.String(), value)
					require.True(t, math.IsNaN(e.Clears))
					require.Regexp(t, ` while \S+ \S+; usually | would fit | in the last 20 samples|together: `, e.String())
					if e.Fits != c.Value {
						y := mat.DenseCopyOf(x.Slice(0, r+1, 0, 4))
						y.Set(r, column(t, m, c.Metric), e.Fits)
						better := explain(t, m, y, r)
						require.Less(t, better.Verdict.Energy, e.Verdict.Energy, e.String())
					}
					if b := e.Beside; b.Metric != "" {
						require.True(t, c.Value < b.Low || c.Value > b.High)
						require.NotEqual(t, c.Metric, b.Metric)
					}
				}
			}
			t.Logf("%s: %d joint", name, joint)
		})
	}
}
