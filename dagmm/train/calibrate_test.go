package train

import (
	"context"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dataset"
)

// coverage is the share of fresh ordinary rows with p ≤ q, for each q, of one model under
// three calibrations: its training energies, its own, and as many fresh rows as it has
// training rows.
type coverage struct{ inSample, own, fresh []float64 }

const freshRows = 20000

// cover fits a model to the first n rows of a generated host and takes its coverage on the
// rows after them.
func cover(t testing.TB, cfg Config, n int, seed uint64, qs []float64) coverage {
	series := len(cfg.Context) > 0
	all, _, err := dataset.Generate(dataset.GenerateConfig{Rows: 2*n + freshRows, Seed: seed, Independent: !series})
	require.NoError(t, err)
	rows, err := all.Slice(0, n)
	require.NoError(t, err)
	cfg.Columns, cfg.Seed = all.Columns, seed
	m, _, err := Fit(context.Background(), rows.X, cfg)
	require.NoError(t, err)
	e, err := m.Series(nil, all.X)
	require.NoError(t, err)
	shares := func(tail *dagmm.Tail) []float64 {
		out := make([]float64, len(qs))
		for i, q := range qs {
			for _, v := range e[2*n:] {
				if tail.PValue(v) <= q {
					out[i] += 1. / freshRows
				}
			}
		}
		return out
	}
	return coverage{shares(dagmm.NewTail(dagmm.NewCalibration(e[:n]))), shares(m.Tail()), shares(dagmm.NewTail(dagmm.NewCalibration(e[n : 2*n])))}
}

// pooled is the mean coverage over fits.
func pooled(t testing.TB, cfg Config, n, fits int, qs []float64) coverage {
	mean := coverage{make([]float64, len(qs)), make([]float64, len(qs)), make([]float64, len(qs))}
	for seed := range uint64(fits) {
		c := cover(t, cfg, n, seed+1, qs)
		for i := range qs {
			mean.inSample[i] += c.inSample[i] / float64(fits)
			mean.own[i] += c.own[i] / float64(fits)
			mean.fresh[i] += c.fresh[i] / float64(fits)
		}
	}
	for i, q := range qs {
		t.Logf("%s, %d fits to %d rows, q = %g: share/q %.2f; calibrated on the training energies %.2f, on fresh rows %.2f",
			cfg.Preset, fits, n, q, mean.own[i]/q, mean.inSample[i]/q, mean.fresh[i]/q)
	}
	return mean
}

// Over fresh ordinary rows p ≤ q comes with frequency q. The share of one fit to n rows
// follows the Beta distribution with k = q·(n+1) and n+1−k, counted on binomially many rows:
// the mean over fits is held to 3 of its standard errors and a tenth of q, for what refitting
// to fewer rows in fewer steps leaves.
func TestFittedCoverage(t *testing.T) {
	const n = 1000
	fits := 24
	switch {
	case os.Getenv(longEnv) != "":
		fits = 200
	case raceEnabled:
		t.Skip("the numbers are the same, five times slower")
	}
	qs := []float64{.05, .01, .001}
	for i, share := range pooled(t, Metrics(), n, fits, qs).own {
		q := qs[i]
		sd := math.Sqrt(q * (1 - q) * (1./(n+2) + 1./freshRows) / float64(fits))
		require.InDelta(t, q, share, 3*sd+.1*q, "q = %g", q)
	}
}

// The rows of a series are not exchangeable, and days differ: what can be asked of the
// calibration is the coverage that as many fresh rows would give.
func TestFittedCoverageOfSeries(t *testing.T) {
	if os.Getenv(longEnv) == "" {
		t.Skip(longEnv + " is not set")
	}
	qs := []float64{.05, .01, .001}
	c := pooled(t, Series(), 6000, 24, qs)
	for i, q := range qs {
		require.InEpsilon(t, c.fresh[i], c.own[i], .25, "q = %g", q)
	}
}

// A refit that ended at another level and spread is brought back by what it says of all rows.
func TestMatch(t *testing.T) {
	own, refitted := make([]float64, 100), make([]float64, 100)
	for i := range own {
		own[i], refitted[i] = float64(i), 5+2*float64(i)
	}
	held := []float64{5, 205, 405}
	match(held, refitted, own)
	require.InDeltaSlice(t, []float64{0, 100, 200}, held, 1e-9)
	match(held, make([]float64, 100), own)
	require.InDeltaSlice(t, []float64{49, 149, 249}, held, 1e-9, "no spread to compare: the level alone")
}

func TestWithoutAndBetween(t *testing.T) {
	d := &trainingData{n: 4, width: 2, features: []float64{0, 1, 2, 3, 10, 11, 12, 13}}
	rest := d.without(1, 3)
	require.Equal(t, 2, rest.n)
	require.Equal(t, []float64{0, 3, 10, 13}, rest.features)
	require.Equal(t, []float64{1, 2, 11, 12}, d.between(1, 3))
	require.Equal(t, 4, d.n)
}
