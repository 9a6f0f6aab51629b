package simple

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

func TestAddContextByHand(t *testing.T) {
	x := mat.NewDense(3, 1, []float64{2, 4, 8})
	got := AddContext(x, []float64{.5, .25})
	// Levels before each sample: 2, 2, 3 for α = ½; 2, 2, 2.5 for α = ¼.
	want := mat.NewDense(3, 3, []float64{
		2, 0, 0,
		4, 2, 2,
		8, 5, 5.5,
	})
	require.True(t, mat.EqualApprox(want, got, 1e-15), mat.Formatted(got))
	require.Same(t, x, AddContext(x, nil))
}

func TestStandardizer(t *testing.T) {
	x := mat.NewDense(3, 3, []float64{
		1, 5, 1000,
		2, 5, 1000,
		3, 5, 1000,
	})
	s := newStandardizer(x)
	require.Equal(t, []float64{2, 5, 1000}, s.mean)
	require.Equal(t, []float64{1, 5 * scaleFloor, 1000 * scaleFloor}, s.scale)
	z := s.apply(mat.NewDense(1, 3, []float64{22, 5, 1000}), true)
	require.InDelta(t, 10*math.Asinh(2), z.At(0, 0), 1e-12)
	require.Zero(t, z.At(0, 1))
}

func TestParse(t *testing.T) {
	d, err := Parse(`knn{"K":5}+context+clip`, Options{MaxRows: 9, Context: []float64{.1}})
	require.NoError(t, err)
	require.Equal(t, &Pipeline{Method: &KNN{K: 5}, Context: []float64{.1}, MaxRows: 9, Clip: true}, d)
	d, err = Parse("gaussian+context", Options{})
	require.NoError(t, err)
	require.Equal(t, &Pipeline{Method: &Gaussian{}, Context: DefaultContext}, d)
	d, err = Parse(`mean(knn{"K":5};pca+clip)`, Options{})
	require.NoError(t, err)
	require.Equal(t, &Mean{Parts: []Detector{&Pipeline{Method: &KNN{K: 5}}, &Pipeline{Method: &PCA{}, Clip: true}}}, d)
	d, err = Parse(`autoencoder{"Members":1}+context`, Options{MaxRows: 7})
	require.NoError(t, err)
	require.Equal(t, DefaultContext, d.(*DAGMM).RecentLevels)
	require.Equal(t, 7, d.(*DAGMM).MaxRows)
	require.True(t, d.(*DAGMM).Mixture.Disabled)
	for _, bad := range []string{"mean(knn", "mean(knn;no)", "", "knnn", `knn{"L":5}`, `knn{"K":"a"}`, "knn+", "knn+contxt", `knn{"K":5`} {
		_, err := Parse(bad, Options{})
		require.Error(t, err, bad)
	}
}

func TestSplit(t *testing.T) {
	require.Equal(t, []string{`knn{"K":5,"MaxRows":[1,2]}+clip`, "pca", "maxz"}, Split(` knn{"K":5,"MaxRows":[1,2]}+clip, pca ,,maxz`))
	require.Equal(t, []string{`knn{"K":5`}, Split(`knn{"K":5`))
	require.Empty(t, Split(""))
}

// The training scores of a model are as many as its calibration has energies, also where only
// some of those are kept.
func TestTrainingScoresAreNotThinned(t *testing.T) {
	const n = 5000
	rng := rand.New(rand.NewPCG(1, 1))
	x := mat.NewDense(n, 2, nil)
	for i := range n {
		x.SetRow(i, []float64{rng.NormFloat64(), rng.NormFloat64()})
	}
	d, err := Parse(`pca-mixture`, Options{})
	require.NoError(t, err)
	s, err := d.Fit(context.Background(), x, 1)
	require.NoError(t, err)
	require.Len(t, s.(Calibrated).TrainingScores(), n)
}
