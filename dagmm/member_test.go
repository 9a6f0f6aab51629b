package dagmm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/gmm"
)

// The energies under a member's mixtures, for which its network runs once, have the bits of
// the models that hold one of the mixtures each.
func TestMixtureEnergiesHaveTheBitsOfModels(t *testing.T) {
	for name, m := range everyModel(t) {
		p := m.Parameters()
		rows, err := dagmm.Features(&p.Scaler, p.RecentLevels, host(600, 8, true))
		require.NoError(t, err)
		for _, n := range []int{1, 2, 255, 256, 257, 600} {
			var features []float64 // feature by feature
			_, width := rows.Dims()
			for f := range width {
				for r := range n {
					features = append(features, rows.At(r, f))
				}
			}
			for i, member := range p.Members {
				got := member.MixtureEnergies(features, n)
				require.Len(t, got, max(1, len(member.Mixtures)), name)
				alone := member
				alone.Evidence = nil
				for k, energies := range got {
					if len(member.Mixtures) > 0 {
						alone.Mixtures = []*gmm.Mixture{member.Mixtures[k]}
					}
					single := p
					single.Members, single.Bound = []dagmm.Member{alone}, 0
					model, err := dagmm.New(single)
					require.NoError(t, err, name)
					want, err := model.FeatureEnergies(nil, features, n)
					require.NoError(t, err)
					require.Equal(t, want, energies, "%s: member %d, mixture %d, %d samples", name, i, k, n)
				}
			}
		}
	}
}
