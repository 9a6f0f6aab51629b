package train

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dataset"
)

// hostRows returns the rows of a host whose four metrics follow its load. From 701 rows on
// there are two outliers: row 300 is out of range, and row 700 breaks the correlation of
// cpu and network.
func hostRows(n int, seed uint64) *mat.Dense {
	r := rand.New(rand.NewPCG(seed, 99))
	x := mat.NewDense(n, 4, nil)
	for i := range n {
		load := .5 + .3*math.Sin(float64(i)/60) + .1*r.NormFloat64()
		x.SetRow(i, []float64{
			10 + 50*load + 2*r.NormFloat64(),
			40 + 10*load + r.NormFloat64(),
			5 + 20*load + 2*r.NormFloat64(),
			math.Exp(13 + 2*load + .1*r.NormFloat64()),
		})
	}
	if n > 700 {
		x.SetRow(300, []float64{98, 85, 90, math.Exp(17)})
		x.SetRow(700, []float64{15, 47, 25, math.Exp(15)})
	}
	return x
}

func fit(t testing.TB, x mat.Matrix, cfg Config) (*dagmm.Model, *Report) {
	t.Helper()
	m, rep, err := Fit(context.Background(), x, cfg)
	require.NoError(t, err)
	return m, rep
}

// Every term of the loss is recorded, and the loss falls.
func TestLossFalls(t *testing.T) {
	paper := Paper("thyroid")
	paper.Optimizer.Epochs, paper.Optimizer.LearningRate = 600, 1e-3
	for name, cfg := range map[string]Config{"metrics": Metrics(), "series": Series(), "autoencoder": Autoencoder(), "paper": paper} {
		t.Run(name, func(t *testing.T) {
			cfg.Members = 2
			if name != "paper" {
				cfg.Optimizer.MinSteps = 400
			}
			m, rep := fit(t, hostRows(500, 1), cfg)
			require.Equal(t, StopDone, rep.Stop)
			require.Zero(t, rep.RolledBack)
			require.Len(t, rep.Loss, rep.Epochs)
			first, last := rep.Loss[0], rep.Loss[len(rep.Loss)-1]
			require.Equal(t, 1, first.Epoch)
			require.Equal(t, rep.Epochs, last.Epoch)
			require.Less(t, last.Total, first.Total)
			require.Less(t, last.Reconstruction, .7*first.Reconstruction)
			if name != "autoencoder" {
				require.NotZero(t, last.Energy)
			}
			require.InEpsilon(t, last.Total, m.Training().Loss, 1e-9)
			require.Equal(t, rep.Steps, m.Training().Steps)
		})
	}
}

// Training moves every parameter of both networks.
func TestWeightsMove(t *testing.T) {
	for name, cfg := range map[string]Config{"two components": {Mixture: MixtureConfig{Components: 2}}, "paper": Paper("thyroid")} {
		t.Run(name, func(t *testing.T) {
			tr := newTestTrainer(t, cfg)
			before := copyAll(nil, tr.nets.parameters)
			require.Len(t, before, 2*(len(tr.cfg.Network.Hidden)+1)+2)
			for step := range 3 {
				_, err := tr.step(rand.New(rand.NewPCG(1, uint64(step))).Perm(tr.data.n)[:100])
				require.NoError(t, err)
			}
			for i, p := range tr.nets.parameters {
				for k := range p {
					require.NotEqual(t, before[i][k], p[k], "matrix %d, element %d", i, k)
				}
			}
		})
	}
}

// auc is the share of all pairs of an anomalous and an ordinary row in which the anomalous
// row has the higher energy.
func auc(t testing.TB, m *dagmm.Model, table *dataset.Table) float64 {
	t.Helper()
	e, err := m.Series(nil, table.X)
	require.NoError(t, err)
	var right, pairs float64
	for i, a := range table.Labels {
		for k, b := range table.Labels {
			if a && !b {
				pairs++
				if e[i] > e[k] {
					right++
				}
			}
		}
	}
	return right / pairs
}

// A trained model finds more than untrained networks, and both find more than chance. The
// mixture is diagonal, so that the network has to remove the correlations and its training
// counts.
func TestTrainedBeatsUntrainedAndChance(t *testing.T) {
	var inject []dataset.FaultKind
	for range 30 {
		inject = append(inject, dataset.BrokenCorrelation)
	}
	cfg := Metrics()
	cfg.Mixture.Covariances, cfg.Members, cfg.Optimizer.MinSteps = DiagonalCovariance, 2, 1000
	var trained, untrained float64
	const runs = 3
	for seed := range uint64(runs) {
		train, _, err := dataset.Generate(dataset.GenerateConfig{Seed: 900 + seed, Independent: true})
		require.NoError(t, err)
		test, _, err := dataset.Generate(dataset.GenerateConfig{Seed: 950 + seed, Rows: 2000, Independent: true, Inject: inject})
		require.NoError(t, err)
		cfg.Seed, cfg.Untrained = seed, false
		m, rep := fit(t, train.X, cfg)
		require.Equal(t, StopDone, rep.Stop)
		trained += auc(t, m, test) / runs
		cfg.Untrained = true
		m, rep = fit(t, train.X, cfg)
		require.Equal(t, StopUntrained, rep.Stop)
		require.Zero(t, rep.Steps)
		require.Empty(t, rep.Loss)
		untrained += auc(t, m, test) / runs
	}
	t.Logf("ROC-AUC trained %.3f, untrained %.3f", trained, untrained)
	require.Greater(t, trained, .95)
	require.Greater(t, trained, untrained+.01)
}

// Rows of an incident that are left out, by mask or by time, do not reach the model.
func TestExcludedRows(t *testing.T) {
	x := hostRows(400, 1)
	cfg := quick()
	cfg.Times = make([]time.Time, 400)
	mask := make([]bool, 400)
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 400 {
		cfg.Times[i] = start.Add(time.Duration(i) * time.Minute)
		if mask[i] = i >= 50 && i < 90; mask[i] {
			x.Set(i, 0, 1e6)
		}
	}
	dirty, rep := fit(t, x, cfg)
	require.Equal(t, 400, rep.RowsUsed)

	cfg.Exclude = mask
	byMask, rep := fit(t, x, cfg)
	require.Equal(t, []int{400, 360, 40, 0}, []int{rep.Rows, rep.RowsUsed, rep.RowsExcluded, rep.RowsDropped})
	require.Contains(t, rep.String(), "360 of 400 rows (0 incomplete, 40 excluded)")

	cfg.Exclude = nil
	cfg.ExcludeTimes = []TimeRange{{start.Add(50 * time.Minute), start.Add(90 * time.Minute)}} // the end is not included
	byTime, _ := fit(t, x, cfg)
	var a, b, c bytes.Buffer
	require.NoError(t, byMask.Save(&a))
	require.NoError(t, byTime.Save(&b))
	require.NoError(t, dirty.Save(&c))
	require.True(t, bytes.Equal(a.Bytes(), b.Bytes()))
	require.False(t, bytes.Equal(a.Bytes(), c.Bytes()))
	require.Equal(t, 60., byMask.Training().Interval)

	v, err := byMask.Detect(x.RawRowView(60))
	require.NoError(t, err)
	require.True(t, v.Anomalous)
}

// A model keeps nothing of what the caller may change afterwards.
func TestModelSharesNothingWithItsConfig(t *testing.T) {
	x := hostRows(120, 1)
	cfg := quick()
	cfg.RecentLevels, cfg.Columns = []float64{.05, .5}, []string{"a", "b", "c", "d"}
	m, _ := fit(t, x, cfg)
	var before, after bytes.Buffer
	require.NoError(t, m.Save(&before))
	cfg.RecentLevels[0], cfg.Columns[0] = .9, "z"
	cfg.Network.Hidden[0] = 99
	x.Set(3, 1, 1e9)
	m.Columns()[1] = "y"
	require.NoError(t, m.Save(&after))
	require.Equal(t, before.String(), after.String())
}

func TestNilContextIsAnError(t *testing.T) {
	var none context.Context
	_, _, err := Fit(none, hostRows(50, 1), Config{})
	require.ErrorIs(t, err, ErrConfig)
	_, err = FitAll(none, nil, FleetConfig{})
	require.ErrorIs(t, err, ErrConfig)
}
