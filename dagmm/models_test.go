package dagmm_test

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/train"
	"github.com/metric-streams/anomaly/dataset"
	"github.com/metric-streams/anomaly/gmm"
)

// host returns ordinary rows of a synthetic host, whose metrics are dataset.HostMetrics:
// independent of each other, or consecutive samples.
func host(rows int, seed uint64, series bool) *mat.Dense {
	t, _, err := dataset.Generate(dataset.GenerateConfig{Rows: rows, Seed: seed, Independent: !series})
	if err != nil {
		panic(err)
	}
	return t.X
}

func fit(t testing.TB, x mat.Matrix, cfg train.Config) *dagmm.Model {
	t.Helper()
	m, _, err := train.Fit(context.Background(), x, cfg)
	require.NoError(t, err)
	return m
}

// small makes a preset quick to train.
func small(cfg train.Config) train.Config {
	cfg.Seed, cfg.Members, cfg.Optimizer.MinSteps = 3, 2, 300
	return cfg
}

// Models that several tests read. They are trained once, when first asked for.
var (
	metricsModel = trainOnce(1000, false, train.Metrics)
	seriesModel  = trainOnce(1000, true, train.Series)
	predictModel = trainOnce(500, true, func() train.Config {
		cfg := train.Series()
		cfg.Network.Predict, cfg.Mixture.Covariances = true, train.BothCovariances
		return cfg
	})
	paperModel = trainOnce(500, false, func() train.Config {
		cfg := train.Paper("thyroid")
		cfg.Optimizer.Epochs = 300
		return cfg
	})
	plainModel = trainOnce(500, false, train.Autoencoder)
)

func trainOnce(rows int, series bool, preset func() train.Config) func(testing.TB) *dagmm.Model {
	once := sync.OnceValues(func() (*dagmm.Model, error) {
		cfg := small(preset())
		cfg.Columns = dataset.HostMetrics()
		m, _, err := train.Fit(context.Background(), host(rows, 1, series), cfg)
		return m, err
	})
	return func(t testing.TB) *dagmm.Model {
		t.Helper()
		m, err := once()
		require.NoError(t, err)
		return m
	}
}

// everyModel are all kinds of models.
func everyModel(t testing.TB) map[string]*dagmm.Model {
	return map[string]*dagmm.Model{"metrics": metricsModel(t), "series": seriesModel(t), "predict": predictModel(t), "paper": paperModel(t), "autoencoder": plainModel(t)}
}

// withConstants are three rows that never change beside the host's four.
func withConstants(x *mat.Dense) *mat.Dense {
	n, d := x.Dims()
	out := mat.NewDense(n, d+3, nil)
	for i := range n {
		out.SetRow(i, append(append([]float64(nil), x.RawRowView(i)...), 0, 50, 1e6))
	}
	return out
}

// gaps replaces values by NaN with the given probability.
func gaps(x *mat.Dense, share float64, seed uint64) *mat.Dense {
	rng := rand.New(rand.NewPCG(seed, 5))
	out := mat.DenseCopyOf(x)
	out.Apply(func(_, _ int, v float64) float64 {
		if rng.Float64() < share {
			return math.NaN()
		}
		return v
	}, out)
	return out
}

// equalBits compares energies, NaN being equal to NaN.
func equalBits(t testing.TB, want, got []float64, name string) {
	t.Helper()
	require.Len(t, got, len(want), name)
	for i := range want {
		require.Equal(t, math.Float64bits(want[i]), math.Float64bits(got[i]), "%s, row %d: %v and %v", name, i, want[i], got[i])
	}
}

// withCalibration is a model of one column with the given calibration.
func withCalibration(t testing.TB, c dagmm.Calibration) *dagmm.Model {
	t.Helper()
	network := &autoencoder.Network{
		Encoder: []autoencoder.Layer{{In: 1, Out: 1, Linear: true, Theta: []float64{1, 0}}},
		Decoder: []autoencoder.Layer{{In: 1, Out: 1, Linear: true, Theta: []float64{0, 0}}},
	}
	mix, err := gmm.NewMixture([]float64{1}, mat.NewDense(1, 2, nil), []*mat.SymDense{mat.NewSymDense(2, []float64{1, 0, 0, 1})})
	require.NoError(t, err)
	m, err := dagmm.New(dagmm.Parameters{
		Columns:     []string{"load"},
		Scaler:      dataset.Scaler{Columns: []dataset.ColumnScale{{Transform: dataset.Linear, Unit: 1, Scale: 1, Min: -3, Max: 3, Low: -2, High: 2}}},
		Members:     []dagmm.Member{{Network: network, Features: autoencoder.Residual, Inputs: []int{0}, Targets: []int{0}, Mixtures: []*gmm.Mixture{mix}}},
		Quantile:    .99,
		Calibration: c,
	})
	require.NoError(t, err)
	return m
}
