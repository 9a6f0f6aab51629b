package simple

import (
	"context"
	"fmt"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/train"
)

// DAGMM adapts the library's model. It gets the metrics as they are: context,
// scaling and threshold are the model's own.
type DAGMM struct {
	train.Config
	MaxRows int // rows trained on, thinned; the others still enter the context. 0 means all
}

// Fit implements Detector.
func (d *DAGMM) Fit(ctx context.Context, x *mat.Dense, seed uint64) (Scorer, error) {
	cfg := d.Config
	cfg.Seed = seed
	if cfg.Workers == 0 {
		cfg.Workers = 1 // the benchmark runs several fits at a time
	}
	n, _ := x.Dims()
	if rows := thinned(n, d.MaxRows, seed); len(rows) < n {
		cfg.Exclude = make([]bool, n)
		for i := range n {
			cfg.Exclude[i] = true
		}
		for _, r := range rows {
			cfg.Exclude[r] = false
		}
	}
	model, _, err := train.Fit(ctx, x, cfg)
	if err != nil {
		return nil, fmt.Errorf("simple: %w", err)
	}
	return fitted{model}, nil
}

// fitted scores rows as one series, which a model without context treats as
// separate rows.
type fitted struct{ *dagmm.Model }

// Score implements Scorer.
func (m fitted) Score(dst []float64, x *mat.Dense) ([]float64, error) {
	n, _ := x.Dims()
	return m.Series(reuse(dst, n), x)
}

// TrainingScores implements Calibrated. An energy of a thinned calibration comes as often as it
// stands for others.
func (m fitted) TrainingScores() []float64 {
	c := m.Calibration()
	scores := make([]float64, 0, c.N)
	for i, e := range c.Energies {
		for range int(c.Weight(i)) {
			scores = append(scores, e)
		}
	}
	return scores
}

// Explains implements Explainer.
func (m fitted) Explains() bool { return true }

// Blame takes the contributions of the model's explanation of the event.
func (m fitted) Blame(x *mat.Dense, span [2]int, _ int) ([]int, error) {
	e, err := m.ExplainRows(x, span[0], span[1])
	if err != nil {
		return nil, err
	}
	var columns []int
	for _, c := range e.Contributions {
		columns = append(columns, slices.Index(m.Columns(), c.Metric))
	}
	return columns, nil
}

// presets are the library's, by name. The sets of the paper have a net each;
// elsewhere "paper" is the one for few columns, with fewer epochs because there
// are more rows in each.
func presets(set string) map[string]train.Config {
	paper := train.Paper(set)
	if set == "" {
		paper = train.Paper("thyroid")
		paper.Optimizer.Epochs = 2000
	}
	return map[string]train.Config{
		"metrics":     train.Metrics(),
		"series":      train.Series(),
		"table":       train.Table(),
		"autoencoder": train.Autoencoder(),
		"pca-mixture": train.PCA(),
		"paper":       paper,
	}
}
