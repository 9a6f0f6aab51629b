package dagmm

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/dataset"
	"github.com/metric-streams/anomaly/gmm"
)

// quickModel makes a sound model of the rows of x in milliseconds: a random network, the
// signed residual, and a mixture fitted to its latents. Rows marked in exclude are left out.
func quickModel(columns []string, x *mat.Dense, exclude []bool, alphas []float64) (*Model, error) {
	return quickModelOf(columns, x, exclude, Context{Alphas: alphas}, 1)
}

// quickModelOf is quickModel with any context and number of components.
func quickModelOf(columns []string, x *mat.Dense, exclude []bool, c Context, components int) (*Model, error) {
	n, w := x.Dims()
	var rows []int
	for r := range n {
		complete := exclude == nil || !exclude[r]
		for _, v := range x.RawRowView(r) {
			complete = complete && v == v
		}
		if complete {
			rows = append(rows, r)
		}
	}
	used := mat.NewDense(len(rows), w, nil)
	for i, r := range rows {
		used.SetRow(i, x.RawRowView(r))
	}
	scaler, err := dataset.FitScaler(used, dataset.ScalerOptions{})
	if err != nil {
		return nil, err
	}
	features, err := Features(scaler, c, x)
	if err != nil {
		return nil, err
	}
	_, width := features.Dims()
	varying := width / c.blocks()
	block := make([]float64, width*len(rows))
	for i, r := range rows {
		for f, v := range features.RawRowView(r) {
			block[f*len(rows)+i] = v
		}
	}
	views := c.Deviations(varying)
	network, err := autoencoder.New(len(views), []int{4}, 1, len(views), rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		return nil, err
	}
	member := Member{Network: network, Features: autoencoder.Residual, Inputs: views, Targets: views}
	z := mat.NewDense(len(rows), member.LatentDim(), nil)
	for f, v := range member.Latents(block, len(rows)) {
		z.Set(f%len(rows), f/len(rows), v)
	}
	mix, _, err := gmm.Fit(z, gmm.FitConfig{Components: components, Ridge: 1e-3, Seed: 1})
	if err != nil {
		return nil, err
	}
	member.Mixtures = []*gmm.Mixture{mix}
	p := Parameters{Columns: columns, Scaler: *scaler, Context: c, Members: []Member{member}, Quantile: .99,
		Calibration: NewCalibration([]float64{0}), Training: Training{Rows: len(rows), Interval: 60}}
	draft, err := New(p)
	if err != nil {
		return nil, err
	}
	energies, err := draft.FeatureEnergies(nil, block, len(rows))
	if err != nil {
		return nil, err
	}
	p.Calibration = NewCalibration(energies)
	p.Threshold = p.Calibration.quantile(.99)
	for i := range 32 {
		r := features.RawRowView(rows[i*len(rows)/32])
		p.Prototypes = append(p.Prototypes, append([]float64(nil), r[:len(views)]...))
	}
	return New(p)
}

var (
	fixtureColumns = []string{"cpu", "mem", "net"}
	fixtureStart   = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
)

// fixtureRow is an ordinary sample: CPU and network follow one load, memory is its own.
func fixtureRow(rng *rand.Rand) []float64 {
	load := rng.NormFloat64()
	return []float64{40 + 5*load + rng.NormFloat64(), 60 + rng.NormFloat64(), 1e6 + 1e5*load + 2e4*rng.NormFloat64()}
}

func fixtureRows(n int, seed uint64) *mat.Dense {
	rng := rand.New(rand.NewPCG(seed, 7))
	x := mat.NewDense(n, len(fixtureColumns), nil)
	for r := range n {
		x.SetRow(r, fixtureRow(rng))
	}
	return x
}

func fixtureModel(t testing.TB, context bool) (*Model, *mat.Dense) {
	t.Helper()
	var alphas []float64
	if context {
		alphas = []float64{.05, .5}
	}
	x := fixtureRows(3000, 1)
	m, err := quickModel(fixtureColumns, x, nil, alphas)
	require.NoError(t, err)
	return m, x
}

func minute(i int) time.Time { return fixtureStart.Add(time.Duration(i) * time.Minute) }

// feed gives the rows, a minute apart from sample from on, and returns all events.
func feed(t testing.TB, d *Detector, from int, rows [][]float64) []Event {
	t.Helper()
	var events []Event
	for i, x := range rows {
		r, err := d.Next(minute(from+i), x)
		require.NoError(t, err)
		events = append(events, r.Events...)
	}
	return events
}

// incident replaces rows [from, to) by CPU at value.
func incident(rows [][]float64, from, to int, value float64) [][]float64 {
	for i := from; i < to; i++ {
		rows[i] = append([]float64(nil), rows[i]...)
		rows[i][0] = value
	}
	return rows
}

func ordinary(n int, seed uint64) [][]float64 {
	rng := rand.New(rand.NewPCG(seed, 8))
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = fixtureRow(rng)
	}
	return rows
}

func kinds(events []Event) []EventKind {
	var out []EventKind
	for _, e := range events {
		out = append(out, e.Kind)
	}
	return out
}

var missing = math.NaN()
