package alarm

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// The score is 1 at the threshold, wherever that is, and says what Severity does.
func TestScore(t *testing.T) {
	d := detector(t, true, Config{Budget: 3})
	rows := dagmmtest.Incident(dagmmtest.Ordinary(2000, 8), 500, 505, 95)
	rows[700] = []float64{math.NaN(), math.NaN(), math.NaN()}
	flagged := 0
	for i, x := range rows {
		shift := d.shift()
		r, err := d.Next(dagmmtest.Minute(i), x)
		require.NoError(t, err)
		if i == 700 {
			require.True(t, math.IsNaN(r.Score))
			continue
		}
		require.GreaterOrEqual(t, r.Score, 0.)
		require.Equal(t, r.Energy > r.Threshold, r.Score > 1, "sample %d", i)
		if r.Flagged {
			flagged++
			least := d.heights.low + shift
			require.InEpsilon(t, (r.Energy-least)/(r.Threshold-least), r.Score, 1e-12)
		}
	}
	require.Positive(t, flagged)
}

// The open alarm can be told again and again, as it is by then.
func TestCurrent(t *testing.T) {
	d := detector(t, false, strict)
	rows := fault()
	_, open := d.Current()
	require.False(t, open)
	opened := feed(t, d, 0, rows[:101])[0]
	feed(t, d, 101, rows[101:103])
	e, open := d.Current()
	require.True(t, open)
	require.Equal(t, Continued, e.Kind)
	require.Zero(t, e.Seq)
	require.Equal(t, opened.Start, e.Start)
	require.Equal(t, 2*time.Minute, e.Duration())
	require.Equal(t, "cpu", e.Explanation.Contributions[0].Metric)
	closed := feed(t, d, 103, rows[103:200])
	require.Equal(t, opened.Seq+1, closed[0].Seq, "nothing was sent")
	_, open = d.Current()
	require.False(t, open)
}

// Every sample can be explained: the range of an ordinary one holds its values, that of a
// flagged one does not.
func TestExplainEverySample(t *testing.T) {
	d := detector(t, true, strict)
	_, err := d.Explain()
	require.Error(t, err)
	_, err = new(Detector).Explain()
	require.ErrorIs(t, err, ErrNotMade)
	for i, x := range fault()[:103] {
		r, err := d.Next(dagmmtest.Minute(i), x)
		require.NoError(t, err)
		e, err := d.Explain()
		require.NoError(t, err)
		require.Equal(t, r.Threshold, e.Verdict.Threshold)
		require.Len(t, e.Contributions, 3)
		if i < dagmm.ContextWarmUp {
			continue
		}
		for _, c := range e.Contributions {
			if !r.Flagged {
				require.LessOrEqual(t, c.Low, c.Value, "sample %d", i)
				require.GreaterOrEqual(t, c.High, c.Value, "sample %d", i)
			}
		}
		if i == 100 {
			require.True(t, r.Flagged)
			require.Equal(t, "cpu", e.Contributions[0].Metric)
			require.Less(t, e.Contributions[0].High, 95.)
		}
	}
}
