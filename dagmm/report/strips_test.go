package report

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm/evaluate"
)

func minutes(n int) []time.Time {
	out := make([]time.Time, n)
	for i := range out {
		out[i] = time.Date(2026, 3, 1, 10, i, 0, 0, time.UTC)
	}
	return out
}

func TestACourseFollowsTheTimes(t *testing.T) {
	times := minutes(11)
	times[10] = times[9].Add(time.Hour)
	c := newCourse(11, times, 5)
	require.Zero(t, c.at[0])
	require.InDelta(t, 1000./69, c.at[1], 1e-9)
	require.Equal(t, 1000., c.at[10])
	require.True(t, c.apart[10], "an hour without a row is a hole")
	require.False(t, c.apart[9])

	times[3], times[5] = times[5], times[3]
	c = newCourse(11, times, 5)
	require.Equal(t, []float64{0, 100, 200}, c.at[:3], "times that go back and forth are no axis")
	require.Contains(t, c.ticks[1].Text, "row ")
	require.Equal(t, []float64{0}, newCourse(1, minutes(1), 5).at)
}

func TestALineIsInterrupted(t *testing.T) {
	c := newCourse(5, nil, 5)
	values := []float64{0, 10, math.NaN(), 5, math.Inf(1)}
	w, any := windowOf(values)
	require.True(t, any)
	require.Equal(t, window{0, 10}, w)
	require.Equal(t, `d="M0.0,96.0h0L250.0,4.0M750.0,50.0h0"`, string(c.line([]int{0, 1, 2, 3, 4}, values, w)))
	require.Empty(t, c.line([]int{2}, values, w))
}

func TestABandIsCutOffAndInterrupted(t *testing.T) {
	times := minutes(5)
	times[3], times[4] = times[3].Add(time.Hour), times[4].Add(time.Hour)
	c := newCourse(5, times, 5)
	w := window{0, 10}
	path := string(c.band([]expected{{0, 2, 8}, {2, -1e300, 1e300}, {3, 2, 8}, {4, 2, 8}}, w))
	require.Equal(t, 2, strings.Count(path, "Z"), "the hole divides the band")
	require.NotContains(t, path, "e+")
	require.NotContains(t, path, "Inf")
}

// No number of a strip leaves what a browser can draw.
func TestStripsOfExtremeValues(t *testing.T) {
	for name, values := range map[string][]float64{
		"huge":     {-math.MaxFloat64, math.MaxFloat64, 0},
		"tiny":     {5e-324, 1e-320, 0},
		"equal":    {7, 7, 7},
		"missing":  {math.NaN(), math.NaN(), math.NaN()},
		"infinite": {math.Inf(1), 1, math.Inf(-1)},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCourse(3, nil, 5)
			s := c.metricStrip(0, "m", "", values, []expected{{0, 1, 2}, {1, math.Inf(-1), 2}}, []int{1}, 100)
			e := c.energyStrip(values, []float64{1, 1, 1}, densityScale(values, 1), []int{1}, 100)
			for _, path := range []string{string(s.Line), string(s.Band), string(s.Dots), string(e.Line), string(e.Dots), string(e.Threshold)} {
				require.NotContains(t, path, "NaN")
				require.NotContains(t, path, "Inf")
			}
			require.Less(t, len(s.Ticks), 60)
		})
	}
}

func TestConstantColumns(t *testing.T) {
	nan := math.NaN()
	varying, sentence := constants(mat.NewDense(2, 4, []float64{1, 5, nan, 2, 1, 6, nan, 2}), []string{"a", "b", "c", "d"})
	require.Equal(t, []int{1}, varying)
	require.Equal(t, "Constant in these rows and not drawn: a (1), d (2). Without a value: c.", sentence)
}

func TestAreas(t *testing.T) {
	a := newCourse(11, nil, 5).area("major", []evaluate.Span{{Start: 2, End: 5}}, 0, 100)
	require.Equal(t, `d="M200.0,0H400.0V100H200.0Z"`, string(a.Path))
	require.Empty(t, a.Edge, "it is wide enough")
	a = newCourse(11, nil, 5).area("major", []evaluate.Span{{Start: 3, End: 4}}, 0, 100)
	require.Equal(t, `d="M300.0,0V100"`, string(a.Edge))
}

func TestNiceTicks(t *testing.T) {
	require.Equal(t, []float64{0, 50, 100}, niceTicks(0, 100, 3))
	require.Equal(t, []float64{10, 20, 30}, niceTicks(8, 38, 3))
	require.Equal(t, []float64{-.2, 0, .2}, niceTicks(-.3, .3, 3))
	require.Equal(t, []float64{5}, niceTicks(5, 5, 3))
	for _, r := range [][2]float64{{0, 1}, {13, 14.5}, {-1e9, 2e9}, {1e-9, 3e-9}, {99.5, 100.2}} {
		ticks := niceTicks(r[0], r[1], 3)
		require.GreaterOrEqual(t, len(ticks), 2, "%v", r)
		require.LessOrEqual(t, len(ticks), 8, "%v", r)
		require.GreaterOrEqual(t, ticks[0], r[0])
		require.LessOrEqual(t, ticks[len(ticks)-1], r[1])
	}
}

func TestTimeTicks(t *testing.T) {
	texts := func(first time.Time, span time.Duration) (out []string) {
		for _, k := range timeTicks(first, first.Add(span), 5) {
			require.True(t, k.At >= 0 && k.At <= 100)
			out = append(out, k.Text)
		}
		return out
	}
	first := time.Date(2026, 3, 1, 10, 3, 30, 0, time.UTC)
	require.Equal(t, []string{"10:05", "10:10", "10:15", "10:20"}, texts(first, 20*time.Minute))
	require.Equal(t, []string{"1 Mar 12:00", "2 Mar 00:00", "2 Mar 12:00", "3 Mar 00:00"}, texts(first, 40*time.Hour))
	require.Equal(t, []string{"10:03:30.000", "10:03:30.100", "10:03:30.200", "10:03:30.300"}, texts(first, 350*time.Millisecond))
	east := first.In(time.FixedZone("", 5*3600+1800))
	require.Equal(t, []string{"2 Mar", "4 Mar", "6 Mar", "8 Mar"}, texts(east, 8*24*time.Hour), "midnight where the rows are")
	require.Empty(t, texts(first, 0))
	require.NotPanics(t, func() { texts(time.Time{}, math.MaxInt64) })
}

func TestTheStylesheetHasTheDarkColoursTwice(t *testing.T) {
	require.Equal(t, 2, strings.Count(style, "--page: #0e1216"))
	require.Equal(t, strings.Count(style, "{"), strings.Count(style, "}"))
}
