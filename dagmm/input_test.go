package dagmm

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestInputOrder(t *testing.T) {
	in, err := NewInput([]string{"a", "b"}, InputConfig{Lateness: 3 * time.Minute})
	require.NoError(t, err)
	push := func(i int, a, b float64) []Sample {
		out, err := in.Push(minute(i), []float64{a, b})
		require.NoError(t, err)
		return out
	}
	require.Empty(t, push(2, 2, missing))
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
	require.Equal(t, InputStats{Received: 5, Passed: 3, Late: 1, Duplicate: 1}, in.Stats())
	_, err = in.Push(minute(9), []float64{1})
	require.ErrorIs(t, err, ErrWidth)
}

func TestInputCounters(t *testing.T) {
	in, err := NewInput([]string{"bytes", "busy"}, InputConfig{Metrics: map[string]InputRule{"bytes": {Counter: true}, "busy": {Min: 0, Max: 100}}})
	require.NoError(t, err)
	at := func(seconds, total float64) float64 {
		out, err := in.Push(fixtureStart.Add(time.Duration(seconds*1e9)), []float64{total, 101})
		require.NoError(t, err)
		require.Len(t, out, 1)
		require.True(t, math.IsNaN(out[0].Values[1]))
		return out[0].Values[0]
	}
	require.True(t, math.IsNaN(at(0, 4.29e9)))
	require.Equal(t, 100000., at(30, 4.293e9))
	require.Equal(t, 50000., at(90, 4.296e9-1<<32+1<<32)) // no wrap yet would be beyond 32 bits
	require.True(t, math.IsNaN(at(100, missing)))
	require.True(t, math.IsNaN(at(120, 1000))) // from beyond 32 bits: began anew
	require.Equal(t, 100., at(130, 2000))
	in2, err := NewInput([]string{"bytes"}, InputConfig{Metrics: map[string]InputRule{"bytes": {Counter: true}}})
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

func TestInputConfigErrors(t *testing.T) {
	_, err := NewInput([]string{"a"}, InputConfig{Lateness: -1})
	require.ErrorIs(t, err, ErrDetector)
	_, err = NewInput([]string{"a"}, InputConfig{Metrics: map[string]InputRule{"b": {}}})
	require.ErrorIs(t, err, ErrDetector)
}

// shuffled delivers the samples 0 … n−1 with delays up to lateness and with duplicates.
func shuffled(n, lateness int, rng *rand.Rand) []int {
	var order []int
	waiting := []int{}
	for i := range n {
		waiting = append(waiting, i)
		for len(waiting) > 0 && (waiting[0] <= i-lateness+1 || rng.IntN(2) == 0) {
			k := rng.IntN(len(waiting))
			if waiting[0] <= i-lateness+1 {
				k = 0
			}
			order = append(order, waiting[k])
			if rng.IntN(5) == 0 {
				order = append(order, waiting[k])
			}
			waiting = append(waiting[:k], waiting[k+1:]...)
		}
	}
	return append(order, waiting...)
}

// Samples out of order and twice give the same alarms.
func TestDeliveryDoesNotMatter(t *testing.T) {
	m, x := fixtureModel(t, true)
	rapid.Check(t, func(rt *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 4))
		rows := incident(incident(ordinary(400, 3), 100, 110, 90), 300, 301, 2)
		total := 0.
		for _, row := range rows {
			row[2] = math.Max(row[2], 0)
			total += row[2] * 60
			row[2] = total
		}
		run := func(order []int) string {
			in, err := NewInput(fixtureColumns, InputConfig{Lateness: 10 * time.Minute, Metrics: map[string]InputRule{"net": {Counter: true}}})
			require.NoError(t, err)
			d, err := NewDetector(m, x, DetectorConfig{Budget: 1})
			require.NoError(t, err)
			var events []Event
			take := func(samples []Sample) {
				for _, s := range samples {
					r, err := d.Next(s.Time, s.Values)
					require.NoError(t, err)
					events = append(events, r.Events...)
				}
			}
			for _, i := range order {
				samples, err := in.Push(minute(i), rows[i])
				require.NoError(t, err)
				take(samples)
			}
			take(in.Flush())
			return text(events)
		}
		plain := make([]int, len(rows))
		for i := range plain {
			plain[i] = i
		}
		want := run(plain)
		require.Contains(t, want, "opened")
		require.Equal(t, want, run(shuffled(len(rows), 8, rng)))
	})
}
