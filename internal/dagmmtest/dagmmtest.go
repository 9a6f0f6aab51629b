// Package dagmmtest makes models and samples for tests, in milliseconds.
package dagmmtest

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dataset"
	"github.com/metric-streams/anomaly/gmm"
)

// QuickModel makes a sound model of the rows of x in milliseconds: a random network, the
// signed residual, and a mixture fitted to its latents. Rows marked in exclude are left out.
func QuickModel(columns []string, x *mat.Dense, exclude []bool, alphas []float64) (*dagmm.Model, error) {
	return QuickModelOf(columns, x, exclude, dagmm.RecentLevels{Alphas: alphas}, 1)
}

// QuickModelOf is QuickModel with any context and number of components.
func QuickModelOf(columns []string, x *mat.Dense, exclude []bool, c dagmm.RecentLevels, components int) (*dagmm.Model, error) {
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
	features, err := dagmm.Features(scaler, c, x)
	if err != nil {
		return nil, err
	}
	_, width := features.Dims()
	block := make([]float64, width*len(rows))
	for i, r := range rows {
		for f, v := range features.RawRowView(r) {
			block[f*len(rows)+i] = v
		}
	}
	views := c.Deviations(w)
	network, err := autoencoder.New(len(views), []int{4}, 1, len(views), rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		return nil, err
	}
	member := dagmm.Member{Network: network, Features: autoencoder.Residual, Inputs: views, Targets: views}
	z := mat.NewDense(len(rows), member.LatentDim(), nil)
	for f, v := range member.Latents(block, len(rows)) {
		z.Set(f%len(rows), f/len(rows), v)
	}
	mix, _, err := gmm.Fit(z, gmm.FitConfig{Components: components, Ridge: 1e-3, Seed: 1})
	if err != nil {
		return nil, err
	}
	member.Mixtures = []*gmm.Mixture{mix}
	p := dagmm.Parameters{Columns: columns, Scaler: *scaler, RecentLevels: c, Members: []dagmm.Member{member}, Quantile: .99,
		Calibration: dagmm.NewCalibration([]float64{0}), Training: dagmm.Training{Rows: len(rows), Interval: 60}}
	draft, err := dagmm.New(p)
	if err != nil {
		return nil, err
	}
	energies, err := draft.FeatureEnergies(nil, block, len(rows))
	if err != nil {
		return nil, err
	}
	p.Calibration = dagmm.NewCalibration(energies)
	p.Threshold = p.Calibration.Quantile(.99)
	for i := range 32 {
		r := features.RawRowView(rows[i*len(rows)/32])
		p.Prototypes = append(p.Prototypes, append([]float64(nil), r[:len(views)]...))
	}
	return dagmm.New(p)
}

var (
	// Columns are the metrics of the samples: cpu and net follow one load, mem is its own.
	Columns = []string{"cpu", "mem", "net"}
	// Start is the time of sample 0.
	Start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
)

// Row returns an ordinary sample: CPU and network follow one load, memory is its own.
func Row(rng *rand.Rand) []float64 {
	load := rng.NormFloat64()
	return []float64{40 + 5*load + rng.NormFloat64(), 60 + rng.NormFloat64(), 1e6 + 1e5*load + 2e4*rng.NormFloat64()}
}

// Rows returns n ordinary samples as a matrix.
func Rows(n int, seed uint64) *mat.Dense {
	rng := rand.New(rand.NewPCG(seed, 7))
	x := mat.NewDense(n, len(Columns), nil)
	for r := range n {
		x.SetRow(r, Row(rng))
	}
	return x
}

// Model returns a model of 3000 ordinary samples, with or without context, and the samples.
func Model(t testing.TB, context bool) (*dagmm.Model, *mat.Dense) {
	t.Helper()
	var alphas []float64
	if context {
		alphas = []float64{.05, .5}
	}
	x := Rows(3000, 1)
	m, err := QuickModel(Columns, x, nil, alphas)
	require.NoError(t, err)
	return m, x
}

// Minute returns the time of sample i of a stream with one sample a minute.
func Minute(i int) time.Time { return Start.Add(time.Duration(i) * time.Minute) }

// Incident replaces rows [from, to) by CPU at value.
func Incident(rows [][]float64, from, to int, value float64) [][]float64 {
	for i := from; i < to; i++ {
		rows[i] = append([]float64(nil), rows[i]...)
		rows[i][0] = value
	}
	return rows
}

// Ordinary returns n ordinary samples.
func Ordinary(n int, seed uint64) [][]float64 {
	rng := rand.New(rand.NewPCG(seed, 8))
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = Row(rng)
	}
	return rows
}
