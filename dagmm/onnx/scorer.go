package onnx

import (
	"math"

	"github.com/metric-streams/anomaly/dagmm"
)

// scorer puts the parts of a model together in a graph.
type scorer struct {
	g *graph
	m *dagmm.Model
	p dagmm.Parameters
}

const rows = -1 // in the dimensions of a port: as many as there are

func (s scorer) write() {
	g, d := s.g, len(s.p.Columns)
	metrics := g.input("metrics", g.float(), "rows in the metrics' own units; NaN is a missing value", rows, d)
	if hasSeason(s.p) {
		metrics = s.deseasonalise(metrics)
	}
	in := s.scale(metrics)
	features, next := in.values, ""
	if s.m.HasContext() {
		features, next = s.recentLevels(in)
	}
	energy := s.limited(s.energies(features))
	s.verdict(energy, in.complete)
	if next != "" {
		g.output(next, "next_levels", g.float(), "levels of the streams' next samples", rows, len(s.p.RecentLevels.Alphas)+1, d)
	}
}

// limited makes energies finite, as the model does.
func (s scorer) limited(energy string) string {
	largest := s.g.scalar("largest number", s.g.largest())
	return s.g.where(s.g.op("LessOrEqual", energy, largest), energy, largest)
}

// verdict writes what the model says of energies that are finite.
func (s scorer) verdict(energy, complete string) {
	g := s.g
	nan := g.scalar("NaN", math.NaN())
	p := s.pValue(energy)
	tail := s.tailPValue(energy, p)
	above := g.op("Greater", energy, g.scalar("threshold", s.p.Threshold))
	g.output(g.where(complete, energy, nan), "energy", g.float(), "higher is more abnormal; NaN where a value is missing", rows)
	g.output(g.where(complete, p, nan), "p_value", g.float(), "share of ordinary rows with an energy at least as high", rows)
	g.output(g.where(complete, tail, nan), "tail_p_value", g.float(), "p_value with a fitted tail beyond the highest known energy", rows)
	g.output(g.op("And", complete, above), "anomalous", typeBool, "energy > threshold", rows)
}
