package ingest

import (
	"bytes"
	"encoding/gob"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzState alters stored states: whatever is resumed takes samples and can be stored again.
func FuzzState(f *testing.F) {
	columns := []string{"a", "total"}
	cfg := Config{Lateness: 3 * time.Minute, Metrics: map[string]Rule{"total": {Counter: true}}}
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	for _, n := range []int{0, 1, 20} {
		in, err := New(columns, cfg)
		require.NoError(f, err)
		for i := range n {
			_, err := in.Push(start.Add(time.Duration(i)*time.Minute), []float64{1, float64(100 * i)})
			require.NoError(f, err)
		}
		_, err = in.Push(start.Add(50*time.Hour), []float64{1, 2}) // held back
		require.NoError(f, err)
		var b bytes.Buffer
		require.NoError(f, gob.NewEncoder(&b).Encode(in.State()))
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var s State
		if gob.NewDecoder(bytes.NewReader(text)).Decode(&s) != nil {
			return
		}
		in, err := Resume(columns, cfg, s)
		if err != nil {
			return
		}
		for i := range 10 {
			at := start.Add(time.Duration(i-5) * 20 * time.Hour)
			_, err := in.Push(at, []float64{1, float64(i)})
			require.NoError(t, err)
			in.Due(at)
			in.Advance(at.Add(time.Hour))
		}
		in.Flush()
		_, err = Resume(columns, cfg, in.State())
		require.NoError(t, err)
	})
}
