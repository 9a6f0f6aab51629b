package train

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/metric-streams/anomaly/dagmm"
)

const (
	// folds is the number of parts that are held out in turn. A fold is a run of consecutive
	// rows: neighbours in time are alike, so a fold of random rows would hold nothing out.
	folds = 5
	// refitShare of a member's steps, but at least refitSteps, retrain it without a fold.
	refitShare = .1
	refitSteps = 200
	// refitRate is the factor on the learning rate at the start of a refit.
	refitRate = 20
	// maxGain bounds how far held-out energies are stretched or shrunk.
	maxGain = 10
)

// outOfFold returns the energy of every training row under members that were refitted
// without the row's fold. energies are those of the model itself.
//
// The networks are refitted too, because they also know their rows: with only the mixtures
// refitted, fresh rows had a p-value of 1/1000 2.6 times too often (1000 rows of 4
// metrics). A refit takes far fewer steps than the training did. One more refit, which
// leaves nothing out, shows how far its energies end up from the model's own; match
// corrects for that.
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

// match maps the held-out energies linearly, by the line that takes the median and the 90th
// percentile of the refitted model's energies to those of the model's own.
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

// refit returns the member trained on other rows. It starts half-way between the member's
// initial weights and its final ones, at a high learning rate that falls. That erases most
// of what the networks know about the rows left out, and a tenth of the steps then lead
// back to a network that is about as good (Ash and Adams, On warm-starting neural network
// training, 2020). A member that had hardly more steps than a refit takes is trained again
// from the start.
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

// mean replaces dst by the mean of dst and other.
func mean(dst, other [][]float64) {
	for i, p := range dst {
		for k := range p {
			p[k] = (p[k] + other[i][k]) / 2
		}
	}
}

// relearn takes the given number of steps while the learning rate falls from refitRate
// times its setting to the setting itself.
func (t *trainer) relearn(ctx context.Context, steps int) error {
	t.adam.learningRate *= refitRate
	fall := math.Pow(refitRate, -1/float64(steps))
	batches, _ := t.cfg.schedule(t.data.n)
	size := t.data.n / batches // the same for all batches, so that one graph serves them
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
		t.adam.learningRate *= fall
	}
	return nil
}

// prototypes draws typical rows for explanations: the features of the current values and,
// with recent levels, of their deviations. The twentieth of the rows with the highest
// energies is not typical and is never drawn.
func prototypes(data *trainingData, energies []float64, seed uint64) [][]float64 {
	width := len(data.levels.Deviations(data.metrics))
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
