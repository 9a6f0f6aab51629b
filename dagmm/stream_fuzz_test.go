package dagmm_test

import (
	"bytes"
	"encoding/gob"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// FuzzStreamState alters stored states of a Stream: whatever is resumed scores.
func FuzzStreamState(f *testing.F) {
	m, x := dagmmtest.Model(f, true)
	s := m.Stream()
	for r := range 25 {
		_, err := s.Next(x.RawRowView(r))
		require.NoError(f, err)
		if r%8 == 0 {
			var b bytes.Buffer
			require.NoError(f, gob.NewEncoder(&b).Encode(s.State()))
			f.Add(b.Bytes())
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var state dagmm.StreamState
		if gob.NewDecoder(bytes.NewReader(text)).Decode(&state) != nil {
			return
		}
		s, err := m.Resume(state)
		if err != nil {
			require.ErrorIs(t, err, dagmm.ErrState)
			return
		}
		for r := range 6 {
			row := append([]float64(nil), x.RawRowView(r)...)
			if r%2 == 1 {
				row[r%3] = math.NaN()
			}
			v, _, err := s.Impute(row)
			require.NoError(t, err)
			require.False(t, math.IsNaN(v.Energy) || math.IsInf(v.Energy, 0))
			_, err = s.Explain()
			require.NoError(t, err)
		}
		_, err = m.Resume(s.State())
		require.NoError(t, err)
	})
}
