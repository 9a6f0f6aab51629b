package train

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/gmm"
)

// folds of consecutive rows: neighbours in time are alike, so that folds of random rows
// would hold out nothing.
const folds = 5

// outOfFold returns the energy of every training row under mixtures that were refitted
// without the row's fold. The networks are the same in all folds: they have far fewer
// degrees of freedom than rows, the mixtures' tails are what overfits.
func outOfFold(ctx context.Context, cfg *Config, data *trainingData, p dagmm.Parameters) ([]float64, error) {
	refitted, err := withoutFolds(ctx, cfg, data, p.Members)
	if err != nil {
		return nil, err
	}
	out := make([]float64, 0, data.n)
	for f := range folds {
		from, to := fold(f, data.n)
		if from == to {
			continue
		}
		p.Members = refitted[f]
		model, err := dagmm.New(p)
		if err != nil {
			return nil, fmt.Errorf("train: calibration: %w", err)
		}
		energies, err := model.FeatureEnergies(nil, slice(data.features, data.width, data.n, from, to), to-from)
		if err != nil {
			return nil, fmt.Errorf("train: calibration: %w", err)
		}
		out = append(out, energies...)
	}
	return out, nil
}

func fold(f, n int) (from, to int) { return f * n / folds, (f + 1) * n / folds }

// withoutFolds returns the members fold by fold. Member by member, so that only one z of
// all rows is in memory.
func withoutFolds(ctx context.Context, cfg *Config, data *trainingData, members []dagmm.Member) ([][]dagmm.Member, error) {
	out := make([][]dagmm.Member, folds)
	for i, m := range members {
		z := gmm.Points{Dim: m.LatentDim(), N: data.n, Z: m.Latents(data.features, data.n)}
		for f := range folds {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			from, to := fold(f, data.n)
			refitted, err := withoutFold(cfg.member(i), m, z, from, to)
			if err != nil {
				return nil, fmt.Errorf("train: calibration: %w", err)
			}
			out[f] = append(out[f], refitted)
		}
	}
	return out, nil
}

// withoutFold refits the member's mixtures to the rows of z outside [from, to).
func withoutFold(cfg *Config, m dagmm.Member, z gmm.Points, from, to int) (dagmm.Member, error) {
	d, n := z.Dim, z.N
	rest := gmm.Points{Dim: d, N: n - (to - from), Z: make([]float64, 0, d*(n-(to-from)))}
	for i := range d {
		rest.Z = append(rest.Z, z.Z[i*n:i*n+from]...)
		rest.Z = append(rest.Z, z.Z[i*n+to:(i+1)*n]...)
	}
	mixtures := make([]*gmm.Mixture, len(m.Mixtures))
	for i, mix := range m.Mixtures {
		refitted, _, err := mix.Refine(rest, cfg.refinement(cfg.mixtureKinds()[i], 2))
		if err != nil {
			return m, err
		}
		mixtures[i] = refitted
	}
	m.Mixtures = mixtures
	return m, nil
}

// slice returns the samples [from, to) of a block of width features by n samples.
func slice(block []float64, width, n, from, to int) []float64 {
	out := make([]float64, 0, width*(to-from))
	for f := range width {
		out = append(out, block[f*n+from:f*n+to]...)
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
