package dagmm_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/season"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// profileOf is the daily profile of 500 hours in which metric 1 follows the day.
func profileOf(t *testing.T, columns []string, gone int) *season.Profile {
	t.Helper()
	x := mat.NewDense(500, 3, nil)
	times := make([]time.Time, 500)
	for i, row := range dagmmtest.Ordinary(500, 1) {
		row[1] += 8 * math.Sin(2*math.Pi*float64(i%24)/24)
		if gone >= 0 {
			row[gone] = math.NaN()
		}
		x.SetRow(i, row)
		times[i] = dagmmtest.Start.Add(time.Duration(i) * time.Hour)
	}
	p, err := season.New(columns, times, x, nil)
	require.NoError(t, err)
	require.Equal(t, season.Daily, p.Kind)
	return p
}

func TestModelKeepsItsSeason(t *testing.T) {
	m, _ := dagmmtest.Model(t, false)
	p := profileOf(t, dagmmtest.Columns, -1)
	other, err := m.WithSeason(p)
	require.NoError(t, err)
	require.Same(t, p, other.Season())
	require.Nil(t, m.Season())
	without, err := other.WithSeason(nil)
	require.NoError(t, err)
	require.Nil(t, without.Season())

	_, err = m.WithSeason(profileOf(t, dagmmtest.Columns, 2))
	require.ErrorIs(t, err, dagmm.ErrModel, "a metric without values")
	_, err = m.WithSeason(profileOf(t, []string{"x", "y", "z"}, -1))
	require.ErrorIs(t, err, dagmm.ErrModel, "other columns")
}
