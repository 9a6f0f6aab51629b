package dagmm

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Of exponential energies, evidence is −log p.
func TestEvidenceIsMinusLogP(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	energies := make([]float64, 100_000)
	for i := range energies {
		energies[i] = 7 + 3*rng.ExpFloat64()
	}
	e := Evidence{At: 7 + 3*math.Log(50), Scale: 3}
	require.NoError(t, e.check())
	e.weigh(energies, math.Inf(1))
	slices.Sort(energies)
	for _, p := range []float64{.5, .1, .02, .001} {
		assert.InDelta(t, -math.Log(p), energies[int((1-p)*float64(len(energies)))], .15, "p = %g", p)
	}
}

// Beyond the bound evidence grows on, without a jump, but a mixture that has gone wild
// gives little more than one that is sure.
func TestEvidenceIsBounded(t *testing.T) {
	const bound = 30
	e := Evidence{At: 2, Scale: .5}
	at := e.At + (bound-evidenceAt)*e.Scale // where evidence reaches the bound
	v := []float64{-1e300, 0, 2, at - 1e-9, at, at + 1e-9, at + 1, 1e3, 1e6, 1e300}
	e.weigh(v, bound)
	assert.True(t, slices.IsSorted(v))
	assert.Len(t, slices.Compact(slices.Clone(v)), len(v), "strictly rising")
	assert.InDelta(t, bound, v[4], 1e-9)
	assert.InDelta(t, v[3], v[5], 1e-7)
	assert.Less(t, v[8], 2.2*bound, "a million scales away")
	assert.False(t, math.IsInf(v[9], 0) || math.IsNaN(v[9]))
}

func TestEvidenceChecks(t *testing.T) {
	for _, e := range []Evidence{{At: math.NaN(), Scale: 1}, {At: math.Inf(1), Scale: 1}, {}, {Scale: -1}, {Scale: math.Inf(1)}, {Scale: math.NaN()}, {Scale: math.SmallestNonzeroFloat64}} {
		assert.ErrorIs(t, e.check(), ErrModel, "%+v", e)
	}
}
