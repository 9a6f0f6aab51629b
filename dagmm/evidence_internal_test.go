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

// A curve gives the evidence of its points, rises strictly from 0 to the bound and beyond, and has no jump.
func TestEvidenceCurve(t *testing.T) {
	e := Evidence{At: 30, Scale: 40, Curve: []EvidencePoint{{-10, .02}, {2, 2.3}, {5, 3.9}, {30, 6.9}}}
	require.NoError(t, e.check())
	v := []float64{-1e300, -11, -10, -4, 2, 3.5, 5, 30, 70, 1e4, 1e300}
	e.weigh(v, 30)
	for i, want := range []float64{0, 0, .02, 1.16, 2.3, 3.1, 3.9, 6.9, 7.9} {
		assert.InDelta(t, want, v[i], 1e-12)
	}
	assert.Greater(t, v[9], 30.)
	assert.Less(t, v[9], 60.)
	assert.Greater(t, v[10], v[9])
	assert.False(t, math.IsInf(v[10], 0))

	rng := rand.New(rand.NewPCG(1, 2))
	before, value := -30., 0.
	for range 10_000 {
		at := before + rng.ExpFloat64()/20
		one := []float64{at}
		e.weigh(one, 30)
		assert.GreaterOrEqual(t, one[0], value)
		assert.LessOrEqual(t, one[0]-value, (at-before)*.54, "the steepest line")
		before, value = at, one[0]
	}
}

func TestEvidenceChecks(t *testing.T) {
	for _, curve := range [][]EvidencePoint{{}, {{1, 3}}, {{0, 1}, {2, 3}}, {{1, 0}, {1, 3}}, {{0, 3}, {1, 3}}, {{0, -1}, {1, 3}}, {{math.NaN(), 0}, {1, 3}}, {{0, math.NaN()}, {1, 3}}, {{0, 0}, {1, math.NaN()}},
		{{math.Inf(-1), 0}, {1, 3}}, {{0, 0}, {1, math.Inf(1)}}, {{1 - 1e-16, 0}, {1, 3}}} {
		assert.ErrorIs(t, Evidence{At: 1, Scale: 1, Curve: curve}.check(), ErrModel, "%v", curve)
	}
	for _, e := range []Evidence{{At: math.NaN(), Scale: 1}, {At: math.Inf(1), Scale: 1}, {}, {Scale: -1}, {Scale: math.Inf(1)}, {Scale: math.NaN()}, {Scale: math.SmallestNonzeroFloat64}} {
		assert.ErrorIs(t, e.check(), ErrModel, "%+v", e)
	}
}
