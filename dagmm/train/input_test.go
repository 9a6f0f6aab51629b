package train

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/dataset"
)

// quick trains next to nothing: for tests of what is around the training.
func quick() Config { return Config{MinSteps: 10, Members: 1, Hidden: []int{4}} }

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
		"empty":           {&mat.Dense{}, Config{}, "0 rows of width 0"},
		"infinite":        {set(hostRows(100, 1), 7, 2, math.Inf(-1)), Config{}, "row 7, column 2 (3) is -Inf"},
		"infinite, name":  {set(hostRows(100, 1), 7, 2, math.Inf(1)), Config{Columns: []string{"cpu", "mem", "disk", "net"}}, "row 7, column 2 (disk) is +Inf"},
		"one row":         {hostRows(1, 1), Config{}, "1 of 1 rows left"},
		"few rows":        {hostRows(6, 1), Config{}, "6 usable rows, need at least 7 for a mixture in 5 dimensions"},
		"all missing":     {missing, Config{}, "0 of 100 rows left (100 incomplete, 0 excluded)"},
		"all excluded":    {hostRows(100, 1), Config{Exclude: all(100)}, "0 of 100 rows left (0 incomplete, 100 excluded)"},
		"all constant":    {constantRows(100, 3), Config{}, "all 3 columns are constant over 100 rows"},
		"one constant":    {constantRows(100, 1), Config{}, "all 1 columns are constant"},
		"paper constant":  {constantRows(100, 6), Paper("thyroid"), "all 6 columns are constant"},
		"largest numbers": {largest, Config{}, "column 0: centre"},
	} {
		m, _, err := Fit(context.Background(), c.x, c.cfg)
		require.ErrorIs(t, err, ErrData, name)
		require.ErrorContains(t, err, "train: ", name)
		require.ErrorContains(t, err, c.want, name)
		require.True(t, m == nil)
	}
}

func TestSettingsOutOfRangeAreErrors(t *testing.T) {
	x := hostRows(50, 1)
	at := func(i int) time.Time { return time.Unix(int64(60*i), 0) }
	times := make([]time.Time, 50)
	for i := range times {
		times[i] = at(i)
	}
	nan, inf := math.NaN(), math.Inf(1)
	for name, c := range map[string]struct {
		cfg  Config
		want string
	}{
		"columns":          {Config{Columns: []string{"a"}}, "1 column names for rows of width 4"},
		"no columns":       {Config{Columns: []string{}}, "0 column names"},
		"same name":        {Config{Columns: []string{"a", "b", "a", "c"}}, `"a" twice`},
		"name not UTF-8":   {Config{Columns: []string{"a", "b", "\xb0C", "c"}}, "column 2"},
		"quantile 1":       {Config{Quantile: 1}, "quantile 1"},
		"quantile below":   {Config{Quantile: -.1}, "quantile -0.1"},
		"quantile NaN":     {Config{Quantile: nan}, "quantile NaN"},
		"exclude":          {Config{Exclude: make([]bool, 3)}, "Exclude has 3 elements for 50 rows"},
		"times":            {Config{Times: times[:3]}, "3 times for 50 rows"},
		"ranges, no times": {Config{ExcludeTimes: []TimeRange{{at(0), at(1)}}}, "0 times for 50 rows"},
		"range backwards":  {Config{Times: times, ExcludeTimes: []TimeRange{{at(2), at(1)}}}, "before it begins"},
		"context 0":        {Config{Context: []float64{.5, 0}}, "smoothing factor 0"},
		"context 2":        {Config{Context: []float64{2}}, "smoothing factor 2"},
		"context NaN":      {Config{Context: []float64{nan}}, "smoothing factor NaN"},
		"predict":          {Config{Predict: true}, "Predict without Context"},
		"predict features": {Config{Predict: true, Context: []float64{.5}, Features: autoencoder.RelativeCosine}, "relative-cosine"},
		"scaling":          {Config{Scaling: "odd"}, `scaling "odd"`},
		"transforms":       {Config{Transforms: make([]dataset.Transform, 3)}, "3 transforms"},
		"floors":           {Config{Floors: []float64{0, 0, -1, 0}}, "floor -1"},
		"hidden 0":         {Config{Hidden: []int{4, 0}}, "hidden layer 1 has 0 units"},
		"hidden huge":      {Config{Hidden: []int{1 << 30}}, "hidden layer 0"},
		"latent negative":  {Config{Latent: -1}, "latent -1"},
		"latent huge":      {Config{Latent: math.MaxInt}, "latent "},
		"features":         {Config{Features: "odd"}, `features "odd"`},
		"clip":             {Config{Clip: inf}, "clip is +Inf"},
		"components":       {Config{Components: -1}, "components -1"},
		"components huge":  {Config{Components: 1 << 30}, "components 1073741824"},
		"covariances":      {Config{Covariances: "odd"}, `covariances "odd"`},
		"estimation huge":  {Config{EstimationHidden: 1 << 30}, "estimation hidden 1073741824"},
		"keep above 1":     {Config{Keep: 1.5}, "keep 1.5"},
		"keep below":       {Config{Keep: -1}, "keep -1"},
		"lambda1":          {Config{Lambda1: nan}, "lambda1 is NaN"},
		"lambda2":          {Config{Lambda2: inf}, "lambda2 is +Inf"},
		"ridge":            {Config{Ridge: -1}, "ridge is -1"},
		"ridge NaN":        {Config{Ridge: nan}, "ridge is NaN"},
		"rate":             {Config{LearningRate: -1}, "learning rate is -1"},
		"rate infinite":    {Config{LearningRate: inf}, "learning rate is +Inf"},
		"batch":            {Config{BatchSize: -1}, "batch size -1"},
		"epochs":           {Config{Epochs: -1}, "epochs -1"},
		"clip norm":        {Config{ClipNorm: nan}, "clip norm is NaN"},
		"trim":             {Config{Trim: .5}, "trim 0.5"},
		"trim NaN":         {Config{Trim: nan}, "trim NaN"},
		"members":          {Config{Members: -1}, "members -1"},
		"members huge":     {Config{Members: 1 << 30}, "members 1073741824"},
		"paper":            {Paper("kddcap"), `"paper-kddcap"`},
	} {
		t.Run(name, func(t *testing.T) {
			m, _, err := Fit(context.Background(), x, c.cfg)
			require.ErrorIs(t, err, ErrConfig)
			require.ErrorContains(t, err, "train: ")
			require.ErrorContains(t, err, c.want)
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
				cfg.MinSteps, cfg.Epochs, cfg.Members, cfg.Hidden = q.MinSteps, 1, q.Members, q.Hidden
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
