package onnx

import (
	"math"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/season"
	"github.com/metric-streams/anomaly/dataset"
)

// Scaled values are held between these limits. That of single precision leaves room for squares.
const (
	limitDouble = 1e100
	limitFloat  = 1e15
)

func (g *graph) limit() float64 {
	if g.precise {
		return limitDouble
	}
	return limitFloat
}

// scaled are the rows after scaling.
type scaled struct {
	values   string // N×d; anything where a value is missing
	known    string // N×d, bool: the value is a finite number
	complete string // N, bool: all values of the row are
	infinite string // N×d, bool
}

func hasSeason(p dagmm.Parameters) bool { return p.Season != nil && p.Season.Kind != season.Flat }

// deseasonalise takes the season of the input hour out of the metrics.
func (s scorer) deseasonalise(metrics string) string {
	var offsets []float64
	week := s.p.Season.WeekOffsets()
	for _, row := range week {
		offsets = append(offsets, row...)
	}
	hour := s.g.input("hour", typeInt64, "hours since Sunday 0:00 in the time zone of season_zone, 0 to 167", rows)
	table := s.g.numbers("season", offsets, len(week), len(s.p.Columns))
	return s.g.op("Sub", metrics, s.g.gather(table, 0, hour))
}

// scale scales the metrics and says which of them are there.
func (s scorer) scale(metrics string) scaled {
	g := s.g
	largest, zero := g.scalar("largest number", g.largest()), g.scalar("0", 0)
	size := g.op("Abs", metrics)
	known := g.op("LessOrEqual", size, largest) // no comparison with NaN holds
	out := scaled{known: known, complete: g.none(g.op("Not", known))}
	if s.m.HasContext() {
		out.infinite = g.op("Greater", size, largest)
	}
	out.values = s.standardise(s.transform(g.where(known, metrics, zero)))
	return out
}

// none reports by row whether no flag is set.
func (g *graph) none(flags string) string {
	return g.op("Less", g.sum(g.cast(flags, g.float()), 1), g.scalar(".5", .5))
}

// transform takes the logarithm of the columns that want it: sign(x)·log(1 + |x|/unit).
func (s scorer) transform(x string) string {
	g, d := s.g, len(s.p.Columns)
	logarithmic, units := make([]bool, d), make([]float64, d)
	all, none := true, true
	for j, c := range s.p.Scaler.Columns {
		logarithmic[j], units[j] = c.Transform == dataset.Log1p, 1
		if logarithmic[j] {
			units[j] = c.Unit
		}
		all, none = all && logarithmic[j], none && !logarithmic[j]
	}
	if none {
		return x
	}
	u := g.op("Div", g.op("Abs", x), g.factors("units", units, d))
	largest := g.scalar("largest number", g.largest())
	y := g.where(g.op("Greater", u, largest), u, g.log1p(u)) // infinite stays so
	y = g.where(g.op("Less", x, g.scalar("0", 0)), g.op("Neg", y), y)
	if all {
		return y
	}
	return g.where(g.flags(logarithmic, d), y, x)
}

// standardise is (x − center)/scale, less the dead zone of constant metrics.
func (s scorer) standardise(x string) string {
	g, d := s.g, len(s.p.Columns)
	center, rest, scale, dead := make([]float64, d), make([]float64, d), make([]float64, d), make([]float64, d)
	lost, zones := false, false
	for j, c := range s.p.Scaler.Columns {
		center[j], scale[j], dead[j] = c.Center, c.Scale, c.Dead
		if single := float64(float32(c.Center)); !g.precise && !math.IsInf(single, 0) {
			rest[j] = c.Center - single
		}
		lost, zones = lost || rest[j] != 0, zones || c.Dead != 0
	}
	y := g.op("Sub", x, g.numbers("centers", center, d))
	if lost { // a center in single precision may be far off in multiples of its scale
		y = g.op("Sub", y, g.numbers("centers", rest, d))
	}
	y = g.op("Div", y, g.factors("scales", scale, d))
	if zones {
		negative := make([]float64, d)
		for j, v := range dead {
			negative[j] = -v
		}
		y = g.op("Sub", y, g.between(y, g.numbers("dead zones", dead, d), g.numbers("dead zones", negative, d)))
	}
	return g.between(y, g.scalar("limit", g.limit()), g.scalar("limit", -g.limit()))
}
