package ingest

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const year = 365 * 24 * 60 // minutes

// passed pushes samples of the given minutes, whose value is the minute, and returns the
// minutes that come out. Then the state goes through its stored form.
func passed(t require.TestingT, in *Input, minutes ...int) []int {
	var out []int
	for _, i := range minutes {
		samples, err := in.Push(minute(i), []float64{float64(i)})
		require.NoError(t, err)
		for _, s := range samples {
			require.True(t, s.Time.Equal(minute(int(s.Values[0]))))
			out = append(out, int(s.Values[0]))
		}
	}
	st := in.Stats()
	var b bytes.Buffer
	require.NoError(t, gob.NewEncoder(&b).Encode(in.State()))
	var stored State
	require.NoError(t, gob.NewDecoder(&b).Decode(&stored))
	resumed, err := Resume(in.columns, in.cfg, stored)
	require.NoError(t, err)
	*in = *resumed
	require.Equal(t, st.Received, st.Passed+st.Late+st.Duplicate+st.Outliers+uint64(len(in.waiting)+len(in.ahead)), "%+v", st)
	return out
}

func minuteInput(t require.TestingT, cfg Config) *Input {
	in, err := New([]string{"a"}, cfg)
	require.NoError(t, err)
	return in
}

// every returns from, from+step, … below to.
func every(from, to, step int) []int {
	var out []int
	for i := from; i < to; i += step {
		out = append(out, i)
	}
	return out
}

func TestClockFarAhead(t *testing.T) {
	for _, lateness := range []time.Duration{0, 5 * time.Minute} {
		t.Run(lateness.String(), func(t *testing.T) {
			in := minuteInput(t, Config{Lateness: lateness})
			order := slices.Concat(every(0, 20, 1), []int{year, year}, every(20, 40, 1), []int{2 * year}, every(40, 60, 1))
			out := passed(t, in, order...)
			require.Equal(t, every(0, 60-int(lateness/time.Minute), 1), out)
			st := in.Stats()
			require.Equal(t, uint64(2), st.Outliers)
			require.Equal(t, uint64(1), st.Duplicate)
			require.Zero(t, st.Late)
		})
	}
}

// After an outage all samples pass, the first one with the second.
func TestClockAfterAnOutage(t *testing.T) {
	in := minuteInput(t, Config{})
	require.Equal(t, every(0, 20, 1), passed(t, in, every(0, 20, 1)...))
	require.Empty(t, passed(t, in, 5000))
	require.Empty(t, passed(t, in, 5000))
	require.Empty(t, passed(t, in, 19)) // neither a duplicate nor an old sample says anything
	require.Equal(t, []int{5000, 5001}, passed(t, in, 5001))
	require.Equal(t, []int{5002}, passed(t, in, 5002))
	// A shorter one is no matter.
	require.Equal(t, []int{5060}, passed(t, in, 5060))
	// Nor are an outlier beside the first sample, and single samples between outages.
	require.Equal(t, []int{9000, 9001, 9002}, passed(t, in, year, 9000, 2*year, 9001, 9002))
	require.Equal(t, []int{10000, 15000, 15001}, passed(t, in, 10000, 15000, 15001))
	require.Equal(t, uint64(1), in.Stats().Late)
}

func TestClockOfRareSamples(t *testing.T) {
	const day = 1440
	in := minuteInput(t, Config{})
	require.Equal(t, every(0, 20*day, day), passed(t, in, every(0, 20*day, day)...))
	require.Equal(t, []int{20 * day, 21 * day}, passed(t, in, year, 20*day, 2*year, 21*day))
	// From a sample a minute to one a day.
	in = minuteInput(t, Config{})
	order := append(every(0, 100, 1), every(day, 20*day, day)...)
	require.Equal(t, order, passed(t, in, order...))
	// Many wrong clocks, each another, take bounded memory.
	in = minuteInput(t, Config{})
	require.Equal(t, []int{0}, passed(t, in, 0))
	for k := range 100 {
		require.Empty(t, passed(t, in, (200-k)*year))
		require.LessOrEqual(t, len(in.ahead), maxAhead)
	}
}

func TestClockSettings(t *testing.T) {
	in := minuteInput(t, Config{Jump: -1, Behind: -1})
	require.Equal(t, []int{0, 1, year}, passed(t, in, 0, 1, year))
	require.Empty(t, passed(t, in, every(2, 5000, 1)...))
	in = minuteInput(t, Config{Jump: 2 * time.Minute, Behind: 10 * time.Minute})
	require.Equal(t, []int{0, 2, 5, 6}, passed(t, in, 0, 2, 5, 6))
	require.Equal(t, []int{-10, -9}, passed(t, in, every(-20, -8, 1)...))
	// Samples within the lateness are no jump.
	in = minuteInput(t, Config{Jump: time.Minute, Lateness: 10 * time.Minute})
	require.Equal(t, []int{0, 1}, passed(t, in, 0, 10, 1, 11))
}

// A clock that was ahead and is set right costs what Behind says.
func TestClockSetBack(t *testing.T) {
	for _, lateness := range []int{0, 5} {
		t.Run(fmt.Sprintf("lateness %d min", lateness), func(t *testing.T) {
			in := minuteInput(t, Config{Lateness: time.Duration(lateness) * time.Minute})
			require.Len(t, passed(t, in, every(10000, 11000, 1)...), 1000-lateness)
			require.Empty(t, passed(t, in, every(2000, 2360, 1)...))
			require.Equal(t, every(2360, 3000-lateness, 1), passed(t, in, every(2360, 3000, 1)...))
			st := in.Stats()
			require.Equal(t, uint64(1), st.Rewinds)
			require.Equal(t, uint64(lateness), st.Outliers)
			require.Equal(t, uint64(360), st.Late)
		})
	}
}

// Old samples that come beside those of now, or in no order, or of fewer than six hours
// are late and nothing else.
func TestClockIsNotSetBackByLateSamples(t *testing.T) {
	in := minuteInput(t, Config{})
	var beside []int
	for i := range 2000 {
		beside = append(beside, 10000+i, 2000+i)
	}
	require.Equal(t, every(10000, 12000, 1), passed(t, in, beside...))
	require.Empty(t, passed(t, in, every(9000, 9360, 1)...))
	require.Empty(t, passed(t, in, every(9000, 9360, 1)...))
	rng := rand.New(rand.NewPCG(1, 1))
	require.Empty(t, passed(t, in, rng.Perm(5000)...))
	require.Equal(t, []int{12000}, passed(t, in, 12000))
	require.Zero(t, in.Stats().Rewinds)
}

// Two samples of a wrong clock are an outage to Input; with lateness the wrong ones wait
// while the right ones pass.
func TestClockFarAheadTwice(t *testing.T) {
	in := minuteInput(t, Config{Lateness: 5 * time.Minute})
	out := passed(t, in, slices.Concat(every(0, 100, 1), []int{year, year + 1}, every(100, 1000, 1))...)
	require.Equal(t, every(0, 995, 1), out)
	require.Equal(t, uint64(2), in.Stats().Outliers)
	require.Equal(t, uint64(1), in.Stats().Rewinds)
	in = minuteInput(t, Config{})
	out = passed(t, in, slices.Concat(every(0, 100, 1), []int{year, year + 1}, every(100, 1000, 1))...)
	require.Equal(t, slices.Concat(every(0, 100, 1), []int{year, year + 1}, every(460, 1000, 1)), out)
}

// The first two samples after an outage of just an hour come in the wrong order.
func TestOutageOfAnHourInTheWrongOrder(t *testing.T) {
	in := minuteInput(t, Config{Lateness: 5 * time.Minute})
	out := passed(t, in, slices.Concat(every(0, 100, 1), []int{160, 159}, every(161, 200, 1))...)
	require.Equal(t, slices.Concat(every(0, 100, 1), every(159, 195, 1)), out)
	require.Zero(t, in.Stats().Outliers)
}

func TestCounterAfterAReturn(t *testing.T) {
	in := minuteInput(t, Config{Behind: 3 * time.Minute, Metrics: map[string]Rule{"a": {Counter: true}}})
	var rates []float64
	for k, i := range []int{100, 101, 0, 1, 2, 3, 4} {
		out, err := in.Push(minute(i), []float64{float64(k * 600)})
		require.NoError(t, err)
		for _, s := range out {
			rates = append(rates, s.Values[0])
		}
	}
	require.Equal(t, "[NaN 10 NaN 10]", fmt.Sprint(rates))
}

// Delivery in any order within the lateness, twice, over outages, and with wrong clocks
// among it gives the samples in order.
func TestClockAndDelivery(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 5))
		var times []int
		for at := 0; len(times) < 300; at++ {
			if rng.IntN(60) == 0 {
				at += rng.IntN(6000)
			}
			times = append(times, at)
		}
		times = append(times, times[299]+1, times[299]+2) // the last outage is borne out
		cfg := Config{Lateness: 10 * time.Minute}
		order := deliver(times, 10, rng)
		wrong := 0
		for _, k := range []int{250, 150, 50} {
			if rapid.Bool().Draw(rt, "wrong") {
				order = slices.Insert(order, k, year*(k+1), year*(k+1))
				wrong++
			}
		}
		in := minuteInput(rt, cfg)
		var out []int
		for part := range slices.Chunk(order, 1+rng.IntN(100)) {
			out = append(out, passed(rt, in, part...)...)
		}
		for _, s := range in.Flush() {
			out = append(out, int(s.Values[0]))
		}
		require.Equal(rt, times, out)
		require.Equal(rt, uint64(wrong), in.Stats().Outliers)
		require.Zero(rt, in.Stats().Late)
	})
}

// deliver orders the times, a few twice, so that none comes after one that is later by
// more than the lateness.
func deliver(times []int, lateness int, rng *rand.Rand) []int {
	type arrival struct{ sent, at int }
	var all []arrival
	for _, at := range times {
		for range 1 + rng.IntN(5)/4 {
			all = append(all, arrival{at, at + rng.IntN(lateness+1)})
		}
	}
	slices.SortStableFunc(all, func(a, b arrival) int { return a.at - b.at })
	out := make([]int, len(all))
	for i, a := range all {
		out[i] = a.sent
	}
	return out
}
