package train

import (
	"context"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dataset"
)

// coverage holds, for each q, the share of fresh ordinary rows whose p-value is at most q.
// It compares three calibrations of one model: the training energies, the model's own
// calibration, and as many fresh rows as there are training rows.
type coverage struct{ inSample, own, fresh []float64 }

const freshRows = 20000

// cover fits a model to the first n rows of a generated host and measures its coverage on
// later rows.
func cover(t testing.TB, cfg Config, n int, seed uint64, qs []float64) coverage {
	series := len(cfg.RecentLevels) > 0
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

// covers measures the coverage of several fits. The settings of the refit were chosen on
// other hosts.
func covers(t testing.TB, cfg Config, n, fits int, qs []float64) []coverage {
	out := make([]coverage, fits)
	for i := range out {
		out[i] = cover(t, cfg, n, 9000+uint64(i), qs)
	}
	for i, q := range qs {
		inSample, _ := meanOf(out, func(c coverage) float64 { return c.inSample[i] / q })
		own, sd := meanOf(out, func(c coverage) float64 { return c.own[i] / q })
		fresh, _ := meanOf(out, func(c coverage) float64 { return c.fresh[i] / q })
		t.Logf("%s, %d fits to %d rows, q = %g: share/q %.2f ± %.2f; calibrated on the training energies %.2f, on fresh rows %.2f",
			cfg.Preset, fits, n, q, own, sd, inSample, fresh)
	}
	return out
}

// meanOf returns the mean of a number over the fits and the standard error of the mean.
func meanOf(all []coverage, number func(coverage) float64) (mean, sd float64) {
	values := make([]float64, len(all))
	for i, c := range all {
		values[i] = number(c)
	}
	mean, sd = stat.MeanStdDev(values, nil)
	return mean, sd / math.Sqrt(float64(len(all)))
}

// Of fresh ordinary rows, about a share q has a p-value of at most q. The share of one fit to n
// rows follows the Beta distribution with k = q·(n+1) and n+1−k, and is counted on a binomial
// sample. The mean over the fits may differ from q by 3 of its standard errors, and by what a
// refit of few steps still knows of the rows left out. Of the most extreme rows that is most.
func TestFittedCoverage(t *testing.T) {
	const n = 1000
	fits := 24
	switch {
	case os.Getenv(longEnv) != "":
		fits = 200
	case raceEnabled:
		t.Skip("the numbers are the same, five times slower")
	}
	qs, known := []float64{.05, .01, .001}, []float64{.1, .2, .9}
	all := covers(t, Metrics(), n, fits, qs)
	for i, q := range qs {
		share, _ := meanOf(all, func(c coverage) float64 { return c.own[i] })
		sd := math.Sqrt(q * (1 - q) * (1./(n+2) + 1./freshRows) / float64(fits))
		require.InDelta(t, q, share, 3*sd+known[i]*q, "q = %g", q)
	}
}

// The rows of a series are not exchangeable, and days differ. So the calibration has to
// give the same coverage as a calibration on as many fresh rows, within 3 standard errors
// of the difference. Fits differ so much that the standard error is large, a sixth of q at
// .001. The test shows gross errors only; even the training energies would pass it.
func TestFittedCoverageOfSeries(t *testing.T) {
	if os.Getenv(longEnv) == "" {
		t.Skip(longEnv + " is not set")
	}
	qs := []float64{.05, .01, .001}
	all := covers(t, Series(), 6000, 60, qs)
	for i, q := range qs {
		more, sd := meanOf(all, func(c coverage) float64 { return (c.own[i] - c.fresh[i]) / q })
		inSample, isd := meanOf(all, func(c coverage) float64 { return (c.inSample[i] - c.fresh[i]) / q })
		t.Logf("q = %g: share/q beyond that of fresh rows %.2f ± %.2f; of the training energies %.2f ± %.2f", q, more, sd, inSample, isd)
		require.InDelta(t, 0, more, 3*sd, "q = %g", q)
	}
}
