package train

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/metric-streams/anomaly/dataset"
)

// longEnv is the environment variable that makes the quality tests run over many seeds.
const longEnv = "ANOMALY_LONG"

// job is the basic task of a detector: 1000 rows of four metrics, of which one row is out
// of range and one breaks the correlation without being out of range.
type job struct {
	x              *mat.Dense
	ranged, broken int // rows
}

// jobs are the generators. Each makes a job from a seed. Mild outliers lie much nearer to
// ordinary rows.
var jobs = []struct {
	name string
	make func(seed uint64, mild bool) job
}{
	{"correlated Gaussian", func(seed uint64, mild bool) job { return linearJob(seed, mild, false) }},
	{"lognormal network", func(seed uint64, mild bool) job { return linearJob(seed, mild, true) }},
	{"nonlinear", nonlinearJob},
	{"daily cycle", dailyJob},
	{"heavy-tailed noise", heavyJob},
	{"dataset.Generate", func(seed uint64, mild bool) job { return generatedJob(seed, mild, true) }},
	{"dataset.Generate series", func(seed uint64, mild bool) job { return generatedJob(seed, mild, false) }},
}

const jobRows = 1000

// newJob makes 1000 rows of standardised metrics with row from the host's load, puts the
// outliers in, and converts the metrics to their units with bend. In the row that breaks
// the correlation, all metrics but one show a high load and that one shows a low load, or
// the reverse.
func newJob(rng *rand.Rand, mild bool, load func(i int) float64, row func(load float64) [4]float64, bend [4]func(float64) float64) job {
	rows := make([][4]float64, jobRows)
	for i := range rows {
		rows[i] = row(load(i))
	}
	j := job{x: mat.NewDense(jobRows, 4, nil), ranged: 100 + rng.IntN(300), broken: 500 + rng.IntN(400)}
	beyond, against := 3., 1.8
	if mild {
		beyond, against = 1, 1.2
	}
	metric := rng.IntN(4)
	top := math.Inf(-1)
	for _, r := range rows {
		top = max(top, r[metric])
	}
	rows[j.ranged][metric] = top + beyond
	side := float64(1 - 2*rng.IntN(2))
	rows[j.broken] = row(side * against)
	other := rng.IntN(4)
	rows[j.broken][other] = row(-side * against)[other]
	for i, r := range rows {
		for k, v := range r {
			j.x.Set(i, k, bend[k](v))
		}
	}
	return j
}

func affine(offset, scale float64) func(float64) float64 {
	return func(z float64) float64 { return offset + scale*z }
}

func percent(mean, sd float64) func(float64) float64 {
	return func(z float64) float64 { return 100 / (1 + math.Exp(-(mean + sd*z))) }
}

func rate(mean, sd float64) func(float64) float64 {
	return func(z float64) float64 { return math.Exp(mean + sd*z) }
}

// linear mixes the load into every metric with a random weight from .85 to .97.
func linear(rng *rand.Rand, noise func() float64) func(load float64) [4]float64 {
	var weight [4]float64
	for k := range weight {
		weight[k] = .85 + .12*rng.Float64()
	}
	return func(load float64) (r [4]float64) {
		for k, w := range weight {
			r[k] = w*load + math.Sqrt(1-w*w)*noise()
		}
		return r
	}
}

func linearJob(seed uint64, mild, lognormal bool) job {
	rng := rand.New(rand.NewPCG(seed, 11))
	bend := [4]func(float64) float64{affine(45, 10), affine(60, 5), affine(30, 8), affine(5e6, 1e6)}
	if lognormal {
		bend[3] = rate(14, 1)
	}
	return newJob(rng, mild, func(int) float64 { return rng.NormFloat64() }, linear(rng, rng.NormFloat64), bend)
}

func nonlinearJob(seed uint64, mild bool) job {
	rng := rand.New(rand.NewPCG(seed, 12))
	row := func(load float64) [4]float64 {
		n := func() float64 { return .2 * rng.NormFloat64() }
		return [4]float64{load + n(), math.Tanh(load) + n(), .4*load*math.Abs(load) + n(), load + .3*math.Sin(3*load) + n()}
	}
	bend := [4]func(float64) float64{percent(0, .8), affine(50, 10), affine(20, 4), rate(15, .5)}
	return newJob(rng, mild, func(int) float64 { return 2.4 * (rng.Float64() - .5) * 1.5 }, row, bend)
}

// dailyJob covers 1000 minutes of a daily cycle with autoregressive noise.
func dailyJob(seed uint64, mild bool) job {
	rng := rand.New(rand.NewPCG(seed, 13))
	slow, phase := 0., rng.Float64()
	load := func(i int) float64 {
		slow = .95*slow + .31*rng.NormFloat64()
		return 1.1*math.Sin(2*math.Pi*(float64(i)/1440+phase)) + .6*slow
	}
	bend := [4]func(float64) float64{percent(-.5, .6), affine(60, 4), percent(-1.5, .6), rate(15, .6)}
	return newJob(rng, mild, load, linear(rng, rng.NormFloat64), bend)
}

// heavyJob has noise of Student's t distribution with four degrees of freedom, so that
// some ordinary rows are outliers too.
func heavyJob(seed uint64, mild bool) job {
	rng := rand.New(rand.NewPCG(seed, 14))
	t4 := func() float64 {
		var s float64
		for range 4 {
			v := rng.NormFloat64()
			s += v * v
		}
		return rng.NormFloat64() / math.Sqrt(s/4) / math.Sqrt2
	}
	bend := [4]func(float64) float64{affine(45, 10), affine(60, 5), affine(30, 8), rate(14, .5)}
	return newJob(rng, mild, func(int) float64 { return rng.NormFloat64() }, linear(rng, t4), bend)
}

func generatedJob(seed uint64, mild, independent bool) job {
	cfg := dataset.GenerateConfig{Seed: seed, Independent: independent}
	if mild {
		cfg.Strength = .6
	}
	rng := rand.New(rand.NewPCG(seed, 15))
	metric := func() string { return dataset.HostMetrics()[rng.IntN(4)] }
	if independent {
		cfg.Inject = []dataset.FaultKind{dataset.OutOfRange, dataset.BrokenCorrelation}
	} else {
		cfg.Faults = []dataset.Fault{{Kind: dataset.OutOfRange, Metric: metric(), Start: 100 + rng.IntN(300), Length: 1},
			{Kind: dataset.BrokenCorrelation, Metric: metric(), Start: busyRow(seed, 500+rng.IntN(300)), Length: 1}}
	}
	table, faults, err := dataset.Generate(cfg)
	if err != nil {
		panic(err)
	}
	j := job{x: table.X}
	for _, f := range faults {
		if f.Kind == dataset.OutOfRange {
			j.ranged = f.Start
		} else {
			j.broken = f.Start
		}
	}
	return j
}

// busyRow returns the first row at or after from whose load is high. At a low load there
// is no correlation to break.
func busyRow(seed uint64, from int) int {
	table, _, err := dataset.Generate(dataset.GenerateConfig{Seed: seed})
	if err != nil {
		panic(err)
	}
	cpu := mat.Col(nil, 0, table.X)
	limit := Quantile(cpu, .85)
	for from < len(cpu)-1 && cpu[from] < limit {
		from++
	}
	return from
}

// mahalanobis is the classical reference. It returns the squared Mahalanobis distances of
// the rows from their mean, and their quantile .99.
func mahalanobis(t testing.TB, x *mat.Dense) (distances []float64, threshold float64) {
	n, d := x.Dims()
	cov := mat.NewSymDense(d, nil)
	stat.CovarianceMatrix(cov, x, nil)
	var chol mat.Cholesky
	require.True(t, chol.Factorize(cov))
	mean := make([]float64, d)
	for j := range mean {
		mean[j] = stat.Mean(mat.Col(nil, j, x), nil)
	}
	distances = make([]float64, n)
	for r := range distances {
		m := stat.Mahalanobis(mat.NewVecDense(d, x.RawRowView(r)), mat.NewVecDense(d, mean), &chol)
		distances[r] = m * m
	}
	return distances, Quantile(distances, .99)
}

// found counts the outliers that a method finds over the seeds.
type found struct{ ranged, broken, both int }

func (f *found) add(j job, energies []float64, threshold float64) {
	ranged, broken := energies[j.ranged] > threshold, energies[j.broken] > threshold
	for _, c := range []struct {
		hit bool
		n   *int
	}{{ranged, &f.ranged}, {broken, &f.broken}, {ranged && broken, &f.both}} {
		if c.hit {
			*c.n++
		}
	}
}

// TestSeedsJob checks that the default settings put both outliers above the threshold, on
// data that took no part in choosing the settings. One of six runs may miss one.
// ANOMALY_LONG=1 makes 20 runs of every generator and demands 19 successes wherever the
// classical reference has as many. It also prints a table with milder outliers and with the
// references.
func TestSeedsJob(t *testing.T) {
	if os.Getenv(longEnv) != "" {
		seedsJobTable(t)
		return
	}
	missed := 0
	for i, g := range jobs {
		if g.name == "heavy-tailed noise" || raceEnabled && i > 0 {
			continue // ordinary rows may be outliers by chance
		}
		j := g.make(uint64(1000+i), false)
		m, rep, err := Fit(context.Background(), j.x, Config{Seed: uint64(i)})
		require.NoError(t, err)
		e, err := m.Energies(nil, j.x)
		require.NoError(t, err)
		var f found
		f.add(j, e, m.Threshold())
		require.Equal(t, 1, f.ranged, "%s: out of range\n%s", g.name, rep)
		if f.both == 0 {
			missed++
			t.Logf("%s: energy %.3g of the row with the broken correlation, threshold %.3g", g.name, e[j.broken], m.Threshold())
		}
	}
	require.LessOrEqual(t, missed, 1)
}

func seedsJobTable(t *testing.T) {
	const runs = 20
	t.Logf("%-24s %-7s %s", "generator", "strength", "found of 20: out of range, broken, both (default; untrained; Mahalanobis)")
	for _, g := range jobs {
		for _, mild := range []bool{false, true} {
			var trained, untrained, reference found
			for seed := range uint64(runs) {
				j := g.make(7000+seed, mild)
				for _, c := range []struct {
					cfg Config
					f   *found
				}{{Config{Seed: seed}, &trained}, {Config{Seed: seed, Untrained: true}, &untrained}} {
					m, _, err := Fit(context.Background(), j.x, c.cfg)
					require.NoError(t, err)
					e, err := m.Energies(nil, j.x)
					require.NoError(t, err)
					c.f.add(j, e, m.Threshold())
				}
				d, limit := mahalanobis(t, j.x)
				reference.add(j, d, limit)
			}
			strength := "clear"
			if mild {
				strength = "mild"
			}
			t.Logf("%-24s %-7s %2d %2d %2d;  %2d %2d %2d;  %2d %2d %2d", g.name, strength, trained.ranged, trained.broken, trained.both,
				untrained.ranged, untrained.broken, untrained.both, reference.ranged, reference.broken, reference.both)
			if !mild && reference.both >= runs-1 {
				require.GreaterOrEqual(t, trained.both, runs-1, g.name)
			}
		}
	}
}
