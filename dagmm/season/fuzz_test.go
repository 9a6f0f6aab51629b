package season

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzProfile reads altered profiles: what is one gives finite offsets and comes back the same.
func FuzzProfile(f *testing.F) {
	for kind, slots := range map[Kind]int{Flat: 1, Daily: 24} {
		p := &Profile{Kind: kind, columns: []string{"a", "b"}, zone: time.UTC}
		for s := range slots {
			p.level, p.spread = append(p.level, []float64{float64(s), 2}), append(p.spread, []float64{1, 0})
		}
		text, err := json.Marshal(p)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p := new(Profile)
		if json.Unmarshal(text, p) != nil {
			return
		}
		for h := range 200 {
			at := time.Date(2026, 3, 2, h, 0, 0, 0, time.UTC)
			for _, v := range p.Offsets(at) {
				require.False(t, math.IsNaN(v) || math.IsInf(v, 0))
			}
			p.Limits(nil, at, 3)
		}
		once, err := json.Marshal(p)
		require.NoError(t, err)
		back := new(Profile)
		require.NoError(t, json.Unmarshal(once, back))
		require.Equal(t, p.level, back.level)
	})
}
