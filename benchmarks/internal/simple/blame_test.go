package simple

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// The last of three columns is the sum of the others. One row breaks that with
// its first column out of range, too.
func TestBlame(t *testing.T) {
	train, test := correlated(800, nil, 11), correlated(50, nil, 12)
	test.SetRow(30, []float64{6, .5, .4})
	for _, spec := range []string{"maxz", "gaussian", "maxz+context", `metrics{"Members":1,"Optimizer":{"MinSteps":300}}`} {
		t.Run(spec, func(t *testing.T) {
			d, err := Parse(spec, Options{})
			require.NoError(t, err)
			s, err := d.Fit(context.Background(), train, 1)
			require.NoError(t, err)
			require.True(t, s.(Explainer).Explains())
			columns, err := s.(Explainer).Blame(test, [2]int{30, 31}, 30)
			require.NoError(t, err)
			require.Zero(t, columns[0])
			require.ElementsMatch(t, []int{0, 1, 2}, columns)
		})
	}
}

func TestBlameWithoutAttribution(t *testing.T) {
	d, err := Parse("isoforest", Options{})
	require.NoError(t, err)
	s, err := d.Fit(context.Background(), correlated(300, nil, 13), 1)
	require.NoError(t, err)
	require.False(t, s.(Explainer).Explains())
	_, err = s.(Explainer).Blame(correlated(3, nil, 14), [2]int{1, 2}, 1)
	require.Error(t, err)
}

// Two inputs with correlation .8: Σ⁻¹ = [[1, −.8], [−.8, 1]]/.36. For δ = (2, 0)
// it gives (5.56, −4.44), and parts v²·.36/2 of 5.56 and 3.56.
func TestGaussianPartsByHand(t *testing.T) {
	g := &gaussian{mean: []float64{1, 1}, lower: []float64{1, 0, .8, .6}}
	parts := make([]float64, 2)
	g.attribute(parts, []float64{3, 1})
	require.InDeltaSlice(t, []float64{2 / .36, 1.28 / .36}, parts, 1e-9)
}

func TestResidualPartsSumToTheScore(t *testing.T) {
	x := correlated(100, nil, 15)
	fit, err := PCA{Variance: .5}.Fit(context.Background(), x, 1)
	require.NoError(t, err)
	scores, err := fit.Score(nil, x)
	require.NoError(t, err)
	parts := make([]float64, 3)
	fit.(attributor).attribute(parts, x.RawRowView(9))
	require.InDelta(t, scores[9], mat.Sum(mat.NewVecDense(3, parts)), 1e-12)
}
