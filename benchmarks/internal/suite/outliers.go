package suite

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dataset"
)

// Outliers makes the library's reference job: 1000 rows of CPU, memory and disk
// (percent) and network (bits/s), in which one row has a metric out of range
// and one breaks the correlation between metrics within their usual range. A
// model is trained on all of them and should put both above its threshold.
type Outliers struct {
	Name     string
	Strength float64 // of the two outliers, 1 is plain
	kind     outlierKind
}

// outlierRows is the number of rows of the job.
const outlierRows = 1000

// outlierKind makes standardised metrics that follow a common load.
type outlierKind struct {
	load    func(rng *rand.Rand, n int) []float64
	weights [4]float64 // correlation of each metric with the load
	unit    func(metric int, z float64) float64
}

// outlierKinds are generators of the harness's own, beside package dataset's,
// so that a model tuned on one is judged on others.
var outlierKinds = map[string]outlierKind{
	"linear":  {load: independentLoad, weights: [4]float64{.95, .7, .85, .9}, unit: linearUnit},
	"daily":   {load: dailyLoad, weights: [4]float64{.9, .8, .9, .95}, unit: skewedUnit},
	"regimes": {load: regimeLoad, weights: [4]float64{.95, .85, .8, .9}, unit: skewedUnit},
}

var outlierNames = []string{
	"generate-1", "linear-1", "daily-1", "regimes-1",
	"generate-0.7", "linear-0.7", "daily-0.7", "regimes-0.7",
}

func newOutliers(name string) (*Outliers, error) {
	kind, strength, _ := strings.Cut(name, "-")
	own, known := outlierKinds[kind]
	o := &Outliers{Name: kind, kind: own}
	if _, err := fmt.Sscan(strength, &o.Strength); err != nil {
		return nil, errNoMachine("outliers", name)
	}
	if !known && kind != "generate" {
		return nil, errNoMachine("outliers", name)
	}
	return o, nil
}

// Make returns the rows and which two of them are the outliers.
func (o *Outliers) Make(seed uint64) (*mat.Dense, [2]int, error) {
	if o.Name == "generate" {
		return o.fromDataset(seed)
	}
	rng := rand.New(rand.NewPCG(seed, 0x6f75_746c))
	load := o.kind.load(rng, outlierRows)
	z := mat.NewDense(outlierRows, 4, nil)
	for j, w := range o.kind.weights {
		for i, l := range load {
			z.Set(i, j, w*l+math.Sqrt(1-w*w)*rng.NormFloat64())
		}
	}
	rows := o.inject(rng, load, z)
	x := mat.NewDense(outlierRows, 4, nil)
	x.Apply(func(_, j int, v float64) float64 { return o.kind.unit(j, v) }, z)
	return x, rows, nil
}

func (o *Outliers) fromDataset(seed uint64) (*mat.Dense, [2]int, error) {
	t, faults, err := dataset.Generate(dataset.GenerateConfig{
		Rows: outlierRows, Seed: seed, Independent: true, Strength: o.Strength,
		Inject: []dataset.FaultKind{dataset.OutOfRange, dataset.BrokenCorrelation},
	})
	if err != nil {
		return nil, [2]int{}, err
	}
	return t.X, [2]int{faults[0].Start, faults[1].Start}, nil
}

// inject puts one metric 2.5 standard deviations beyond its largest value, and,
// where the load is more than one and a half from its mean, one metric two on
// the other side; both times the strength.
func (o *Outliers) inject(rng *rand.Rand, load []float64, z *mat.Dense) [2]int {
	var rows [2]int
	metric := rng.IntN(4)
	rows[0] = rng.IntN(outlierRows)
	z.Set(rows[0], metric, mat.Max(z.ColView(metric))+2.5*o.Strength)
	for rows[1] = rng.IntN(outlierRows); rows[1] == rows[0] || math.Abs(load[rows[1]]) < 1.5; {
		rows[1] = rng.IntN(outlierRows)
	}
	z.Set(rows[1], rng.IntN(4), -math.Copysign(2*o.Strength, load[rows[1]]))
	return rows
}

func independentLoad(rng *rand.Rand, n int) []float64 {
	load := make([]float64, n)
	for i := range load {
		load[i] = rng.NormFloat64()
	}
	return load
}

// dailyLoad is most of a daily cycle, a sample a minute, with slow noise.
func dailyLoad(rng *rand.Rand, n int) []float64 {
	load := make([]float64, n)
	phase := 2 * math.Pi * rng.Float64()
	var slow float64
	for i := range load {
		slow = .97*slow + .15*rng.NormFloat64()
		load[i] = 1.2*math.Sin(2*math.Pi*float64(i)/1440+phase) + slow
	}
	return load
}

// regimeLoad is idle four times out of five and busy otherwise, for a while
// each.
func regimeLoad(rng *rand.Rand, n int) []float64 {
	load := make([]float64, n)
	busy := false
	for i := range load {
		if chance := .02; busy && rng.Float64() < 4*chance || !busy && rng.Float64() < chance {
			busy = !busy
		}
		load[i] = -.5 + .3*rng.NormFloat64()
		if busy {
			load[i] = 2 + .4*rng.NormFloat64()
		}
	}
	return load
}

// linearUnit keeps the metrics' distribution, within a percentage's limits.
func linearUnit(metric int, z float64) float64 {
	if metric == 3 {
		return math.Max(0, 8e6+1.5e6*z)
	}
	mean, sd := [3]float64{35, 55, 20}[metric], [3]float64{9, 6, 4}[metric]
	return math.Max(0, math.Min(100, mean+sd*z))
}

// skewedUnit makes percentages that lean to their lower end and a log-normal
// rate.
func skewedUnit(metric int, z float64) float64 {
	if metric == 3 {
		return math.Exp(15 + .6*z)
	}
	odds := math.Exp([3]float64{-1.2, .3, -1.8}[metric] + [3]float64{.6, .3, .5}[metric]*z)
	return 100 * odds / (1 + odds)
}
