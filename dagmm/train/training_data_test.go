package train

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// quick trains next to nothing. It is for tests of everything around the training.
func quick() Config {
	return Config{Members: 1, Network: NetworkConfig{Hidden: []int{4}}, Optimizer: OptimizerConfig{MinSteps: 10}}
}

func set(x *mat.Dense, r, c int, v float64) *mat.Dense {
	x.Set(r, c, v)
	return x
}

func constantRows(n, d int) *mat.Dense {
	x := mat.NewDense(n, d, nil)
	for i := range n {
		for j := range d {
			x.Set(i, j, float64(j*50))
		}
	}
	return x
}

func all(n int) []bool {
	out := make([]bool, n)
	for i := range out {
		out[i] = true
	}
	return out
}

func TestUnusableDataIsAnErrorWithNumbers(t *testing.T) {
	missing := mat.NewDense(100, 4, nil)
	for i := range 100 {
		missing.Set(i, 2, math.NaN())
	}
	largest := hostRows(100, 1)
	for i := range 100 {
		largest.Set(i, 0, math.MaxFloat64*float64(1-2*(i%2)))
	}
	for name, c := range map[string]struct {
		x    mat.Matrix
		cfg  Config
		want string
	}{
		"nil":             {nil, Config{}, "the matrix is nil"},
		"nil pointer":     {(*mat.Dense)(nil), Config{}, "the matrix is nil"},
		"empty":           {&mat.Dense{}, Config{}, "0 rows of width 0"},
		"infinite":        {set(hostRows(100, 1), 7, 2, math.Inf(-1)), Config{}, "row 7, column 2 (3) is -Inf"},
		"infinite, name":  {set(hostRows(100, 1), 7, 2, math.Inf(1)), Config{Columns: []string{"cpu", "mem", "disk", "net"}}, "row 7, column 2 (disk) is +Inf"},
		"one row":         {hostRows(1, 1), Config{}, "1 usable row of 1 (0 incomplete, 0 excluded), need at least 7 for 4 columns"},
		"few rows":        {hostRows(6, 1), Config{}, "6 usable rows of 6 (0 incomplete, 0 excluded), need at least 7 for 4 columns, a mixture in 5 dimensions: unusable training data: too few rows"},
		"all missing":     {missing, Config{}, "0 usable rows of 100 (100 incomplete, 0 excluded)"},
		"all excluded":    {hostRows(100, 1), Config{Exclude: all(100)}, "0 usable rows of 100 (0 incomplete, 100 excluded)"},
		"all constant":    {constantRows(100, 3), Config{}, "all 3 columns are constant over 100 rows"},
		"one constant":    {constantRows(100, 1), Config{}, "all 1 columns are constant"},
		"paper constant":  {constantRows(100, 6), Paper("thyroid"), "all 6 columns are constant"},
		"largest numbers": {largest, Config{}, "column 0: centre"},
	} {
		t.Run(name, func(t *testing.T) {
			m, _, err := Fit(t.Context(), c.x, c.cfg)
			require.ErrorIs(t, err, ErrData)
			require.ErrorContains(t, err, "train: ")
			require.ErrorContains(t, err, c.want)
			require.Equal(t, strings.Contains(c.want, "usable"), errors.Is(err, ErrFewRows))
			require.True(t, m == nil)
		})
	}
}

// Rows that are unusual but real make a model whose energies are finite.
func TestUnusualDataTrains(t *testing.T) {
	rows := func(n int, row func(i int) []float64) *mat.Dense {
		x := mat.NewDense(n, len(row(0)), nil)
		for i := range n {
			x.SetRow(i, row(i))
		}
		return x
	}
	host := hostRows(100, 3)
	// with returns the host's rows with some of them changed.
	with := func(change func(i int, row []float64)) *mat.Dense {
		return rows(100, func(i int) []float64 {
			r := slices.Clone(host.RawRowView(i))
			change(i, r)
			return r
		})
	}
	for name, x := range map[string]mat.Matrix{
		"one column": rows(100, func(i int) []float64 { return host.RawRowView(i)[:1] }),
		"all-zero row": with(func(i int, r []float64) {
			if i == 5 {
				clear(r)
			}
		}),
		"half the rows zero": with(func(i int, r []float64) {
			if i%2 == 0 {
				clear(r)
			}
		}),
		"duplicated rows":         rows(100, func(i int) []float64 { return host.RawRowView(i % 3) }),
		"two values":              rows(100, func(i int) []float64 { return []float64{float64(i % 2), 1 - float64(i%2)} }),
		"units 1e12 beside 1e-6":  with(func(_ int, r []float64) { r[0], r[1] = r[0]*1e12, r[1]*1e-6 }),
		"values of 1e300":         with(func(_ int, r []float64) { r[0], r[1] = r[0]*1e300, -r[1]*1e300 }),
		"values of 1e-300":        with(func(_ int, r []float64) { r[0] *= 1e-300 }),
		"one value of 1e300":      with(func(i int, r []float64) { r[1] *= math.Pow(1e298, float64(i/99)) }),
		"nearly constant":         with(func(i int, r []float64) { r[2] = 50 + 1e-9*float64(i%2) }),
		"constant but for one":    with(func(i int, r []float64) { r[2] = float64(i / 99) }),
		"constants":               with(func(_ int, r []float64) { r[0], r[1], r[2] = 0, 50, 1e6 }),
		"fewest rows":             rows(7, func(i int) []float64 { return host.RawRowView(i) }),
		"missing values":          with(func(i int, r []float64) { r[i%4] = []float64{r[i%4], math.NaN()}[i/3%2] }),
		"one column copied":       with(func(_ int, r []float64) { r[1] = r[0] }),
		"all columns one":         with(func(_ int, r []float64) { r[1], r[2], r[3] = r[0], 2*r[0], -r[0] }),
		"more columns than rows":  rows(50, func(i int) []float64 { return append(host.RawRowView(i), hostRows(10, uint64(i)).RawMatrix().Data...) }),
		"transposed":              mat.DenseCopyOf(host.T()).T(),
		"view":                    rows(120, func(i int) []float64 { return append([]float64{0}, host.RawRowView(i%100)...) }).Slice(10, 110, 1, 5),
		"vector":                  mat.NewVecDense(100, mat.Col(nil, 0, host)),
		"integers with few steps": with(func(_ int, r []float64) { r[0] = math.Round(r[0] / 10) }),
	} {
		for preset, cfg := range map[string]Config{"metrics": Metrics(), "series": Series(), "paper": Paper("thyroid"), "autoencoder": Autoencoder()} {
			if _, d := x.Dims(); d > 40 && preset == "series" {
				continue // 44 metrics and their deviations need more rows
			}
			if n, _ := x.Dims(); n < 10 && preset == "series" {
				continue
			}
			t.Run(name+"/"+preset, func(t *testing.T) {
				q := quick()
				cfg.Optimizer.MinSteps, cfg.Optimizer.Epochs = q.Optimizer.MinSteps, 1
				cfg.Members, cfg.Network.Hidden = q.Members, q.Network.Hidden
				m, rep, err := Fit(context.Background(), x, cfg)
				require.NoError(t, err)
				require.NotEmpty(t, rep.String())
				e, err := m.Series(nil, x)
				require.NoError(t, err)
				n, d := x.Dims()
				above, complete := 0, 0
				for r, v := range e {
					missing := false
					for j := range d {
						missing = missing || math.IsNaN(x.At(r, j))
					}
					require.Equal(t, missing, math.IsNaN(v), "row %d", r)
					require.False(t, math.IsInf(v, 0), "row %d", r)
					if !missing {
						complete++
					}
					if v > m.Threshold() {
						above++
					}
				}
				require.LessOrEqual(t, above, n/100+1)
				require.Equal(t, complete, rep.RowsUsed)
				require.Equal(t, n-complete, rep.RowsDropped)
			})
		}
	}
}

// Excluded and incomplete rows still move the recent levels of the rows after them.
func TestExcludedRowsMoveTheRecentLevels(t *testing.T) {
	cfg := quick()
	cfg.RecentLevels = []float64{.5}
	x := hostRows(100, 1)
	cfg.Exclude = make([]bool, 100)
	cfg.Exclude[49] = true
	resolved, err := cfg.resolved(4)
	require.NoError(t, err)
	data, err := prepare(x, &resolved)
	require.NoError(t, err)
	x.Set(49, 0, 5000)
	other, err := prepare(x, &resolved)
	require.NoError(t, err)
	require.Equal(t, data.features[48], other.features[48])
	require.Equal(t, data.features[49], other.features[49], "the value of row 50")
	require.NotEqual(t, data.features[4*data.n+49], other.features[4*data.n+49], "its deviation from a level that row 49 moved")
}

func TestWithoutAndBetween(t *testing.T) {
	d := &trainingData{n: 4, width: 2, features: []float64{0, 1, 2, 3, 10, 11, 12, 13}}
	rest := d.without(1, 3)
	require.Equal(t, 2, rest.n)
	require.Equal(t, []float64{0, 3, 10, 13}, rest.features)
	require.Equal(t, []float64{1, 2, 11, 12}, d.between(1, 3))
	require.Equal(t, 4, d.n)
}
