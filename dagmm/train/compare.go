package train

import (
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/gmm"
)

// Comparison holds the model against a plain Gaussian mixture on the same scaled
// features, on synthetic faults made of training rows: in half of them one metric is
// moved by 2 to 6 standard deviations, in half it is taken from another row. ROC-AUC of
// faults against the rows themselves. It says which is better, not how good either is.
type Comparison struct {
	Faults          int // 0: not compared
	Model, Baseline float64
	// Err tells why there was nothing to compare with: the plain mixture could not be
	// fitted. nil otherwise.
	Err error
	// BaselineThreshold is the same quantile of the baseline's training energies.
	BaselineThreshold float64
}

// maxCompared bounds the rows that the comparison takes.
const maxCompared = 2000

func compare(cfg *Config, data *trainingData, model *dagmm.Model) (Comparison, error) {
	width := len(data.context.Deviations(data.metrics))
	rows := min(data.n, maxCompared)
	if rows < 2*width {
		return Comparison{}, nil // no plain mixture either
	}
	normal := mat.NewDense(rows, width, nil)
	buf := make([]float64, data.width)
	for i := range rows {
		normal.SetRow(i, data.row(buf, i*data.n/rows)[:width])
	}
	base, _, err := gmm.Fit(normal, gmm.FitConfig{Components: cfg.Components, Ridge: 1e-3, Seed: cfg.Seed, MaxIterations: 20})
	if err != nil {
		return Comparison{Err: fmt.Errorf("train: baseline: %w", err)}, nil
	}
	faults := syntheticFaults(data, rows, cfg.Seed)
	c := Comparison{Faults: rows}
	if c.Model, err = c.auc(func(block []float64, n int) ([]float64, error) { return model.FeatureEnergies(nil, block, n) }, data, faults, rows); err != nil {
		return c, err
	}
	c.Baseline, err = c.auc(func(block []float64, n int) ([]float64, error) {
		return base.EnergyBlock(nil, block[:width*n], n, make([]float64, base.ScratchLen(n))), nil
	}, data, faults, rows)
	if err != nil {
		return c, err
	}
	energies, err := base.Energies(nil, normal)
	if err != nil {
		return c, err
	}
	c.BaselineThreshold = Quantile(energies, cfg.Quantile)
	return c, nil
}

// syntheticFaults returns a block of features, one faulty copy of each compared row.
func syntheticFaults(data *trainingData, rows int, seed uint64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 0x6661756c7473))
	block := make([]float64, data.width*rows)
	f, other := make([]float64, data.width), make([]float64, data.width)
	for i := range rows {
		data.row(f, i*data.n/rows)
		j := rng.IntN(data.metrics)
		shift := (2 + 4*rng.Float64()) * float64(1-2*rng.IntN(2))
		if i%2 == 0 {
			shift = data.row(other, rng.IntN(data.n))[j] - f[j]
		}
		// The current value and its deviations move; what came before stays.
		f[j] += shift
		for b := range data.context.Alphas {
			f[(1+b)*data.metrics+j] += shift * data.context.Gains[b*data.metrics+j]
		}
		for k, v := range f {
			block[k*rows+i] = v
		}
	}
	return block
}

// auc is the ROC-AUC of the faults' energies against the compared rows' own.
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
	scores, classes := append(low, high...), make([]bool, 2*rows)
	for i := range rows {
		classes[rows+i] = true
	}
	stat.SortWeightedLabeled(scores, classes, nil)
	tpr, fpr, _ := stat.ROC(nil, scores, classes, nil)
	var area float64
	for i := 1; i < len(tpr); i++ {
		area += (fpr[i] - fpr[i-1]) * (tpr[i] + tpr[i-1]) / 2
	}
	return area, nil
}
