package train

import (
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/evaluate"
	"github.com/metric-streams/anomaly/gmm"
	"github.com/metric-streams/anomaly/internal/synthfault"
)

// Comparison compares the model with a plain mixture: a Gaussian mixture that is fitted to
// the same scaled features without any network. Both score training rows and synthetic
// faults made of them. In half of the faults one metric is moved by 2 to 6 standard
// deviations; in the other half its value is taken from another row. The figures are the
// ROC-AUC of faults against rows. They say which of the two is better, not how good either
// is.
type Comparison struct {
	Faults       int     // number of synthetic faults; 0 means that there was no comparison
	Model        float64 // ROC-AUC of the model
	PlainMixture float64 // ROC-AUC of the plain mixture
	// Err says why the plain mixture could not be fitted. It is nil otherwise.
	Err error
	// PlainMixtureThreshold is the Config.Quantile of the plain mixture's training energies.
	PlainMixtureThreshold float64
}

// maxCompared bounds the number of rows in the comparison.
const maxCompared = 2000

func compare(cfg *Config, data *trainingData, model *dagmm.Model) (Comparison, error) {
	width := len(data.levels.Deviations(data.metrics))
	rows := min(data.n, maxCompared)
	if rows < 2*width {
		return Comparison{}, nil // too few rows for a plain mixture
	}
	normal := mat.NewDense(rows, width, nil)
	buf := make([]float64, data.width)
	for i := range rows {
		normal.SetRow(i, data.row(buf, i*data.n/rows)[:width])
	}
	plain, _, err := gmm.Fit(normal, gmm.FitConfig{Components: cfg.Mixture.Components, Ridge: 1e-3, Seed: cfg.Seed, MaxIterations: 20})
	if err != nil {
		return Comparison{Err: fmt.Errorf("train: plain mixture: %w", err)}, nil
	}
	faults := syntheticFaults(data, rows, cfg.Seed)
	c := Comparison{Faults: rows}
	if c.Model, err = c.auc(func(block []float64, n int) ([]float64, error) { return model.FeatureEnergies(nil, block, n) }, data, faults, rows); err != nil {
		return c, err
	}
	c.PlainMixture, err = c.auc(func(block []float64, n int) ([]float64, error) {
		return plain.EnergyBlock(nil, block[:width*n], n, make([]float64, plain.ScratchLen(n))), nil
	}, data, faults, rows)
	if err != nil {
		return c, err
	}
	energies, err := plain.Energies(nil, normal)
	if err != nil {
		return c, err
	}
	c.PlainMixtureThreshold = Quantile(energies, cfg.Quantile)
	return c, nil
}

// syntheticFaults returns a block of features that holds one faulty copy of each compared row.
func syntheticFaults(data *trainingData, rows int, seed uint64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 0x6661756c7473))
	block := make([]float64, data.width*rows)
	f, other := make([]float64, data.width), make([]float64, data.width)
	for i := range rows {
		data.row(f, i*data.n/rows)
		j := rng.IntN(data.metrics)
		shift := synthfault.Shift(rng)
		if i%2 == 0 {
			shift = data.row(other, rng.IntN(data.n))[j] - f[j]
		}
		// The current value moves, and with it its deviations. What came before stays.
		f[j] += shift
		for b := range data.levels.Alphas {
			f[(1+b)*data.metrics+j] += shift * data.levels.Gains[b*data.metrics+j]
		}
		for k, v := range f {
			block[k*rows+i] = v
		}
	}
	return block
}

// auc is the ROC-AUC of the energies of the faults against those of the compared rows.
func (c Comparison) auc(energies func(block []float64, n int) ([]float64, error), data *trainingData, faults []float64, rows int) (float64, error) {
	normal := make([]float64, data.width*rows)
	for i := range rows {
		for k := range data.width {
			normal[k*rows+i] = data.features[k*data.n+i*data.n/rows]
		}
	}
	low, err := energies(normal, rows)
	if err != nil {
		return 0, err
	}
	high, err := energies(faults, rows)
	if err != nil {
		return 0, err
	}
	return evaluate.ROCAUC(low, high), nil
}
