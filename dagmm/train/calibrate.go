package train

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/metric-streams/anomaly/dagmm"
)

const (
	// folds of consecutive rows: neighbours in time are alike, so that folds of random rows
	// would hold out nothing.
	folds = 5
	// refitShare of a member's steps retrain it without a fold, but at least refitSteps.
	refitShare = .1
	refitSteps = 200
	// refitRate is how many times the learning rate refitting starts at.
	refitRate = 20
	// maxGain bounds how far held-out energies are stretched or shrunk.
	maxGain = 10
)

// outOfFold returns the energy of every training row under the members refitted without
// the row's fold, networks included: those know their rows too, and with only the mixtures
// refitted fresh rows had a p-value of 1/1000 2.6 times too often (1000 rows of 4 metrics).
// energies are those of the model itself. A refit that leaves nothing out tells how far the
// few steps of refitting end from all of them.
func outOfFold(ctx context.Context, cfg *Config, data *trainingData, trainers []*trainer, energies []float64, p dagmm.Parameters) ([]float64, error) {
	out := make([]float64, data.n)
	var refitted []float64
	err := each(cfg.Workers, folds+1, func(f int) error {
		if f == folds {
			var err error
			refitted, err = refitEnergies(ctx, data, data.features, data.n, trainers, p)
			return err
		}
		from, to := f*data.n/folds, (f+1)*data.n/folds
		if from == to {
			return nil
		}
		held, err := refitEnergies(ctx, data.without(from, to), data.between(from, to), to-from, trainers, p)
		copy(out[from:to], held)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("train: calibration: %w", err)
	}
	match(out, refitted, energies)
	return out, nil
}

// refitEnergies returns the energies of n rows of features under the members refitted to data.
func refitEnergies(ctx context.Context, data *trainingData, features []float64, n int, trainers []*trainer, p dagmm.Parameters) ([]float64, error) {
	members := make([]dagmm.Member, len(trainers))
	for i, t := range trainers {
		var err error
		if members[i], err = t.refit(ctx, data); err != nil {
			return nil, err
		}
		members[i].Weight = p.Members[i].Weight
	}
	p.Members = members
	model, err := dagmm.New(p)
	if err != nil {
		return nil, err
	}
	return model.FeatureEnergies(nil, features, n)
}

// match maps held-out energies by the line that brings the median and the 90th percentile
// of the refitted model's to those of the model's own.
func match(held, refitted, own []float64) {
	from, to := Quantile(refitted, .5), Quantile(own, .5)
	gain := 1.
	if a, b := Quantile(refitted, .9)-from, Quantile(own, .9)-to; a > 0 && b > 0 {
		gain = min(max(b/a, 1/maxGain), maxGain)
	}
	for i, e := range held {
		held[i] = to + gain*(e-from)
	}
}

// refit returns the member trained on other rows. It starts half-way between its first
// weights and its last, at a high learning rate that falls: most of what is known about
// the rows left out is then lost, and a tenth of the steps lead back to about as good a
// network (Ash and Adams, On warm-starting neural network training, 2020). Where there are
// hardly more steps than that takes, it is trained as it was.
func (t *trainer) refit(ctx context.Context, rest *trainingData) (dagmm.Member, error) {
	r, err := newTrainer(t.cfg, rest, t.index, func(Progress) {})
	if err != nil {
		return dagmm.Member{}, err
	}
	if t.steps <= refitSteps {
		err = r.run(ctx)
	} else {
		mean(r.nets.parameters(), t.nets.parameters())
		err = r.relearn(ctx, max(refitSteps, int(refitShare*float64(t.steps))))
	}
	if cerr := r.close(); err == nil {
		err = cerr
	}
	if err != nil {
		return dagmm.Member{}, err
	}
	return r.finish()
}

// mean puts the mean of both into dst.
func mean(dst, other [][]float64) {
	for i, p := range dst {
		for k := range p {
			p[k] = (p[k] + other[i][k]) / 2
		}
	}
}

// relearn takes steps while the learning rate falls from refitRate times its setting to it.
func (t *trainer) relearn(ctx context.Context, steps int) error {
	t.adam.LearningRate *= refitRate
	fall := math.Pow(refitRate, -1/float64(steps))
	batches, _ := t.cfg.schedule(t.data.n)
	size := t.data.n / batches // the same for all: one graph
	order := t.order()
	for s := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := s % batches
		if b == 0 {
			t.shuffle(order)
			if t.failures == 0 {
				t.keep()
			}
		}
		if _, err := t.step(order[b*size : (b+1)*size]); err != nil {
			return err
		}
		if t.failures > maxRollbacks {
			return nil
		}
		t.adam.LearningRate *= fall
	}
	return nil
}

// without is the training data without the rows [from, to).
func (t *trainingData) without(from, to int) *trainingData {
	rest := *t
	rest.n -= to - from
	rest.rows, rest.features = nil, make([]float64, 0, rest.n*t.width)
	for f := range t.width {
		rest.features = append(rest.features, t.features[f*t.n:f*t.n+from]...)
		rest.features = append(rest.features, t.features[f*t.n+to:(f+1)*t.n]...)
	}
	return &rest
}

// between is the features of the rows [from, to).
func (t *trainingData) between(from, to int) []float64 {
	out := make([]float64, 0, t.width*(to-from))
	for f := range t.width {
		out = append(out, t.features[f*t.n+from:f*t.n+to]...)
	}
	return out
}

// prototypes draws typical rows for explanations: features of the current values and,
// with context, their deviations. Rows among the highest twentieth of the energies are
// not typical.
func prototypes(data *trainingData, energies []float64, seed uint64) [][]float64 {
	width := len(data.context.Deviations(data.metrics))
	count := min(max(8192/width, 32), 128)
	limit := Quantile(energies, .95)
	rng := rand.New(rand.NewPCG(seed, 0x70726f746f))
	var out [][]float64
	buf := make([]float64, data.width)
	for _, r := range rng.Perm(data.n) {
		if energies[r] <= limit {
			out = append(out, append([]float64(nil), data.row(buf, r)[:width]...))
		}
		if len(out) == count {
			break
		}
	}
	return out
}
