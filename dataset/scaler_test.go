package dataset

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

func column(values ...float64) *mat.Dense { return mat.NewDense(len(values), 1, values) }

func TestScalerStandardisesDespiteOutliers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	values := make([]float64, 2000)
	for i := range values {
		values[i] = 50 + 4*r.NormFloat64()
	}
	values[7], values[9] = 1e9, -1e9
	s, err := FitScaler(column(values...), ScalerOptions{Transforms: []Transform{Linear}})
	require.NoError(t, err)
	require.NoError(t, s.Check())
	c := s.Columns[0]
	require.InDelta(t, 50, c.Center, .5)
	require.Equal(t, -1e9, c.Min)
	require.Greater(t, c.Scale, 4.)
	require.False(t, c.Constant)
}

func TestScalerInverts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1e12, 1e12), 2, 50).Draw(t, "values")
		s, err := FitScaler(column(values...), ScalerOptions{})
		require.NoError(t, err)
		require.NoError(t, s.Check())
		c := s.Columns[0]
		for _, v := range values {
			require.InDelta(t, v, c.Invert(c.Apply(v)), 1e-9*(math.Abs(v)+c.Scale+math.Abs(c.Center)))
		}
	})
}

func TestScalerInvertsToFiniteValues(t *testing.T) {
	for _, c := range []ColumnScale{
		{Transform: Log1p, Unit: 1, Center: 3, Scale: .2},
		{Transform: Linear, Unit: 1, Center: -1e300, Scale: 1e250},
	} {
		require.Equal(t, math.MaxFloat64, c.Invert(1e100))
		require.Equal(t, -math.MaxFloat64, c.Invert(-1e100))
	}
}

func TestScalerIgnoresTheUnit(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for _, unit := range []float64{1e-6, 8, 1e12} {
		a, b := make([]float64, 500), make([]float64, 500)
		for i := range a {
			a[i] = math.Exp(2 * r.NormFloat64())
			b[i] = a[i] * unit
		}
		sa, err := FitScaler(column(a...), ScalerOptions{})
		require.NoError(t, err)
		sb, err := FitScaler(column(b...), ScalerOptions{})
		require.NoError(t, err)
		require.Equal(t, Log1p, sa.Columns[0].Transform)
		for i := range a {
			require.InDelta(t, sa.Columns[0].Apply(a[i]), sb.Columns[0].Apply(b[i]), 1e-9)
		}
	}
}

func TestScalerOfConstantColumns(t *testing.T) {
	for value, scale := range map[float64]float64{0: .02, 50: 1, -200: 4, 1e-9: 2e-11} {
		s, err := FitScaler(column(value, value, value), ScalerOptions{})
		require.NoError(t, err)
		require.True(t, s.Columns[0].Constant)
		require.InEpsilon(t, scale, s.Columns[0].Scale, 1e-12)
		c := s.Columns[0]
		require.Zero(t, c.Apply(value))
		require.Zero(t, c.Apply(value+.9*scale))
		require.InDelta(t, 2, c.Apply(value+3*scale), 1e-6)
		require.InEpsilon(t, value-3*scale, c.Invert(-2), 1e-9)
	}
	rounding, err := FitScaler(column(50, 50+1e-9, 50-1e-9), ScalerOptions{})
	require.NoError(t, err)
	require.True(t, rounding.Columns[0].Constant, "what varies by rounding does not vary")
	moving, err := FitScaler(column(50, 50.001, 49.999), ScalerOptions{})
	require.NoError(t, err)
	require.False(t, moving.Columns[0].Constant)
	beside, err := FitScaler(mat.NewDense(2, 2, []float64{0, 20, 0, 80}), ScalerOptions{})
	require.NoError(t, err)
	require.InEpsilon(t, 1.6, beside.Columns[0].Scale, 1e-12, "2 % of what the other column reaches")
	quiet, err := FitScaler(mat.NewDense(2, 6, []float64{0, 1, 1, 1, 1, 1, 0, .01, 10, 20, 30, 40}), ScalerOptions{})
	require.NoError(t, err)
	require.InEpsilon(t, .2, quiet.Columns[0].Scale, 1e-12, "the lower quartile: one quiet column does not decide")
	s, err := FitScaler(column(3, 3), ScalerOptions{Floors: []float64{2}})
	require.NoError(t, err)
	require.Equal(t, 2., s.Columns[0].Scale)
	// A column that is constant but for one value among a thousand is not constant.
	values := make([]float64, 1000)
	values[3] = 5
	s, err = FitScaler(column(values...), ScalerOptions{})
	require.NoError(t, err)
	require.False(t, s.Columns[0].Constant)
	require.Less(t, s.Columns[0].Apply(5), 1000.)
}

func TestMinMaxScaler(t *testing.T) {
	s, err := FitScaler(column(2, 4, 10), ScalerOptions{Scaling: MinMax})
	require.NoError(t, err)
	require.Equal(t, []float64{0, .25, 1}, []float64{s.Columns[0].Apply(2), s.Columns[0].Apply(4), s.Columns[0].Apply(10)})
}

func TestScalerRejects(t *testing.T) {
	for name, f := range map[string]func() (*Scaler, error){
		"row 1, column 0 is NaN": func() (*Scaler, error) { return FitScaler(column(1, math.NaN()), ScalerOptions{}) },
		"scaling":                func() (*Scaler, error) { return FitScaler(column(1), ScalerOptions{Scaling: "x"}) },
		"2 transforms": func() (*Scaler, error) {
			return FitScaler(column(1), ScalerOptions{Transforms: []Transform{Linear, Linear}})
		},
		"transform \"x\"": func() (*Scaler, error) { return FitScaler(column(1, 2), ScalerOptions{Transforms: []Transform{"x"}}) },
		"floor -1":        func() (*Scaler, error) { return FitScaler(column(1, 2), ScalerOptions{Floors: []float64{-1}}) },
		"0×0":             func() (*Scaler, error) { return FitScaler(&mat.Dense{}, ScalerOptions{}) },
	} {
		_, err := f()
		require.ErrorIs(t, err, ErrScale, name)
		require.ErrorContains(t, err, name)
	}
	bad := &Scaler{Columns: []ColumnScale{{Transform: Linear, Unit: 1}}}
	require.ErrorIs(t, bad.Check(), ErrScale)
}

func TestSkewChoosesTheLogarithm(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	x := mat.NewDense(2000, 4, nil)
	for i := range 2000 {
		z := rng.NormFloat64()
		x.SetRow(i, []float64{50 + 10*z, math.Exp(14 + .7*z), math.Exp(14 + .2*z), -math.Exp(.7 * z)})
	}
	for skew, want := range map[float64][]Transform{0: {Linear, Linear, Linear, Linear}, 3: {Linear, Log1p, Linear, Linear}} {
		for _, unit := range []float64{1, 1e-6, 1e9} {
			y := mat.DenseCopyOf(x)
			y.Scale(unit, y)
			s, err := FitScaler(y, ScalerOptions{Skew: skew})
			require.NoError(t, err)
			for j, c := range s.Columns {
				require.Equal(t, want[j], c.Transform, "column %d in units of %g, skew %g", j, unit, skew)
			}
		}
	}
}
