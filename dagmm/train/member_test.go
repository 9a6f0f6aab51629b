package train

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/gmm"
)

// Only diagonal mixtures have the DiagonalRidge, which is ten times the Ridge unless it is set.
func TestDiagonalRidge(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	x := mat.NewDense(200, 3, nil)
	for i := range x.RawMatrix().Data {
		x.RawMatrix().Data[i] = rng.NormFloat64()
	}
	mixtures := func(set MixtureConfig) []*gmm.Mixture {
		set.Covariances = BothCovariances
		m, _, err := Fit(context.Background(), x, Config{Mixture: set, Members: 1, Untrained: true, Seed: 1})
		require.NoError(t, err)
		return m.Mixtures()[0]
	}
	base := mixtures(MixtureConfig{Ridge: .002, DiagonalRidge: .002})
	for added, set := range map[float64]MixtureConfig{.018: {Ridge: .002}, .098: {Ridge: .002, DiagonalRidge: .1}} {
		got := mixtures(set)
		for i := range got[0].Dim() {
			require.Equal(t, base[0].Covariance(0).At(i, i), got[0].Covariance(0).At(i, i))
			require.InDelta(t, base[1].Covariance(0).At(i, i)+added, got[1].Covariance(0).At(i, i), 1e-12)
		}
	}
}
