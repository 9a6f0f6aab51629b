package onnx

import (
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/gmm"
)

// mixture is the energies −log Σk exp(logwk − ½·|Lk⁻¹(z−μk)|²) of the points z (N×d).
func (g *graph) mixture(mix *gmm.Mixture, z, what string) string {
	k, d := mix.Components(), mix.Dim()
	var means, weights, diagonals, factors []float64
	for c := range k {
		means = mix.Mean(means, c)
		logw, inverse := mix.LogDensity(c)
		weights = append(weights, logw)
		for i := range d {
			diagonals = append(diagonals, inverse.At(i, i))
		}
		if !mix.Diagonal() { // transposed, because the points are rows
			factors = append(factors, mat.DenseCopyOf(inverse.T()).RawMatrix().Data...)
		}
	}
	// K×N×d: the points as each component sees them.
	w := g.op("Sub", g.unsqueeze(z, 0), g.numbers(what+": means", means, k, 1, d))
	g.checkFactors(what+": reciprocal deviations", diagonals)
	if mix.Diagonal() {
		w = g.op("Mul", w, g.numbers(what+": reciprocal deviations", diagonals, k, 1, d))
	} else {
		w = g.op("MatMul", w, g.numbers(what+": whitening", factors, k, d, d))
	}
	squares := g.op("Mul", g.sum(g.op("Mul", w, w), 2), g.scalar(".5", .5))
	logs := g.op("Sub", g.numbers(what+": log weights", weights, k, 1), squares) // K×N
	if k == 1 {
		return g.op("Neg", g.op("Squeeze", logs, g.indices([]int{0}, 1)))
	}
	return g.op("Neg", g.logSumExp(logs))
}

// logSumExp is log Σ exp(x) along axis 0, and −∞ where every x is.
func (g *graph) logSumExp(x string) string {
	top := g.with("ReduceMax", []attribute{{name: "axes", values: []int{0}, list: true}, number("keepdims", 1)}, x)
	lowest := g.scalar("lowest number", -g.largest())
	top = g.where(g.op("Less", top, lowest), lowest, top) // −∞ − −∞ would not be a number
	rest := g.op("Log", g.sum(g.op("Exp", g.op("Sub", x, top)), 0))
	return g.op("Add", rest, g.op("Squeeze", top, g.indices([]int{0}, 1)))
}
