package report

import (
	"math"
	"time"

	"github.com/metric-streams/anomaly/internal/format"
)

// tick is a mark of an axis: where it lies, in per cent of the axis, and what it says.
type tick struct {
	At   float64
	Text string
}

// niceTicks returns round values from low to high, about count of them and at least two where
// there is room.
func niceTicks(low, high float64, count int) []float64 {
	raw := (high - low) / float64(max(count, 1))
	if !(raw > 0) || math.IsInf(raw, 0) {
		return []float64{low}
	}
	size := math.Pow(10, math.Floor(math.Log10(raw)))
	var out []float64
	for _, m := range []float64{10, 5, 2, 1} {
		if m < 10 && len(out) >= 2 && m*size < raw*.99 {
			break
		}
		out = multiples(m*size, low, high)
	}
	if len(out) == 0 {
		return []float64{low}
	}
	return out
}

// multiples returns those of step from low to high.
func multiples(step, low, high float64) []float64 {
	var out []float64
	digits := math.Ceil(-math.Log10(step))
	for k := math.Ceil(low/step - 1e-9); k*step <= high+1e-9*step && len(out) < 50; k++ {
		v := k * step
		if digits > 0 && digits < 300 { // 3 × 0.1 is to read 0.3
			p := math.Pow(10, digits)
			v = math.Round(v*p) / p
		}
		out = append(out, v+0)
	}
	return out
}

// numberTicks labels niceTicks; at gives the place of a value, in per cent.
func numberTicks(low, high float64, count int, at func(float64) float64) []tick {
	var out []tick
	for _, v := range niceTicks(low, high, count) {
		if t := (tick{at(v), format.Number(v)}); len(out) == 0 || out[len(out)-1].Text != t.Text {
			out = append(out, t)
		}
	}
	return out
}

// X is the place of a mark of a horizontal axis in the coordinates of a strip.
func (t tick) X() float64 { return t.At * stripWidth / 100 }

// Anchor is the part of a horizontal axis' label that stands at its mark, so that the label
// stays inside the chart.
func (t tick) Anchor() string {
	switch {
	case t.At < 14:
		return "start"
	case t.At > 86:
		return "end"
	}
	return "middle"
}

const day = 24 * time.Hour

// timeSteps are the round steps between ticks of time.
var timeSteps = []time.Duration{
	time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	day, 2 * day, 7 * day, 14 * day, 30 * day, 91 * day, 365 * day, 10 * 365 * day, 100 * 365 * day,
}

// timeTicks returns round times from first to last, at most count of them. They are round
// in the zone of first.
func timeTicks(first, last time.Time, count int) []tick {
	span := last.Sub(first)
	if span <= 0 {
		return nil
	}
	step := timeSteps[len(timeSteps)-1]
	for _, s := range timeSteps {
		if span/s < time.Duration(count) {
			step = s
			break
		}
	}
	_, offset := first.Zone()
	shift := time.Duration(offset) * time.Second
	var out []tick
	for t := first.Add(shift).Truncate(step).Add(-shift); !t.After(last) && len(out) <= count; t = t.Add(step) {
		if !t.Before(first) {
			out = append(out, tick{100 * float64(t.Sub(first)) / float64(span), t.In(first.Location()).Format(tickLayout(step, span))})
		}
	}
	return out
}

// tickLayout shows what changes from tick to tick, and the day where there are several.
func tickLayout(step, span time.Duration) string {
	switch {
	case step >= 30*day:
		return "2 Jan 2006"
	case step >= day:
		return "2 Jan"
	case span > day:
		return "2 Jan 15:04"
	case step >= time.Minute:
		return "15:04"
	case step >= time.Second:
		return "15:04:05"
	}
	return "15:04:05.000"
}
