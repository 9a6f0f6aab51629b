package simple

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

func TestGaussianAgainstMahalanobis(t *testing.T) {
	x := correlated(200, nil, 7)
	g, err := Gaussian{Ridge: 1e-12}.estimate(x)
	require.NoError(t, err)
	scores, err := g.Score(nil, x)
	require.NoError(t, err)
	var cov mat.SymDense
	stat.CovarianceMatrix(&cov, x, nil)
	var chol mat.Cholesky
	require.True(t, chol.Factorize(&cov))
	mean := mat.NewVecDense(3, g.mean)
	for i, s := range scores {
		distance := stat.Mahalanobis(x.RowView(i), mean, &chol)
		require.InEpsilon(t, distance*distance/2, s, 1e-6)
	}
}

// A far cluster of 1 % moves a plain estimate and not the trimmed one.
func TestTrimLeavesOutliersOut(t *testing.T) {
	x := correlated(1000, nil, 8)
	for i := range 10 {
		x.SetRow(i, []float64{40, -40, 40})
	}
	fit, err := Gaussian{Trim: .02}.Fit(context.Background(), x, 1)
	require.NoError(t, err)
	require.Less(t, math.Abs(fit.(*gaussian).mean[0]), .1)
}

func TestPCAByHand(t *testing.T) {
	x := mat.NewDense(4, 2, []float64{2, 2, -2, -2, 1, 1, -1, -1})
	fit, err := PCA{}.Fit(context.Background(), x, 1)
	require.NoError(t, err)
	scores, err := fit.Score(nil, mat.NewDense(2, 2, []float64{3, 3, 1, -1}))
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{0, 2}, scores, 1e-12, "distance from the diagonal, squared")
}

func TestKNNAgainstSorting(t *testing.T) {
	train, test := correlated(301, nil, 9), correlated(70, nil, 10)
	fit, err := KNN{K: 4}.Fit(context.Background(), train, 1)
	require.NoError(t, err)
	scores, err := fit.Score(nil, test)
	require.NoError(t, err)
	for i, s := range scores {
		require.InDelta(t, nearest(train, test.RawRowView(i), 4, -1), s, 1e-9)
	}
	for i, s := range fit.(Calibrated).TrainingScores() {
		require.InDelta(t, nearest(train, train.RawRowView(i), 4, i), s, 1e-9)
	}
}

func nearest(train *mat.Dense, row []float64, k, skip int) float64 {
	var distances []float64
	n, _ := train.Dims()
	for i := range n {
		if i != skip {
			distances = append(distances, math.Sqrt(squaredDistance(row, train.RawRowView(i))))
		}
	}
	slices.Sort(distances)
	return stat.Mean(distances[:k], nil)
}

// c(256) = 10.2448 normalises the default sample in the isolation forest paper,
// which puts ln(255) + .5772 for the harmonic number.
func TestAveragePath(t *testing.T) {
	require.InDelta(t, 10.2448, averagePath(256), 5e-3)
	require.Equal(t, 1., averagePath(2))
	require.Zero(t, averagePath(1))
}

func TestTail(t *testing.T) {
	training := make([]float64, 200)
	for i := range training {
		training[i] = float64(i)
	}
	tl := newTail(training)
	require.Equal(t, 197., tl.start)
	require.Equal(t, 1.5, tl.scale, "mean excess of 198 and 199")
	require.InDelta(t, math.Log(101./201), tl.logP(100), 1e-15)
	require.InDelta(t, math.Log(.01)-2, tl.logP(200), 1e-12)
	for s := -1.; s < 300; s++ {
		require.LessOrEqual(t, tl.logP(s+1), tl.logP(s))
	}
	require.Zero(t, tl.logP(-1))
}
