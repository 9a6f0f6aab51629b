package ingest

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// minute returns the time of sample i of a stream with one sample a minute.
func minute(i int) time.Time { return start.Add(time.Duration(i) * time.Minute) }

func TestInputOrder(t *testing.T) {
	in, err := New([]string{"a", "b"}, Config{Lateness: 3 * time.Minute})
	require.NoError(t, err)
	push := func(i int, a, b float64) []Sample {
		out, err := in.Push(minute(i), []float64{a, b})
		require.NoError(t, err)
		return out
	}
	require.Empty(t, push(2, 2, math.NaN()))
	require.Empty(t, push(0, 0, 0))
	require.Empty(t, push(2, 9, 22)) // a is known, b is new
	out := push(4, 4, 4)
	require.Len(t, out, 1)
	require.Equal(t, minute(0), out[0].Time)
	require.Empty(t, push(0, 7, 7))
	out = in.Advance(minute(5))
	require.Len(t, out, 1)
	require.Equal(t, []float64{2, 22}, out[0].Values)
	require.Len(t, in.Flush(), 1)
	require.Equal(t, Stats{Received: 5, Passed: 3, Late: 1, Duplicate: 1}, in.Stats())
	_, err = in.Push(minute(9), []float64{1})
	require.ErrorIs(t, err, ErrWidth)
}

func TestInputCounters(t *testing.T) {
	in, err := New([]string{"bytes", "busy"}, Config{Metrics: map[string]Rule{"bytes": {Counter: true}, "busy": {Min: 0, Max: 100}}})
	require.NoError(t, err)
	at := func(seconds, total float64) float64 {
		out, err := in.Push(start.Add(time.Duration(seconds*1e9)), []float64{total, 101})
		require.NoError(t, err)
		require.Len(t, out, 1)
		require.True(t, math.IsNaN(out[0].Values[1]))
		return out[0].Values[0]
	}
	require.True(t, math.IsNaN(at(0, 4.29e9)))
	require.Equal(t, 100000., at(30, 4.293e9))
	require.Equal(t, 50000., at(90, 4.296e9-1<<32+1<<32)) // no wrap yet would be beyond 32 bits
	require.True(t, math.IsNaN(at(100, math.NaN())))
	require.True(t, math.IsNaN(at(120, 1000))) // from beyond 32 bits: began anew
	require.Equal(t, 100., at(130, 2000))
	in2, err := New([]string{"bytes"}, Config{Metrics: map[string]Rule{"bytes": {Counter: true}}})
	require.NoError(t, err)
	var rates []float64
	for i, total := range []float64{4.29e9, 4.293e9, 4.296e9 - 1<<32, 1, math.Inf(1)} {
		out, err := in2.Push(minute(i), []float64{total})
		require.NoError(t, err)
		rates = append(rates, out[0].Values[0])
	}
	require.Equal(t, 50000., rates[1])
	require.Equal(t, 50000., rates[2])
	require.True(t, math.IsNaN(rates[3]) && math.IsNaN(rates[4]))
	require.Equal(t, uint64(1), in2.Stats().Wraps)
	require.Equal(t, uint64(1), in2.Stats().Resets)
	require.Equal(t, uint64(1), in2.Stats().Invalid)
}

// A 64-bit counter wraps too, and goes on from a state that an earlier version stored.
func TestInputCounter64(t *testing.T) {
	cfg := Config{Metrics: map[string]Rule{"bytes": {Counter: true}}}
	totals := []float64{0x1p64 - 3<<20, 0x1p64 - 2<<20, 0x1p64 - 1<<20, 600, 1200}
	for name, stored := range map[string]func(*CounterState){
		"state":              func(*CounterState) {},
		"state without Most": func(s *CounterState) { s.Most = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			in, err := New([]string{"bytes"}, cfg)
			require.NoError(t, err)
			var rates []float64
			for i, total := range totals {
				out, err := in.Push(minute(i), []float64{total})
				require.NoError(t, err)
				rates = append(rates, out[0].Values[0]*60)
				s := in.State()
				stored(&s.Counters[0])
				in, err = Resume([]string{"bytes"}, cfg, s)
				require.NoError(t, err)
			}
			require.InDeltaSlice(t, []float64{1 << 20, 1 << 20, 1<<20 + 600, 600}, rates[1:], 1e-6)
			require.Equal(t, []uint64{1, 0}, []uint64{in.Stats().Wraps, in.Stats().Resets})
		})
	}
}

func TestConfigErrors(t *testing.T) {
	_, err := New([]string{"a"}, Config{Lateness: -1})
	require.ErrorIs(t, err, ErrConfig)
	_, err = New([]string{"a"}, Config{Metrics: map[string]Rule{"b": {}}})
	require.ErrorIs(t, err, ErrConfig)
}
