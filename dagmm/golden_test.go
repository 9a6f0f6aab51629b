package dagmm_test

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/train"
	"github.com/metric-streams/anomaly/dataset"
)

var update = flag.Bool("update", false, "write testdata/v1 anew: only before version 1 is released")

// golden is what a stored model said when it was stored.
type golden struct {
	Rows      [][]float64 `json:"rows"`
	Energies  []float64   `json:"energies"`
	PValues   []float64   `json:"p_values"`
	Threshold float64     `json:"threshold"`
	Top       []string    `json:"top"` // the metric that explains each row best
}

// goldenConfigs are small models of every kind that version 1 can hold.
func goldenConfigs() map[string]train.Config {
	series := train.Series()
	predict := train.Series()
	predict.Network.Alternate, predict.Network.Predict, predict.Mixture.Covariances = false, true, train.BothCovariances
	paper := train.Paper("thyroid")
	paper.Optimizer.Epochs = 40
	all := map[string]train.Config{"metrics": train.Metrics(), "series": series, "predict": predict, "paper": paper, "autoencoder": train.Autoencoder()}
	for name, cfg := range all {
		cfg.Columns = append(dataset.HostMetrics(), "limit")
		cfg.Seed, cfg.Members, cfg.Network.Hidden = 1, 2, []int{6, 3}
		if name != "paper" {
			cfg.Optimizer.MinSteps = 100
		}
		all[name] = cfg
	}
	return all
}

// goldenRows are ordinary rows, some of them made anomalous.
func goldenRows(rows int, seed uint64) *mat.Dense {
	x := mat.NewDense(rows, 5, nil)
	for r := range rows {
		x.Set(r, 4, 50)
	}
	x.Slice(0, rows, 0, 4).(*mat.Dense).Copy(host(rows, seed, true))
	return x
}

// Every model ever written loads for ever and says the same, but for the last bits,
// which differ between the kernels of processors.
func TestModelsOfVersion1(t *testing.T) {
	if *update {
		writeGolden(t, filepath.Join("testdata", "v1"))
	}
	models, err := filepath.Glob(filepath.Join("testdata", "v1", "*.model.json"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(models), 5)
	for _, path := range models {
		m, err := dagmm.LoadFile(path)
		require.NoError(t, err)
		text, err := os.ReadFile(strings.TrimSuffix(path, ".model.json") + ".scores.json")
		require.NoError(t, err)
		var want golden
		require.NoError(t, json.Unmarshal(text, &want))
		require.Equal(t, want.Threshold, m.Threshold(), path)

		x := mat.NewDense(len(want.Rows), len(m.Columns()), nil)
		for r, row := range want.Rows {
			x.SetRow(r, row)
		}
		got, err := m.Series(nil, x)
		require.NoError(t, err)
		for r, e := range want.Energies {
			require.InDelta(t, e, got[r], 1e-9*math.Max(1, math.Abs(e)), "%s, row %d", path, r)
			require.InDelta(t, want.PValues[r], m.PValue(got[r]), 1e-2, "%s, row %d", path, r)
			if e <= want.Threshold {
				continue // there is little to explain, and ties fall either way
			}
			explanation, err := m.ExplainSeries(x, r)
			require.NoError(t, err)
			require.Equal(t, want.Top[r], explanation.Contributions[0].Metric, "%s, row %d", path, r)
		}
	}
}

func writeGolden(t testing.TB, dir string) {
	require.NoError(t, os.MkdirAll(dir, 0o755))
	for name, cfg := range goldenConfigs() {
		m := fit(t, goldenRows(120, 1), cfg)
		require.NoError(t, m.SaveFile(filepath.Join(dir, name+".model.json")))
		x := goldenRows(12, 2)
		x.Set(7, 0, 99)
		x.Set(8, 3, 1e9)
		x.Set(9, 4, 80)
		x.Set(11, 1, -5)
		energies, err := m.Series(nil, x)
		require.NoError(t, err)
		g := golden{Energies: energies, Threshold: m.Threshold()}
		for r, e := range energies {
			g.Rows = append(g.Rows, x.RawRowView(r))
			g.PValues = append(g.PValues, m.PValue(e))
			explanation, err := m.ExplainSeries(x, r)
			require.NoError(t, err)
			g.Top = append(g.Top, explanation.Contributions[0].Metric)
		}
		text, err := json.MarshalIndent(g, "", " ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".scores.json"), append(text, '\n'), 0o644))
	}
}
