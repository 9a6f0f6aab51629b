package train

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/metric-streams/anomaly/dagmm"
)

const (
	// folds is the number of parts that are held out in turn. A fold is a run of consecutive
	// rows: neighbours in time are alike, so a fold of random rows would hold nothing out.
	folds = 5
	// refitShare of a cold start's steps, but at least refitSteps, retrain a member without a fold.
	// With 50 steps a p-value of 1/1000 comes 1.6 to 1.9 times too often on independent rows. With
	// 85 it comes as often as it should, but what is odd among the training rows then has such
	// energies that the start of a budget lies above all faults (10 minutes to train on: at 996,
	// where the highest training energy is 33).
	refitShare = .025
	refitSteps = 50
	// The learning rate of a refit falls from refitRate times to finalRefitRate times
	// Config.restartRate.
	refitRate      = 20
	finalRefitRate = 3
)

// outOfFold returns the energy of every training row as if the model had not learned it.
// energies are those of the model itself.
//
// The networks are refitted without the row's fold too, because they also know their rows:
// with only the mixtures refitted, fresh rows had a p-value of 1/1000 2.6 times too often
// (1000 rows of 4 metrics). A refit takes far fewer steps than the training did, so it ends
// up at other energies. One more refit, which leaves nothing out, does so in the same way.
// What a row's energy rises by when the row is left out is the difference of the two.
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
	for i, own := range energies {
		out[i] += own - refitted[i]
	}
	return out, nil
}

// refitEnergies returns the energies of n rows of features under the members refitted to data.
func refitEnergies(ctx context.Context, data *trainingData, features []float64, n int, trainers []*trainer, p dagmm.Parameters) ([]float64, error) {
	members := make([]dagmm.Member, len(trainers))
	for i, t := range trainers {
		r, err := t.refit(ctx, data)
		if err != nil {
			return nil, err
		}
		if members[i], err = r.finish(); err != nil {
			return nil, err
		}
		members[i].Weight, members[i].Evidence = p.Members[i].Weight, p.Members[i].Evidence
	}
	p.Members = members
	model, err := dagmm.New(p)
	if err != nil {
		return nil, err
	}
	return model.FeatureEnergies(nil, features, n)
}

// refit returns a trainer of the member that has trained on other rows. It starts half-way
// between random weights and the member's final ones, at a high learning rate that falls.
// That erases most of what the networks know about the rows left out, and few steps then
// lead back to a network that is about as good (Ash and Adams, On warm-starting neural
// network training, 2020). A member that had hardly more steps than a refit takes is trained
// again from the start.
func (t *trainer) refit(ctx context.Context, rest *trainingData) (*trainer, error) {
	r, err := newTrainer(t.cfg, rest, t.index, t.rigs, func(Progress) {})
	if err != nil {
		return nil, err
	}
	batches, epochs := t.cfg.schedule(t.data.n)
	r.batch = t.data.n / batches // the same for all folds and the training itself
	if t.steps <= refitSteps {
		return r, r.run(ctx)
	}
	mean(r.nets.parameters, t.nets.parameters)
	steps := max(refitSteps, int(refitShare*float64(batches*epochs)))
	batches, _ = r.batches()
	rate := t.cfg.restartRate()
	return r, r.descend(ctx, (steps+batches-1)/batches, refitRate*rate, finalRefitRate*rate)
}

// mean replaces dst by the mean of dst and other.
func mean(dst, other [][]float64) {
	for i, p := range dst {
		for k := range p {
			p[k] = (p[k] + other[i][k]) / 2
		}
	}
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
