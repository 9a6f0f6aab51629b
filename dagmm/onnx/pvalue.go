package onnx

import (
	"math"

	"github.com/metric-streams/anomaly/dagmm"
)

// pValue looks energies up in the calibration. The tables are what the model says of its own
// calibration energies and of those just below them.
func (s scorer) pValue(energy string) string {
	g, known := s.g, s.m.Calibration().Energies
	n := len(known)
	// The energies lie in blocks of about √n. Counting the blocks that end below an energy, and
	// then the energies of the next block that lie below it, finds its place.
	size := int(math.Ceil(math.Sqrt(float64(n))))
	blocks := (n + size - 1) / size
	padded := make([]float64, (blocks+1)*size)
	at, below := make([]float64, len(padded)), make([]float64, len(padded))
	for i := range padded {
		padded[i], at[i], below[i] = math.Inf(1), s.m.PValue(math.Inf(1)), s.m.PValue(math.Inf(1))
		if i < n {
			padded[i], at[i] = known[i], s.m.PValue(known[i])
			below[i] = s.m.PValue(math.Nextafter(known[i], math.Inf(-1)))
		}
	}
	ends := make([]float64, blocks)
	for b := range ends {
		ends[b] = padded[(b+1)*size-1]
	}
	column := g.unsqueeze(energy, 1)
	count := func(energies string) string {
		return g.sum(g.cast(g.op("Less", energies, column), typeInt64), 1)
	}
	table := g.numbers("calibration", padded, blocks+1, size)
	block := count(g.numbers("calibration", ends, blocks))
	within := count(g.gather(table, 0, block))
	place := g.op("Add", g.op("Mul", block, g.indices([]int{size})), within)

	p := g.gather(g.numbers("p-values", below, len(below)), 0, place)
	if s.p.Calibration.Rank == nil {
		return p
	}
	// Where energies were thinned out, one that is known counts less than one just below.
	reached := g.op("LessOrEqual", g.gather(g.op("Reshape", table, g.indices([]int{-1}, 1)), 0, place), energy)
	return g.where(reached, g.gather(g.numbers("p-values", at, len(at)), 0, place), p)
}

// tailPValue continues the p-values with the fitted tail.
func (s scorer) tailPValue(energy, p string) string {
	g, t := s.g, s.m.Tail()
	if t.Kind == dagmm.TailConformal {
		return p
	}
	above := g.scalar("tail", t.Above)
	y := g.op("Div", g.op("Sub", energy, above), g.factor("scale of the tail", t.Scale))
	least := g.scalar("least p-value", t.PValue(math.MaxFloat64))
	var share string
	if math.Abs(t.Shape) < 1e-9 {
		share = g.op("Exp", g.op("Neg", y))
	} else {
		base := g.op("Add", g.scalar("1", 1), g.op("Mul", y, g.scalar("shape of the tail", t.Shape)))
		share = g.op("Pow", base, g.scalar("shape of the tail", -1/t.Shape))
		zero := g.scalar("0", 0)
		share = g.where(g.op("Greater", base, zero), share, zero) // beyond the end
	}
	tail := g.op("Mul", share, g.scalar("least p-value", s.m.PValue(math.Inf(1))))
	tail = g.where(g.op("Less", tail, least), least, tail)
	return g.where(g.op("Greater", energy, above), tail, p)
}
