package simple

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm/evaluate"
)

// correlated makes rows in which the last of three columns follows the sum of
// the others; faults break that without leaving any column's range.
func correlated(n int, faults []bool, seed uint64) *mat.Dense {
	rng := rand.New(rand.NewPCG(seed, 1))
	x := mat.NewDense(n, 3, nil)
	for i := range n {
		a, b := rng.NormFloat64(), rng.NormFloat64()
		c := a + b + .1*rng.NormFloat64()
		if len(faults) > i && faults[i] {
			c = -c + 3
		}
		x.SetRow(i, []float64{a, b, c})
	}
	return x
}

// The data need the relation between metrics, which all but the per-metric and
// the axis-parallel methods see.
func TestDetectorsFindBrokenRelations(t *testing.T) {
	faults := make([]bool, 1000)
	for i := range faults {
		faults[i] = i%40 == 7
	}
	train, test := correlated(1500, nil, 1), correlated(len(faults), faults, 2)
	for spec, want := range map[string]float64{
		"gaussian": .9, "gaussian-trim": .9, "fulldiag": .9, "pca": .9, "knn": .7, "gmm": .85, "gmm-trim": .8,
		"gaussian+clip": .9, "gaussian+context": .7, "isoforest": .15, "mean(gaussian;knn)": .8,
	} {
		t.Run(spec, func(t *testing.T) {
			scores := fitAndScore(t, spec, train, test)
			r, err := evaluate.NewRanking(scores, faults)
			require.NoError(t, err)
			require.Greater(t, r.AveragePrecision(), want)
		})
	}
}

func fitAndScore(t *testing.T, spec string, train, test *mat.Dense) []float64 {
	t.Helper()
	d, err := Parse(spec, Options{MaxRows: 5000})
	require.NoError(t, err)
	s, err := d.Fit(context.Background(), train, 1)
	require.NoError(t, err)
	scores, err := s.Score(nil, test)
	require.NoError(t, err)
	return scores
}

// quick is every method, the library's trained a few steps only.
func quick() []string {
	specs := Names()
	for i, name := range specs {
		if _, ok := presets("")[strings.TrimSuffix(name, untrained)]; ok {
			specs[i] = name + `{"Members":1,"Optimizer":{"Epochs":2,"MinSteps":20}}`
		}
	}
	return specs
}

func TestEveryMethodIsDeterministicAndLeavesRowsAlone(t *testing.T) {
	train := correlated(400, nil, 3)
	copied := mat.DenseCopyOf(train)
	for _, name := range quick() {
		t.Run(name, func(t *testing.T) {
			a, b := fitAndScore(t, name, train, train), fitAndScore(t, name, train, train)
			require.Equal(t, a, b)
			require.True(t, mat.Equal(copied, train))
			for _, v := range a {
				require.False(t, math.IsNaN(v))
			}
		})
	}
}

func TestScorersRejectOtherWidths(t *testing.T) {
	for _, name := range quick() {
		d, err := Parse(name, Options{})
		require.NoError(t, err)
		s, err := d.Fit(context.Background(), correlated(300, nil, 4), 1)
		require.NoError(t, err)
		_, err = s.Score(nil, mat.NewDense(2, 2, nil))
		require.Error(t, err, name)
	}
}

func TestTooFewRowsAreAnError(t *testing.T) {
	for _, name := range []string{"gaussian", "knn"} {
		d, err := Parse(name, Options{})
		require.NoError(t, err)
		_, err = d.Fit(context.Background(), mat.NewDense(1, 2, nil), 1)
		require.Error(t, err, name)
	}
}

// A constant column must neither break a fit nor pass unseen when it moves.
func TestConstantColumn(t *testing.T) {
	train, test := mat.NewDense(200, 2, nil), mat.NewDense(2, 2, nil)
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range 200 {
		train.SetRow(i, []float64{rng.NormFloat64(), .5})
	}
	test.SetRow(0, []float64{0, .5})
	test.SetRow(1, []float64{0, .9})
	for _, name := range []string{"maxz", "gaussian", "gaussian-trim", "knn", "gmm"} {
		s := fitAndScore(t, name, train, test)
		require.Greater(t, s[1], s[0]+3, name)
	}
}
