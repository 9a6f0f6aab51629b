package autoencoder

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestErrorFeaturesByHand(t *testing.T) {
	for name, c := range map[string]struct {
		features          ErrorFeatures
		target, rec, want []float64
	}{
		"relative distance and cosine": {RelativeCosine, []float64{3, 4}, []float64{4, 3}, []float64{math.Sqrt2 / 5, 24. / 25}},
		"residual":                     {Residual, []float64{3, 4}, []float64{4, 3}, []float64{-1, 1}},
		"row of zeros":                 {RelativeCosine, []float64{0, 0}, []float64{0, 0}, []float64{0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, c.features.Check())
			z := make([]float64, c.features.Dim(2))
			c.features.Apply(z, c.target, c.rec, 2, 1)
			require.InDeltaSlice(t, c.want, z, 1e-15)
		})
	}
	squares := make([]float64, 1)
	SquaredErrors(squares, []float64{3, 4}, []float64{4, 3}, 2, 1)
	require.Equal(t, []float64{2}, squares)
	require.ErrorIs(t, ErrorFeatures("x").Check(), ErrValue)
}

func TestErrorFeatureGradients(t *testing.T) {
	const width, n, h = 4, 6, 1e-6
	for _, f := range []ErrorFeatures{Residual, RelativeCosine} {
		t.Run(string(f), func(t *testing.T) {
			r := rng(3)
			target, rec, grad := normals(r, width*n), normals(r, width*n), normals(r, f.Dim(width)*n)
			for i := range width { // one sample below the floor of the norm
				rec[i*n] = 1e-9 * float64(i+1)
			}
			z := make([]float64, len(grad))
			loss := func() (s float64) {
				f.Apply(z, target, rec, width, n)
				for i, g := range grad {
					s += g * z[i]
				}
				return s
			}
			got := make([]float64, len(rec))
			f.Gradient(got, grad, target, rec, width, n)
			for i := range rec {
				step := h
				if i%n == 0 {
					step = 1e-10
				}
				old := rec[i]
				rec[i] = old + step
				up := loss()
				rec[i] = old - step
				down := loss()
				rec[i] = old
				want := (up - down) / (2 * step)
				require.InDelta(t, want, got[i], 1e-5*(1+math.Abs(want)), "element %d", i)
			}
		})
	}
}
