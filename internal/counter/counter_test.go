package counter

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var nan = math.NaN()

func wholes(n ...uint64) (totals []Total) {
	for _, v := range n {
		totals = append(totals, Whole(v))
	}
	return totals
}

func floats(v ...float64) (totals []Total) {
	for _, x := range v {
		totals = append(totals, Approximate(x))
	}
	return totals
}

func fractions(v ...float64) (totals []Total) {
	for _, x := range v {
		totals = append(totals, Fractional(x))
	}
	return totals
}

func requireRate(t *testing.T, want, got float64, step int) {
	t.Helper()
	if math.IsNaN(want) {
		require.True(t, math.IsNaN(got), "step %d: %v", step, got)
		return
	}
	require.Equal(t, math.Float64bits(want), math.Float64bits(got), "step %d: %v, want %v", step, got, want)
}

func TestCounter(t *testing.T) {
	const top = math.MaxUint64
	for name, c := range map[string]struct {
		totals  []Total
		at      []int64 // seconds; nil is one after the other
		want    []float64
		outcome []Outcome
	}{
		"steady": {totals: wholes(100, 160, 190), at: []int64{0, 60, 120}, want: []float64{nan, 1, .5}, outcome: []Outcome{NoRate, Rate, Rate}},
		"idle":   {totals: wholes(7, 7, 17), want: []float64{nan, 0, 10}, outcome: []Outcome{NoRate, Rate, Rate}},
		"32-bit wrap": {totals: wholes(1<<32-296, 1<<32-96, 104, 304), want: []float64{nan, 200, 200, 200},
			outcome: []Outcome{NoRate, Rate, Wrapped, Rate}},
		"32-bit wrap, float64": {totals: floats(1<<32-296, 1<<32-96, 104, 304), want: []float64{nan, 200, 200, 200},
			outcome: []Outcome{NoRate, Rate, Wrapped, Rate}},
		"first step wraps": {totals: wholes(1<<32-6, 4), at: []int64{0, 2}, want: []float64{nan, 5}, outcome: []Outcome{NoRate, Wrapped}},
		"64-bit wrap": {totals: wholes(top-1000, top-500, 0), want: []float64{nan, 500, 501},
			outcome: []Outcome{NoRate, Rate, Wrapped}},
		"64-bit wrap, float64": {totals: floats(0x1p64-1<<20, 0x1p64-1<<19, 1500), want: []float64{nan, 1 << 19, 1<<19 + 1500},
			outcome: []Outcome{NoRate, Rate, Wrapped}},
		"64-bit wrap, rounded up to the limit": {totals: floats(0x1p64-4096, top, 1000), want: []float64{nan, 4096, 1000},
			outcome: []Outcome{NoRate, Rate, Wrapped}},
		"64-bit reset, float64":   {totals: floats(0x1p63, 0x1p63+1<<20, 5), want: []float64{nan, 1 << 20, nan}, outcome: []Outcome{NoRate, Rate, Reset}},
		"beyond 64 bits":          {totals: floats(0x1p65, 0x1p65+1<<20, 5), want: []float64{nan, 1 << 20, nan}, outcome: []Outcome{NoRate, Rate, Reset}},
		"fall of less than 1 ulp": {totals: wholes(1<<62+1, 1<<62), want: []float64{nan, nan}, outcome: []Outcome{NoRate, Reset}},
		"exact above 2^53":        {totals: wholes(1<<53+1, 1<<53+2), want: []float64{nan, 1}, outcome: []Outcome{NoRate, Rate}},
		"reset":                   {totals: wholes(5000, 6000, 100, 600), want: []float64{nan, 1000, nan, 500}, outcome: []Outcome{NoRate, Rate, Reset, Rate}},
		"reset, upper half": {totals: wholes(3000000000, 3000001000, 500, 1500), want: []float64{nan, 1000, nan, 1000},
			outcome: []Outcome{NoRate, Rate, Reset, Rate}},
		"first past 2^32, then below": {totals: wholes(5000000000, 4294967000, 10), want: []float64{nan, nan, nan}, outcome: []Outcome{NoRate, Reset, Reset}},
		"fall below zero":             {totals: floats(0x1p32-10, -5), want: []float64{nan, nan}, outcome: []Outcome{NoRate, Reset}},
		"fractions never wrap":        {totals: fractions(0x1p32-1.5, 0x1p32-.5, .5), want: []float64{nan, 1, nan}, outcome: []Outcome{NoRate, Rate, Reset}},
		"missing":                     {totals: floats(100, nan, 300), at: []int64{0, 10, 20}, want: []float64{nan, nan, 10}, outcome: []Outcome{NoRate, NoRate, Rate}},
		"infinite":                    {totals: floats(100, math.Inf(1), math.Inf(-1), 400), want: []float64{nan, nan, nan, 100}, outcome: []Outcome{NoRate, NoRate, NoRate, Rate}},
		"same time":                   {totals: wholes(100, 150, 300), at: []int64{0, 0, 10}, want: []float64{nan, nan, 20}, outcome: []Outcome{NoRate, NoRate, Rate}},
		"back in time":                {totals: wholes(100, 150, 300), at: []int64{50, 0, 10}, want: []float64{nan, nan, 15}, outcome: []Outcome{NoRate, NoRate, Rate}},
		"difference overflows":        {totals: floats(-1e308, 1e308, 1e308), want: []float64{nan, nan, 0}, outcome: []Outcome{NoRate, NoRate, Rate}},
		"fall overflows":              {totals: floats(1e308, -1e308), want: []float64{nan, nan}, outcome: []Outcome{NoRate, Reset}},
	} {
		t.Run(name, func(t *testing.T) {
			var k Counter
			for i, total := range c.totals {
				at := int64(i)
				if c.at != nil {
					at = c.at[i]
				}
				rate, outcome := k.Next(total, time.Unix(at, 0))
				requireRate(t, c.want[i], rate, i)
				require.Equal(t, c.outcome[i], outcome, "step %d", i)
			}
		})
	}
}

func TestRateOverflows(t *testing.T) {
	var k Counter
	k.Next(Approximate(0), time.Unix(0, 0))
	rate, outcome := k.Next(Approximate(1e300), time.Unix(0, 1))
	require.True(t, math.IsNaN(rate))
	require.Equal(t, NoRate, outcome)
}

func TestRewind(t *testing.T) {
	var k Counter
	k.Next(Whole(100), time.Unix(10, 0))
	k.Rewind(time.Unix(11, 0))
	rate, _ := k.Next(Whole(200), time.Unix(20, 0))
	require.Equal(t, 10., rate)
	k.Rewind(time.Unix(20, 0))
	_, outcome := k.Next(Whole(300), time.Unix(30, 0))
	require.Equal(t, NoRate, outcome, "the last total was forgotten")
	rate, _ = k.Next(Whole(500), time.Unix(40, 0))
	require.Equal(t, 20., rate)
}

func TestOutcomeString(t *testing.T) {
	require.Equal(t, []string{"no rate", "rate", "wrapped", "reset"}, []string{NoRate.String(), Rate.String(), Wrapped.String(), Reset.String()})
}
