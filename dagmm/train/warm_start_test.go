package train

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/evaluate"
	"github.com/metric-streams/anomaly/dataset"
	"github.com/metric-streams/anomaly/internal/synthfault"
)

func bits(t testing.TB, m *dagmm.Model) []byte {
	var b bytes.Buffer
	require.NoError(t, m.Save(&b))
	return b.Bytes()
}

// A warm start takes a tenth of the steps, and the same seed, rows and earlier model give the
// same bits, also where the earlier model was saved and loaded.
func TestWarmStart(t *testing.T) {
	for name, cfg := range map[string]Config{"metrics": Metrics(), "series": Series(), "autoencoder": Autoencoder()} {
		t.Run(name, func(t *testing.T) {
			cfg.Optimizer.MinSteps = 500
			earlier, rep := fit(t, hostRows(600, 1), cfg)
			require.False(t, rep.Warm)
			loaded, err := dagmm.Load(bytes.NewReader(bits(t, earlier)))
			require.NoError(t, err)

			cfg.From, cfg.Seed = earlier, 1
			x := hostRows(600, 2)
			first, rep := fit(t, x, cfg)
			require.True(t, rep.Warm, rep)
			require.InDelta(t, 50, rep.Steps, 5)
			require.Contains(t, rep.String(), "from an earlier model")
			require.False(t, warned(rep, WarnColdStart))
			require.False(t, warned(rep, WarnFewSteps))
			cfg.From, cfg.Workers = loaded, 1
			again, _ := fit(t, x, cfg)
			require.Equal(t, bits(t, first), bits(t, again))
			cfg.From = nil
			cold, _ := fit(t, x, cfg)
			require.NotEqual(t, bits(t, first), bits(t, cold))
		})
	}
}

// Where the earlier model does not fit, the training is the one without it, and the report
// says why.
func TestColdStartWhereTheEarlierModelDoesNotFit(t *testing.T) {
	x := hostRows(300, 1)
	base := quick()
	base.Mixture.Components = 1
	for why, change := range map[string]func(*Config){
		"columns":        func(c *Config) { c.Columns = []string{"a", "b", "c", "d"} },
		"recent levels":  func(c *Config) { c.RecentLevels = []float64{.1} },
		"members":        func(c *Config) { c.Members = 3 },
		"layers":         func(c *Config) { c.Network.Hidden = []int{5} },
		"error features": func(c *Config) { c.Network.ErrorFeatures = autoencoder.RelativeCosine },
		"2 components":   func(c *Config) { c.Mixture.Components = 2 },
	} {
		t.Run(why, func(t *testing.T) {
			earlier, _ := fit(t, x, base)
			cfg := base
			change(&cfg)
			cold, _ := fit(t, x, cfg)
			cfg.From = earlier
			m, rep := fit(t, x, cfg)
			require.False(t, rep.Warm)
			require.True(t, warned(rep, WarnColdStart), rep)
			require.Contains(t, rep.String(), why)
			require.Equal(t, bits(t, cold), bits(t, m))
		})
	}
	forecast := Series()
	forecast.Optimizer.MinSteps, forecast.Members, forecast.Network.Alternate = 20, 2, false
	earlier, _ := fit(t, x, forecast)
	forecast.Network.Alternate, forecast.From = true, earlier
	_, rep := fit(t, x, forecast)
	require.Contains(t, rep.String(), "member 1 reads or gives other features")
}

// Nothing is trained, so there is nothing to say about the start.
func TestEarlierModelWithoutTraining(t *testing.T) {
	x := hostRows(300, 1)
	for name, cfg := range map[string]Config{"closed form": PCA(), "untrained": {Untrained: true}} {
		t.Run(name, func(t *testing.T) {
			want, _ := fit(t, x, cfg)
			cfg.From = want
			m, rep := fit(t, x, cfg)
			require.False(t, rep.Warm)
			require.False(t, warned(rep, WarnColdStart))
			require.Equal(t, bits(t, want), bits(t, m))
		})
	}
}

// A column that has become constant cannot be learned, so the encoder forgets it.
func TestWarmStartMutesConstantColumns(t *testing.T) {
	cfg := Metrics()
	cfg.Optimizer.MinSteps = 50
	earlier, _ := fit(t, hostRows(300, 1), cfg)
	x := hostRows(300, 2)
	for i := range 300 {
		x.Set(i, 1, 7)
	}
	cfg.From = earlier
	m, rep := fit(t, x, cfg)
	require.True(t, rep.Warm)
	for _, member := range m.Parameters().Members {
		l := member.Network.Encoder[0]
		require.Equal(t, make([]float64, l.Out), l.Theta[l.Out:2*l.Out])
	}
}

// Along a sliding window, models that start from the one before find faults as often as
// models that start afresh, and their p-values hold as well. ANOMALY_LONG=1 makes thirty
// trainings in a row for four hosts.
func TestWarmStartsInARow(t *testing.T) {
	hosts, trainings := 1, 8
	switch {
	case os.Getenv(longEnv) != "":
		hosts, trainings = 4, 30
	case raceEnabled:
		t.Skip("the numbers are the same, five times slower")
	}
	for name, cfg := range map[string]Config{"metrics": Metrics(), "series": Series()} {
		t.Run(name, func(t *testing.T) {
			var warm, cold slidingResult
			for h := range hosts {
				slide(t, cfg, uint64(400+h), trainings, &warm, &cold)
			}
			n := float64(hosts * (trainings - 1))
			t.Logf("%s, %d hosts, %d trainings in a row: ROC-AUC %.4f warm, %.4f cold; share of p ≤ .05 %.4f warm, %.4f cold",
				name, hosts, trainings, warm.auc/n, cold.auc/n, warm.improbable/n, cold.improbable/n)
			require.GreaterOrEqual(t, warm.auc/n, cold.auc/n-.004)
			require.InDelta(t, cold.improbable/n, warm.improbable/n, .015)
		})
	}
}

// slidingResult sums up the models of a sliding window.
type slidingResult struct{ auc, improbable float64 }

func (r *slidingResult) add(t testing.TB, m *dagmm.Model, past, x *mat.Dense, seed uint64) {
	ordinary, faulty := examine(t, m, past, x, seed)
	r.auc += evaluate.ROCAUC(ordinary, faulty)
	for _, e := range ordinary {
		if m.PValue(e) <= .05 {
			r.improbable += 1 / float64(len(ordinary))
		}
	}
}

// slide trains on windows of a generated host, from the model before and from the start.
func slide(t testing.TB, cfg Config, host uint64, trainings int, warm, cold *slidingResult) {
	const window, step, later = 1000, 300, 500
	all, _, err := dataset.Generate(dataset.GenerateConfig{Rows: window + trainings*step + later, Seed: host, Independent: len(cfg.RecentLevels) == 0})
	require.NoError(t, err)
	var earlier *dagmm.Model
	for k := range trainings {
		x := mat.DenseCopyOf(all.X.Slice(k*step, k*step+window, 0, 4))
		next := mat.DenseCopyOf(all.X.Slice(k*step+window, k*step+window+later, 0, 4))
		cfg.Seed, cfg.From = uint64(k), earlier
		m, rep := fit(t, x, cfg)
		require.Equal(t, k > 0, rep.Warm)
		if earlier = m; k == 0 {
			continue
		}
		cfg.From = nil
		afresh, _ := fit(t, x, cfg)
		warm.add(t, m, x, next, uint64(k))
		cold.add(t, afresh, x, next, uint64(k))
	}
}

// examine returns the energies of rows that follow past, and of faulty copies of them: one
// metric is moved by 1 to 3 of its standard deviations or taken from another row.
func examine(t testing.TB, m *dagmm.Model, past, x *mat.Dense, seed uint64) (ordinary, faulty []float64) {
	n, d := x.Dims()
	rng := rand.New(rand.NewPCG(seed, 5))
	stream := m.Stream()
	rows, _ := past.Dims()
	for r := rows - 200; r < rows; r++ {
		_, err := stream.Next(past.RawRowView(r))
		require.NoError(t, err)
	}
	row := make([]float64, d)
	for r := range n {
		for k := range 2 {
			copy(row, x.RawRowView(r))
			j := rng.IntN(d)
			if k == 0 {
				row[j] = x.At(rng.IntN(n), j)
			} else {
				row[j] += .5 * synthfault.Shift(rng) * spread(past, j)
			}
			e, err := stream.Peek(row)
			require.NoError(t, err)
			faulty = append(faulty, e)
		}
		v, err := stream.Next(x.RawRowView(r))
		require.NoError(t, err)
		ordinary = append(ordinary, v.Energy)
	}
	return ordinary, faulty
}

// spread is the standard deviation of a column.
func spread(x *mat.Dense, j int) float64 {
	values := mat.Col(nil, j, x)
	mean := 0.
	for _, v := range values {
		mean += v / float64(len(values))
	}
	var sum float64
	for _, v := range values {
		sum += (v - mean) * (v - mean)
	}
	return math.Sqrt(sum / float64(len(values)))
}

// Two columns in another order are other columns.
func TestColumnsInAnotherOrder(t *testing.T) {
	x := hostRows(300, 1)
	cfg := quick()
	cfg.Mixture.Components, cfg.Columns = 1, []string{"a", "b", "c", "d"}
	earlier, _ := fit(t, x, cfg)
	cfg.Columns = slices.Clone(cfg.Columns)
	slices.Reverse(cfg.Columns)
	cfg.From = earlier
	_, rep, err := Fit(context.Background(), x, cfg)
	require.NoError(t, err)
	require.True(t, warned(rep, WarnColdStart))
}
