package watch

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSamples(t *testing.T) {
	s := Sample{Time: time.Date(2026, 1, 2, 15, 4, 5, 600, time.UTC), Values: []float64{12.5, math.NaN(), -1e-300, .1, math.MaxFloat64}}
	text, err := s.Encode()
	require.NoError(t, err)
	require.Equal(t, `{"time":"2026-01-02T15:04:05.0000006Z","values":[12.5,null,-1e-300,0.1,1.7976931348623157e+308]}`, string(text))
	got, err := DecodeSample(text)
	require.NoError(t, err)
	require.Equal(t, s.Time, got.Time)
	for i, v := range s.Values {
		require.Equal(t, math.Float64bits(v) == math.Float64bits(got.Values[i]), !math.IsNaN(v) || math.IsNaN(got.Values[i]), "%d", i)
	}
	_, err = Sample{Time: s.Time, Values: []float64{1, math.Inf(1)}}.Encode()
	require.ErrorIs(t, err, ErrSample)
	for _, text := range []string{"", "{", "[]", `{"values":[1]}`, `{"time":"yesterday","values":[1]}`, `{"time":"2026-01-02T15:04:05Z","values":["x"]}`,
		`{"time":"2026-01-02T15:04:05Z","values":[1e999]}`} {
		_, err := DecodeSample([]byte(text))
		require.ErrorIs(t, err, ErrSample, "%q", text)
	}
	// Another zone is the same time.
	got, err = DecodeSample([]byte(`{"time":"2026-01-02T16:04:05+01:00","values":[1]}`))
	require.NoError(t, err)
	require.Equal(t, time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC), got.Time)
}

// FuzzSample: whatever is read can be written and read again.
func FuzzSample(f *testing.F) {
	f.Add([]byte(`{"time":"2026-01-02T15:04:05Z","values":[1,null,-0.5e3]}`))
	f.Add([]byte(`{"time":"2026-01-02T15:04:05.5+02:00"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := DecodeSample(text)
		if err != nil {
			return
		}
		again, err := s.Encode()
		require.NoError(t, err)
		if s.Time.Year() < 0 || s.Time.Year() > 9999 {
			return
		}
		back, err := DecodeSample(again)
		require.NoError(t, err)
		require.True(t, s.Time.Equal(back.Time))
		require.Len(t, back.Values, len(s.Values))
	})
}
