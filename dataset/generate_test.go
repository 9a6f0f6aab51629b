package dataset

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

func generate(t *testing.T, cfg GenerateConfig) (*Table, []Fault) {
	t.Helper()
	table, faults, err := Generate(cfg)
	require.NoError(t, err)
	return table, faults
}

func columnOf(table *Table, name string) []float64 {
	return mat.Col(nil, slices.Index(table.Columns, name), table.X)
}

func lagOne(x []float64) float64 { return stat.Correlation(x[1:], x[:len(x)-1], nil) }

func TestGenerateLooksLikeAHost(t *testing.T) {
	for seed := range uint64(10) {
		table, faults := generate(t, GenerateConfig{Seed: seed, Rows: 3 * 1440})
		require.Empty(t, faults)
		require.Equal(t, HostMetrics(), table.Columns)
		require.NotContains(t, table.Labels, true)
		require.Equal(t, time.Minute, table.Interval())
		cpu := columnOf(table, "cpu")
		for j, name := range table.Columns {
			x := mat.Col(nil, j, table.X)
			lo, hi := slices.Min(x), slices.Max(x)
			if name == "net_in" {
				require.Greater(t, lo, 1e5)
				require.Less(t, hi, 3e8)
			} else {
				require.Greater(t, lo, 0.0)
				require.Less(t, hi, 95.0)
			}
			require.Greater(t, stat.Correlation(cpu, x, nil), .5, "seed %d: cpu and %s", seed, name)
			require.Greater(t, lagOne(x), .7, "seed %d: %s", seed, name)
		}
		// Afternoons are busier than nights.
		day, night := 0.0, 0.0
		for i, at := range table.Times {
			switch at.Hour() {
			case 14, 15, 16:
				day += cpu[i]
			case 2, 3, 4:
				night += cpu[i]
			}
		}
		require.Greater(t, day, 1.5*night)
	}
}

func TestGenerateIndependent(t *testing.T) {
	for seed := range uint64(20) {
		table, faults := generate(t, GenerateConfig{Seed: seed, Independent: true, Inject: []FaultKind{OutOfRange, BrokenCorrelation}})
		require.Len(t, faults, 2)
		require.Equal(t, 1000, table.X.RawMatrix().Rows)
		require.Less(t, math.Abs(lagOne(columnOf(table, "cpu"))), .15)
		anomalous := 0
		for _, l := range table.Labels {
			if l {
				anomalous++
			}
		}
		require.Equal(t, 2, anomalous)
		for _, f := range faults {
			require.Equal(t, 1, f.Length)
			require.True(t, table.Labels[f.Start])
		}
	}
}

func TestGenerateIsRepeatable(t *testing.T) {
	cfg := GenerateConfig{Seed: 7, Rows: 500, Inject: []FaultKind{Stuck, LevelShift, OutOfRange, BrokenCorrelation}}
	a, ea := generate(t, cfg)
	b, eb := generate(t, cfg)
	require.Equal(t, a, b)
	require.Equal(t, ea, eb)
	cfg.Seed++
	c, _ := generate(t, cfg)
	require.NotEqual(t, a.X, c.X)
}

// Each kind of fault must be what it says, and touch nothing but its own cells.
func TestGenerateFaults(t *testing.T) {
	for seed := range uint64(30) {
		for _, independent := range []bool{false, true} {
			cfg := GenerateConfig{Seed: seed, Rows: 2000, Independent: independent}
			clean, _ := generate(t, cfg)
			cfg.Inject = []FaultKind{OutOfRange, BrokenCorrelation, LevelShift, Stuck}
			table, faults := generate(t, cfg)
			require.Len(t, faults, 4)
			touched := map[[2]int]bool{}
			for _, f := range faults {
				requireFault(t, clean, table, f)
				m := slices.Index(table.Columns, f.Metric)
				for i := range f.Length {
					require.True(t, table.Labels[f.Start+i])
					touched[[2]int{f.Start + i, m}] = true
				}
			}
			for i := range cfg.Rows {
				for j := range table.Columns {
					if !touched[[2]int{i, j}] {
						require.Equal(t, clean.X.At(i, j), table.X.At(i, j))
					}
				}
			}
		}
	}
}

func requireFault(t *testing.T, clean, table *Table, f Fault) {
	usual := columnOf(clean, f.Metric)
	lo, hi := slices.Min(usual), slices.Max(usual)
	is := columnOf(table, f.Metric)[f.Start : f.Start+f.Length]
	was := usual[f.Start : f.Start+f.Length]
	switch f.Kind {
	case OutOfRange:
		require.Greater(t, slices.Min(is), hi)
		require.True(t, f.Metric == "net_in" || slices.Max(is) <= 100)
	case BrokenCorrelation:
		require.GreaterOrEqual(t, slices.Min(is), lo)
		require.LessOrEqual(t, slices.Max(is), hi)
		mean := stat.Mean(usual, nil)
		others := "cpu"
		if f.Metric == "cpu" {
			others = "net_in"
		}
		other := columnOf(clean, others)
		load := stat.Mean(other[f.Start:f.Start+f.Length], nil) - stat.Mean(other, nil)
		require.Negative(t, load*(stat.Mean(is, nil)-mean), "%v: not against the load", f)
	case LevelShift:
		for i := range is {
			require.Greater(t, is[i], was[i])
		}
	case Stuck:
		require.Greater(t, f.Length, 1)
		require.Equal(t, slices.Min(is), slices.Max(is))
		require.NotEqual(t, slices.Min(was), slices.Max(was))
	}
}

func TestGenerateExplicit(t *testing.T) {
	start := time.Date(2020, 5, 1, 12, 0, 0, 0, time.UTC)
	want := []Fault{{OutOfRange, "mem", 3, 2}, {Stuck, "disk", 10, 5}}
	table, faults := generate(t, GenerateConfig{Rows: 50, Start: start, Interval: 10 * time.Second, Faults: []Fault{want[1], want[0]}})
	require.Equal(t, want, faults)
	require.Equal(t, start.Add(490*time.Second), table.Times[49])
	require.Equal(t, []bool{false, false, false, true, true, false}, table.Labels[:6])
	one, _ := generate(t, GenerateConfig{Rows: 1})
	require.Equal(t, 1, one.X.RawMatrix().Rows)
	weak, _ := generate(t, GenerateConfig{Rows: 50, Faults: want, Strength: .1})
	strong, _ := generate(t, GenerateConfig{Rows: 50, Faults: want, Strength: 2})
	require.Less(t, weak.X.At(3, 1), strong.X.At(3, 1))
}

func TestGenerateErrors(t *testing.T) {
	for name, c := range map[string]struct {
		cfg GenerateConfig
		say string
	}{
		"rows":      {GenerateConfig{Rows: -1}, "Rows is -1"},
		"too many":  {GenerateConfig{Rows: 1 << 29}, "Rows"},
		"interval":  {GenerateConfig{Interval: -time.Second}, "Interval"},
		"overflow":  {GenerateConfig{Interval: 1 << 60}, "Interval"},
		"strength":  {GenerateConfig{Strength: math.NaN()}, "Strength is NaN"},
		"kind":      {GenerateConfig{Inject: []FaultKind{9}}, "FaultKind(9)"},
		"no place":  {GenerateConfig{Rows: 1, Inject: []FaultKind{Stuck}}, "no place left for a fault of kind stuck"},
		"full":      {GenerateConfig{Rows: 2, Inject: []FaultKind{OutOfRange, OutOfRange, OutOfRange}}, "no place left"},
		"fault":     {GenerateConfig{Faults: []Fault{{Kind: 9, Metric: "cpu", Length: 1}}}, "fault 0: the kind is FaultKind(9)"},
		"metric":    {GenerateConfig{Faults: []Fault{{Metric: "gpu", Length: 1}}}, `the metric is "gpu"`},
		"length":    {GenerateConfig{Faults: []Fault{{Metric: "cpu"}}}, "0 rows from row 0"},
		"late":      {GenerateConfig{Faults: []Fault{{Metric: "cpu", Start: 999, Length: 2}}}, "2 rows from row 999 of 1000"},
		"far":       {GenerateConfig{Faults: []Fault{{Metric: "cpu", Start: 1, Length: math.MaxInt}}}, "rows from row 1"},
		"not stuck": {GenerateConfig{Faults: []Fault{{Kind: Stuck, Metric: "cpu", Length: 1}}}, "stuck for 1 row"},
		"overlap":   {GenerateConfig{Faults: []Fault{{Metric: "cpu", Start: 5, Length: 9}, {Metric: "mem", Start: 8, Length: 1}}}, "the faults of rows 5 and 8 overlap"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Generate(c.cfg)
			require.ErrorIs(t, err, ErrOption)
			require.ErrorContains(t, err, c.say)
		})
	}
}

// The two outliers of the basic test must stand out against the joint distribution, or no
// detector could be held to finding them.
func TestGenerateIndependentIsDetectable(t *testing.T) {
	for seed := range uint64(20) {
		table, faults := generate(t, GenerateConfig{Seed: seed, Independent: true, Inject: []FaultKind{OutOfRange, BrokenCorrelation}})
		table.X.Apply(func(_, j int, v float64) float64 {
			if table.Columns[j] == "net_in" {
				return math.Log(v)
			}
			return v
		}, table.X)
		var cov mat.SymDense
		stat.CovarianceMatrix(&cov, table.X, nil)
		var chol mat.Cholesky
		require.True(t, chol.Factorize(&cov))
		mean := mat.NewVecDense(4, nil)
		for j := range 4 {
			mean.SetVec(j, stat.Mean(mat.Col(nil, j, table.X), nil))
		}
		distances := make([]float64, 1000)
		for i := range distances {
			distances[i] = stat.Mahalanobis(table.X.RowView(i), mean, &chol)
		}
		sorted := slices.Sorted(slices.Values(distances))
		for _, f := range faults {
			require.Greater(t, distances[f.Start], sorted[989], "seed %d: %v", seed, f)
		}
	}
}
