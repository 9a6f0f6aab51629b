package alarm

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// drifting adds a slow drift of memory, twelve standard deviations over the rows.
func drifting(n int) [][]float64 {
	rows := dagmmtest.Ordinary(n, 21)
	for i := range rows {
		rows[i][1] += 12 * float64(i) / float64(n)
	}
	return rows
}

func flaggedShare(t *testing.T, d *Detector, rows [][]float64, from int) float64 {
	flagged := 0
	for i, x := range rows {
		r, err := d.Next(dagmmtest.Minute(i), x)
		require.NoError(t, err)
		if r.Flagged && i >= from {
			flagged++
		}
	}
	return float64(flagged) / float64(len(rows)-from)
}

func TestAdaptingFollowsSlowDrift(t *testing.T) {
	m, x := dagmmtest.Model(t, false)
	rows := drifting(6000)
	share := map[bool]float64{}
	for _, adapts := range []bool{false, true} {
		cfg := Config{Budget: NoBudget}
		if adapts {
			cfg.Adapt = &AdaptConfig{Memory: 200, Every: 20}
		}
		d, err := New(m, x, cfg)
		require.NoError(t, err)
		share[adapts] = flaggedShare(t, d, rows, 4000)
		if !adapts {
			require.Same(t, m, d.Model())
			continue
		}
		require.NotSame(t, m, d.Model())
		// What is odd where it has drifted to is found all the same.
		odd := append([]float64(nil), rows[len(rows)-1]...)
		odd[0] = 95
		r, err := d.Next(dagmmtest.Minute(len(rows)), odd)
		require.NoError(t, err)
		require.True(t, r.Flagged)
		require.Equal(t, "cpu", r.Events[0].Explanation.Contributions[0].Metric)
	}
	require.Greater(t, share[false], .9)
	require.Less(t, share[true], .1)
}

// Improbable samples, and those of an open alarm, teach the mixtures nothing.
func TestAdaptingIgnoresWhatIsImprobable(t *testing.T) {
	m, x := dagmmtest.Model(t, false)
	d, err := New(m, x, Config{Budget: NoBudget, Adapt: &AdaptConfig{Memory: 50, Every: 1}})
	require.NoError(t, err)
	feed(t, d, 0, dagmmtest.Ordinary(100, 5))
	before := d.Model().Mixtures()[0][0].Mean(nil, 0)
	feed(t, d, 100, dagmmtest.Incident(dagmmtest.Ordinary(300, 6), 0, 300, 95))
	require.Equal(t, before, d.Model().Mixtures()[0][0].Mean(nil, 0))
	feed(t, d, 400, dagmmtest.Ordinary(30, 7))
	require.NotEqual(t, before, d.Model().Mixtures()[0][0].Mean(nil, 0))
}

func TestAdaptedDetectorSurvivesItsState(t *testing.T) {
	m, x := dagmmtest.Model(t, true)
	cfg := Config{Budget: 1, Adapt: &AdaptConfig{Memory: 100, Every: 7}}
	d, err := New(m, x, cfg)
	require.NoError(t, err)
	feed(t, d, 0, dagmmtest.Ordinary(500, 5))
	saved, err := d.State()
	require.NoError(t, err)
	var file bytes.Buffer
	require.NoError(t, gob.NewEncoder(&file).Encode(saved))
	var read State
	require.NoError(t, gob.NewDecoder(&file).Decode(&read))
	again, err := Resume(m, read, cfg)
	require.NoError(t, err)
	for i, row := range drifting(300) {
		a, err := d.Next(dagmmtest.Minute(500+i), row)
		require.NoError(t, err)
		b, err := again.Next(dagmmtest.Minute(500+i), row)
		require.NoError(t, err)
		require.Equal(t, text(a.Events), text(b.Events))
		a.Events, b.Events = nil, nil
		require.Equal(t, a, b)
	}
	read.Adapted.Running[0] = []RunningState{{}}
	_, err = Resume(m, read, cfg)
	require.ErrorIs(t, err, ErrState)
	read.Adapted.Mixtures[0][0] = []byte("{}")
	_, err = Resume(m, read, cfg)
	require.ErrorIs(t, err, ErrState)
	read.Adapted.Mixtures = nil
	_, err = Resume(m, read, cfg)
	require.ErrorIs(t, err, ErrState)
}

func TestAdaptRefusesNonsense(t *testing.T) {
	m, x := dagmmtest.Model(t, false)
	for _, a := range []AdaptConfig{{Memory: -1}, {Every: -1}, {Ignore: 1}, {Ignore: -.1}} {
		t.Run(fmt.Sprintf("%+v", a), func(t *testing.T) {
			_, err := New(m, x, Config{Adapt: &a})
			require.ErrorIs(t, err, ErrConfig)
		})
	}
}
