package onnx

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/season"
	"github.com/metric-streams/anomaly/dagmm/train"
	"github.com/metric-streams/anomaly/dataset"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// kind is a kind of model, with rows like those that it has learned.
type kind struct {
	*dagmm.Model
	x *mat.Dense
	// single is by how much of max(1, |energy|) energies may differ in single precision; 0 means 1e-4.
	single float64
}

var columns = append(dataset.HostMetrics(), "limit", "traffic")

// host is a synthetic host with a metric that never changes and one that needs a logarithm.
func host(n int, seed uint64) *mat.Dense {
	table, _, err := dataset.Generate(dataset.GenerateConfig{Rows: n, Seed: seed})
	if err != nil {
		panic(err)
	}
	rng := rand.New(rand.NewPCG(seed, 3))
	x := mat.NewDense(n, len(columns), nil)
	for i := range n {
		x.SetRow(i, append(append([]float64(nil), table.X.RawRowView(i)...), 50, math.Exp(8+3*rng.NormFloat64())))
	}
	return x
}

// presets are all presets, and what else a Config can ask for, quick to train.
func presets() map[string]train.Config {
	predict := train.Series()
	predict.Network.Alternate, predict.Network.Predict, predict.Mixture.Covariances = false, true, train.BothCovariances
	recent := train.PCA()
	recent.RecentLevels = []float64{.1}
	out := map[string]train.Config{"metrics": train.Metrics(), "series": train.Series(), "table": train.Table(), "pca": train.PCA(),
		"autoencoder": train.Autoencoder(), "predict": predict, "pca with recent levels": recent}
	for _, set := range []string{"kddcup", "thyroid", "arrhythmia", "kddcup-rev"} {
		out["paper "+set] = train.Paper(set)
	}
	for name, cfg := range out {
		cfg.Columns, cfg.Seed = columns, 1
		cfg.Optimizer.Epochs, cfg.Optimizer.MinSteps = 8, 30
		out[name] = cfg
	}
	return out
}

var kinds = sync.OnceValues(func() (map[string]kind, error) {
	out := map[string]kind{}
	x := host(600, 1)
	for name, cfg := range presets() {
		m, _, err := train.Fit(context.Background(), x, cfg)
		if err != nil {
			return nil, err
		}
		out[name] = kind{Model: m, x: x}
	}
	// A network that has learned to reconstruct a metric closely is sensitive to rounding.
	trained := train.Metrics()
	trained.Seed, trained.Members, trained.Optimizer.Epochs = 3, 1, 600
	m, _, err := train.Fit(context.Background(), x, trained)
	if err != nil {
		return nil, err
	}
	out["metrics, well trained"] = kind{m, x, 2e-3}
	// Untrained models of more rows: the tail is exponential, or Pareto, and the calibration is
	// thinned.
	for name, n := range map[string]int{"exponential tail": 3000, "pareto tail": 6000} {
		x := dagmmtest.Rows(n, 1)
		m, err := dagmmtest.QuickModelOf(dagmmtest.Columns, x, nil, dagmm.RecentLevels{}, 3)
		if err != nil {
			return nil, err
		}
		out[name] = kind{Model: m, x: x}
	}
	y := dagmmtest.Rows(2500, 2)
	m, err = dagmmtest.QuickModelOf(dagmmtest.Columns, y, nil, dagmm.RecentLevels{Alphas: []float64{.05, .3, .9}, Step: 4}, 1)
	if err != nil {
		return nil, err
	}
	out["three levels"] = kind{Model: m, x: y}
	profile, err := weekly(dagmmtest.Columns)
	if err != nil {
		return nil, err
	}
	if m, err = m.WithSeason(profile); err != nil {
		return nil, err
	}
	out["season"] = kind{Model: m, x: y}
	return out, nil
})

// weekly is a profile in which Sundays and nights differ.
func weekly(columns []string) (*season.Profile, error) {
	zone, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		return nil, err
	}
	times := make([]time.Time, 24*7*4)
	x := mat.NewDense(len(times), len(columns), nil)
	for i := range times {
		times[i] = dagmmtest.Start.Add(time.Duration(i) * time.Hour)
		hour := times[i].In(zone).Hour()
		for j := range columns {
			v := float64(10 * hour * (j + 1))
			if times[i].In(zone).Weekday() == time.Sunday {
				v = -v
			}
			x.Set(i, j, v)
		}
	}
	return season.New(columns, times, x, zone)
}

func allKinds(t testing.TB) map[string]kind {
	t.Helper()
	all, err := kinds()
	require.NoError(t, err)
	return all
}
