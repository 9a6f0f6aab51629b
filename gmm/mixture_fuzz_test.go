package gmm

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzMixtureJSON reads altered mixtures: what is one has an energy and comes back the same.
func FuzzMixtureJSON(f *testing.F) {
	for _, s := range []string{
		`{"phi":[1],"mu":[[0]],"sigma":[[1]]}`,
		`{"phi":[0.25,0.75],"mu":[[0,1],[2,3]],"sigma":[[1,0.5,2],[3,0,4]]}`,
		`{"phi":[0.5,0.5],"mu":[[0,1,2],[2,3,4]],"sigma":[[1,2,3],[3,4,5]]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m := new(Mixture)
		if m.UnmarshalJSON(text) != nil {
			require.Zero(t, m.Components())
			return
		}
		e := m.Energy(m.Mean(nil, 0))
		require.False(t, math.IsInf(e, -1), "energy %g", e)
		once, err := json.Marshal(m)
		require.NoError(t, err)
		back := new(Mixture)
		require.NoError(t, json.Unmarshal(once, back))
		require.Equal(t, math.Float64bits(e), math.Float64bits(back.Energy(m.Mean(nil, 0))))
		o, err := NewOnline(m, 10, 0)
		require.NoError(t, err)
		require.NoError(t, o.Observe(make([]float64, m.Dim())))
	})
}
