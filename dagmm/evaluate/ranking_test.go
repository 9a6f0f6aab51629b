package evaluate

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func ranking(t *testing.T, scores []float64, labels string) *Ranking {
	t.Helper()
	r, err := NewRanking(scores, flags(labels))
	require.NoError(t, err)
	return r
}

// flags reads a label or flag a character: 1 or x is true.
func flags(s string) []bool {
	out := make([]bool, len(s))
	for i, c := range s {
		out[i] = c == '1' || c == 'x'
	}
	return out
}

func TestRankingKnownValues(t *testing.T) {
	inf := math.Inf(1)
	for name, c := range map[string]struct {
		scores  []float64
		labels  string
		ap, roc float64
	}{
		// The examples in scikit-learn's documentation of
		// average_precision_score (.83…) and roc_auc_score (.75).
		"published":  {[]float64{.1, .4, .35, .8}, "0011", 5. / 6, .75},
		"perfect":    {[]float64{1, 2, 3, 4}, "0011", 1, 1},
		"reversed":   {[]float64{4, 3, 2, 1}, "0011", (1./3 + 2./4) / 2, 0},
		"all tied":   {[]float64{7, 7, 7, 7}, "0100", .25, .5},
		"tie at 2":   {[]float64{3, 2, 2, 1}, "1100", .5 + .5*2/3, .875},
		"infinities": {[]float64{inf, inf, 0, -inf}, "1010", (.5 + 2./3) / 2, (1.5 + 1) / 4},
	} {
		t.Run(name, func(t *testing.T) {
			r := ranking(t, c.scores, c.labels)
			require.InDelta(t, c.ap, r.AveragePrecision(), 1e-15)
			require.InDelta(t, c.roc, r.ROCAUC(), 1e-15)
		})
	}
}

func TestRankingWithoutAClass(t *testing.T) {
	require.True(t, math.IsNaN(ranking(t, []float64{1, 2}, "00").AveragePrecision()))
	require.True(t, math.IsNaN(ranking(t, []float64{1, 2}, "00").ROCAUC()))
	require.True(t, math.IsNaN(ranking(t, []float64{1, 2}, "11").ROCAUC()))
	require.Equal(t, 1., ranking(t, []float64{1, 2}, "11").AveragePrecision())
}

func TestRankingRejects(t *testing.T) {
	_, err := NewRanking([]float64{1, math.NaN()}, make([]bool, 2))
	require.ErrorContains(t, err, "row 1")
	_, err = NewRanking([]float64{1}, make([]bool, 2))
	require.ErrorContains(t, err, "1 scores for 2 labels")
}

// The order of rows, among ties too, must not matter.
func TestRankingIgnoresOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	scores, labels := make([]float64, 300), make([]bool, 300)
	for i := range scores {
		scores[i], labels[i] = float64(rng.IntN(40)), rng.IntN(5) == 0
	}
	want, err := NewRanking(scores, labels)
	require.NoError(t, err)
	rng.Shuffle(len(scores), func(i, j int) {
		scores[i], scores[j] = scores[j], scores[i]
		labels[i], labels[j] = labels[j], labels[i]
	})
	got, err := NewRanking(scores, labels)
	require.NoError(t, err)
	require.InDelta(t, want.AveragePrecision(), got.AveragePrecision(), 1e-14)
	require.InDelta(t, want.ROCAUC(), got.ROCAUC(), 1e-14)
	require.InDelta(t, want.Top(.1).F1(), got.Top(.1).F1(), 1e-14)
}
