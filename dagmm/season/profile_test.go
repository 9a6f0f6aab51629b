package season

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// seasonal makes ten-minute samples: metric 0 follows the hour of the day and the
// weekend, metric 1 follows nothing.
func seasonal(days int, seed uint64) ([]time.Time, *mat.Dense) {
	rng := rand.New(rand.NewPCG(seed, 3))
	n := days * 144
	times, x := make([]time.Time, n), mat.NewDense(n, 2, nil)
	for i := range n {
		t := start.Add(time.Duration(i) * 10 * time.Minute)
		v := 50 + 20*math.Sin(2*math.Pi*float64(t.Hour())/24)
		if t.Weekday() == time.Sunday {
			v -= 25
		}
		times[i] = t
		x.SetRow(i, []float64{v + rng.NormFloat64(), 5 + rng.NormFloat64()})
	}
	return times, x
}

var seasonalColumns = []string{"load", "noise"}

func TestProfileFollowsWhatTheDataSupport(t *testing.T) {
	for days, want := range map[int]Kind{1: Flat, 5: Daily, 28: Weekly} {
		t.Run(fmt.Sprintf("%d days", days), func(t *testing.T) {
			times, x := seasonal(days, 1)
			p, err := New(seasonalColumns, times, x, nil)
			require.NoError(t, err)
			require.Equal(t, want, p.Kind)
			require.Equal(t, want == Weekly, p.Reason == "")
		})
	}
	times, x := seasonal(28, 1)
	p, err := New(seasonalColumns[1:], times, mat.DenseCopyOf(x.Slice(0, len(times), 1, 2)), nil)
	require.NoError(t, err)
	require.Equal(t, Flat, p.Kind)
	require.Contains(t, p.Reason, "explain less")
}

// On fresh weeks the limits hold what they promise, and know Sundays.
func TestProfileLimits(t *testing.T) {
	times, x := seasonal(42, 1)
	p, err := New(seasonalColumns, times, x, nil)
	require.NoError(t, err)
	fresh, y := seasonal(14, 2)
	outside := 0
	var limits []Limit
	for i, at := range fresh {
		limits = p.Limits(limits, at, 3)
		for j, l := range limits {
			require.Less(t, l.Low, l.Level)
			if v := y.At(i, j); v < l.Low || v > l.High {
				outside++
			}
		}
	}
	require.Less(t, float64(outside)/float64(2*len(fresh)), .02)
	sunday := time.Date(2026, 6, 7, 6, 0, 0, 0, time.UTC)
	require.Less(t, p.Limits(nil, sunday, 3)[0].High, p.Limits(nil, sunday.AddDate(0, 0, 1), 3)[0].Low)
}

func TestDeseasonalise(t *testing.T) {
	times, x := seasonal(42, 1)
	p, err := New(seasonalColumns, times, x, nil)
	require.NoError(t, err)
	_, before := medianSpread(mat.Col(nil, 0, x))
	for i, at := range times {
		p.Deseasonalise(at, x.RawRowView(i))
	}
	_, after := medianSpread(mat.Col(nil, 0, x))
	require.Less(t, after, before/3)
}

func TestProfileErrors(t *testing.T) {
	times, x := seasonal(1, 1)
	_, err := New([]string{"a"}, times, x, nil)
	require.ErrorIs(t, err, ErrWidth)
	_, err = New(seasonalColumns, times, nil, nil)
	require.ErrorIs(t, err, ErrShort)
	_, err = New(seasonalColumns, times[:10], mat.DenseCopyOf(x.Slice(0, 10, 0, 2)), nil)
	require.ErrorIs(t, err, ErrShort)
	for r := range len(times) {
		x.Set(r, 0, math.NaN())
		x.Set(r, 1, 7)
	}
	p, err := New(seasonalColumns, times, x, nil)
	require.NoError(t, err)
	l := p.Limits(nil, times[0], 3)
	require.True(t, math.IsNaN(l[0].Level))
	require.Equal(t, Limit{"noise", 7, 7, 7}, l[1])
}

func TestWeekOffsetsAreThoseOfEachHour(t *testing.T) {
	zone := time.FixedZone("east", 19800)
	times, x := seasonal(28, 1)
	for _, days := range []int{5, 28} {
		p, err := New(seasonalColumns, times[:days*144], x.Slice(0, days*144, 0, 2), zone)
		require.NoError(t, err)
		require.Equal(t, zone, p.Zone())
		week := p.WeekOffsets()
		require.Len(t, week, 168)
		sunday := time.Date(2026, 3, 1, 0, 10, 0, 0, zone)
		for hour, offsets := range week {
			require.Equal(t, p.Offsets(sunday.Add(time.Duration(hour)*time.Hour)), offsets)
		}
	}
}
