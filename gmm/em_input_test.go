package gmm_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"github.com/metric-streams/anomaly/gmm"
)

func normal(rows, cols int, seed uint64) *mat.Dense {
	rng := rand.New(rand.NewPCG(seed, 3))
	x := mat.NewDense(rows, cols, nil)
	x.Apply(func(_, _ int, _ float64) float64 { return rng.NormFloat64() }, x)
	return x
}

func TestFitTakesAnyKindOfMatrix(t *testing.T) {
	x := normal(60, 3, 1)
	wide := mat.NewDense(70, 8, nil)
	view := wide.Slice(5, 65, 2, 5).(*mat.Dense)
	view.Copy(x)
	want, _, err := gmm.Fit(x, gmm.FitConfig{Seed: 1})
	require.NoError(t, err)
	energies, err := want.Energies(nil, x)
	require.NoError(t, err)
	for name, same := range map[string]mat.Matrix{"view": view, "transposed": mat.DenseCopyOf(x.T()).T()} {
		t.Run(name, func(t *testing.T) {
			m, _, err := gmm.Fit(same, gmm.FitConfig{Seed: 1})
			require.NoError(t, err)
			require.Equal(t, want, m)
			got, err := m.Energies(make([]float64, 60), same)
			require.NoError(t, err)
			require.Equal(t, energies, got)
		})
	}
	_, err = want.Energies(nil, normal(2, 4, 1))
	require.ErrorIs(t, err, gmm.ErrShape)
	_, err = want.Energies(make([]float64, 3), x)
	require.ErrorContains(t, err, "3 energies asked for, 60 rows given")
	_, err = want.Responsibilities(make([]float64, 3), []float64{1, 2, 3})
	require.ErrorIs(t, err, gmm.ErrShape)
}

// For any finite points, Fit returns a mixture or an error.
func TestFitOfAnyPoints(t *testing.T) {
	value := rapid.OneOf(rapid.Float64Range(-10, 10), rapid.SampledFrom([]float64{0, 0, 1, 1e-300, 1e12, -1e150, 1e300, math.MaxFloat64, -math.MaxFloat64}))
	rapid.Check(t, func(t *rapid.T) {
		n, d := rapid.IntRange(1, 12).Draw(t, "rows"), rapid.IntRange(1, 4).Draw(t, "columns")
		x := mat.NewDense(n, d, rapid.SliceOfN(value, n*d, n*d).Draw(t, "values"))
		cfg := gmm.FitConfig{
			Components: rapid.IntRange(-1, 5).Draw(t, "components"),
			Covariance: rapid.SampledFrom([]gmm.Covariance{"", gmm.Full, gmm.Diagonal, "odd"}).Draw(t, "covariance"),
			Ridge:      rapid.SampledFrom([]float64{0, -1, 1e-3}).Draw(t, "ridge"),
			Trim:       rapid.SampledFrom([]float64{0, .1, .49, .5}).Draw(t, "trim"),
		}
		m, res, err := gmm.Fit(x, cfg)
		if err != nil {
			require.ErrorContains(t, err, "gmm: ")
			return
		}
		require.Positive(t, res.Iterations)
		for r := range n {
			if e := m.Energy(x.RawRowView(r)); math.IsNaN(e) {
				t.Fatalf("row %d: energy %g", r, e)
			}
		}
	})
}

func TestSettingsOutOfRange(t *testing.T) {
	x := normal(50, 2, 1)
	for want, cfg := range map[string]gmm.FitConfig{
		"-1 components":   {Components: -1},
		"for 51 compon":   {Components: 51},
		"-1 iterations":   {MaxIterations: -1},
		`covariance "odd`: {Covariance: "odd"},
		"trim -0.1":       {Trim: -.1},
		"trim NaN":        {Trim: math.NaN()},
		"ridge NaN":       {Ridge: math.NaN()},
		"ridge +Inf":      {Ridge: math.Inf(1)},
	} {
		t.Run(want, func(t *testing.T) {
			_, _, err := gmm.Fit(x, cfg)
			require.ErrorContains(t, err, want)
			require.ErrorContains(t, err, "gmm: fit: ")
		})
	}
}

func TestNilAndEmptyArgumentsAreErrors(t *testing.T) {
	m, _, err := gmm.Fit(normal(50, 2, 1), gmm.FitConfig{})
	require.NoError(t, err)
	for name, x := range map[string]mat.Matrix{"nil": nil, "nil pointer": (*mat.Dense)(nil)} {
		t.Run(name, func(t *testing.T) {
			_, _, err := gmm.Fit(x, gmm.FitConfig{})
			require.ErrorIs(t, err, gmm.ErrShape)
			_, err = m.Energies(nil, x)
			require.ErrorIs(t, err, gmm.ErrShape)
		})
	}
	_, _, err = gmm.Fit(&mat.Dense{}, gmm.FitConfig{})
	require.ErrorIs(t, err, gmm.ErrShape)
	_, err = gmm.StartResponsibilities(gmm.Points{Dim: 1, N: 2, Z: []float64{1}}, 1, 0)
	require.ErrorIs(t, err, gmm.ErrShape)
	_, err = gmm.NewMixture([]float64{1}, mat.NewDense(1, 1, nil), []*mat.SymDense{nil})
	require.ErrorIs(t, err, gmm.ErrShape)
}

func TestMixtureIsSafeForConcurrentUse(t *testing.T) {
	x := normal(100, 3, 1)
	m, _, err := gmm.Fit(x, gmm.FitConfig{Seed: 1})
	require.NoError(t, err)
	want, err := m.Energies(nil, x)
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for r := range 100 {
				if m.Energy(x.RawRowView(r)) != want[r] {
					t.Errorf("row %d", r)
				}
			}
			if _, err := json.Marshal(m); err != nil {
				t.Error(err)
			}
		}()
	}
	wg.Wait()
}
