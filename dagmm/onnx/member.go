package onnx

import (
	"fmt"
	"math"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/dagmm"
)

// energies averages the energies of the members, by their weights.
func (s scorer) energies(features string) (energy string) {
	g, shares := s.g, s.p.Shares()
	for i := range s.p.Members {
		what := fmt.Sprintf("member %d", i)
		terms := s.terms(&s.p.Members[i], features, what)
		share := g.factor(what+": share", shares[i]/float64(len(terms)))
		for _, e := range terms {
			e = g.op("Mul", e, share)
			if energy != "" {
				e = g.op("Add", energy, e)
			}
			energy = e
		}
	}
	return energy
}

// terms are the energies of a member's mixtures, or the evidence that replaces them.
func (s scorer) terms(m *dagmm.Member, features, what string) []string {
	terms := s.mixtures(m, features, what)
	for i, e := range m.Evidence {
		terms[i] = s.evidence(terms[i], e, fmt.Sprintf("%s, mixture %d: evidence", what, i))
	}
	return terms
}

// evidence is that of the energies e. See dagmm.Evidence.
func (s scorer) evidence(e string, of dagmm.Evidence, what string) string {
	g := s.g
	if of.Curve == nil {
		e = g.line(e, what, of.At, -math.Log(1-dagmm.EvidenceQuantile), 1/of.Scale)
	} else {
		e = g.curve(e, what, of)
	}
	if s.p.Bound == 0 {
		return e
	}
	bound := g.scalar(what+": bound", s.p.Bound)
	beyond := g.op("Greater", e, bound)
	rise := g.op("Log", g.op("Mul", g.where(beyond, e, bound), g.factor(what+": 1/bound", 1/s.p.Bound)))
	return g.where(beyond, g.op("Add", bound, g.op("Mul", rise, g.factor(what+": beyond", dagmm.BeyondBound*s.p.Bound))), e)
}

// line is value + (x − at)·rate.
func (g *graph) line(x, what string, at, value, rate float64) string {
	x = g.op("Mul", g.op("Sub", x, g.scalar(what+": at", at)), g.factor(what+": rate", rate))
	return g.op("Add", x, g.scalar(what+": value", value))
}

// curve takes each energy to the line that it lies on.
func (g *graph) curve(energy, what string, of dagmm.Evidence) string {
	c, last := of.Curve, len(of.Curve)-1
	out := g.line(energy, what+" beyond", of.At, c[last].Evidence, 1/of.Scale)
	for i := last; i > 0; i-- {
		a, b, part := c[i-1], c[i], fmt.Sprintf("%s, point %d", what, i)
		line := g.line(energy, part, a.Energy, a.Evidence, (b.Evidence-a.Evidence)/(b.Energy-a.Energy))
		out = g.where(g.op("Greater", energy, g.scalar(part+": energy", b.Energy)), out, line)
	}
	zero := g.scalar("no evidence", 0)
	return g.where(g.op("Greater", out, zero), out, zero)
}

// mixtures are the energies of a member's mixtures. Without any it is the norm of the error
// features, that of a plain autoencoder.
func (s scorer) mixtures(m *dagmm.Member, features, what string) []string {
	g, k := s.g, m.Network.LatentDim()
	target := g.view(features, m.Targets, s.width())
	code := g.layers(m.Network.Encoder, g.view(features, m.Inputs, s.width()), what+": encoder")
	reconstruction := g.layers(m.Network.Decoder, code, what+": decoder")
	errors := g.op("Sub", target, reconstruction)
	if m.Features == autoencoder.RelativeCosine {
		errors = g.relativeCosine(target, reconstruction, errors, len(m.Targets))
	}
	if m.Scale != nil {
		errors = g.op("Mul", errors, g.factors(what+": scales of the error features", m.Scale[k:], len(m.Scale)-k))
	}
	if m.Clip != 0 {
		errors = g.asinh(g.op("Mul", errors, g.factor(what+": 1/clip", 1/m.Clip)))
		errors = g.op("Mul", errors, g.factor(what+": clip", m.Clip))
	}
	if len(m.Mixtures) == 0 {
		return []string{g.op("Sqrt", g.sum(g.op("Mul", errors, errors), 1))}
	}
	if m.Scale != nil {
		code = g.op("Mul", code, g.factors(what+": scales of the code", m.Scale[:k], k))
	}
	z := g.concat(1, code, errors)
	var out []string
	for i, mix := range m.Mixtures {
		out = append(out, g.mixture(mix, z, fmt.Sprintf("%s, mixture %d", what, i)))
	}
	return out
}

// width is the number of features.
func (s scorer) width() int {
	d, n := len(s.p.Columns), len(s.p.RecentLevels.Alphas)
	if n == 0 {
		return d
	}
	return (2 + 2*n) * d
}

// view is the columns of the given indices, out of width.
func (g *graph) view(x string, index []int, width int) string {
	same := len(index) == width
	for i, k := range index {
		same = same && i == k
	}
	if same {
		return x
	}
	key := fmt.Sprint("view of ", x, index)
	if g.made[key] == "" {
		g.made[key] = g.gather(x, 1, g.indices(index, len(index)))
	}
	return g.made[key]
}

// layers passes x (N×inputs) through dense layers.
func (g *graph) layers(layers []autoencoder.Layer, x, what string) string {
	for i, l := range layers {
		what := fmt.Sprintf("%s: layer %d", what, i)
		weights := len(l.Theta) - l.Out
		x = g.op("MatMul", x, g.numbers(what, l.Theta[:weights], l.In, l.Out))
		x = g.op("Add", x, g.numbers(what+": biases", l.Theta[weights:], l.Out))
		if !l.Linear {
			x = g.op("Tanh", x)
		}
	}
	return x
}

// relativeCosine is the paper's pair of error features (N×2) of the targets t, the
// reconstructions y and their difference.
func (g *graph) relativeCosine(t, y, difference string, width int) string {
	floor := g.scalar("least norm", autoencoder.NormFloor(width))
	norm := func(x string) string { return g.op("Sqrt", g.sum(g.op("Mul", x, x), 1)) }
	floored := func(x string) string {
		n := norm(x)
		return g.where(g.op("Less", n, floor), floor, n)
	}
	nt, ny := floored(t), floored(y)
	relative := g.op("Div", norm(difference), nt)
	cosine := g.op("Div", g.sum(g.op("Mul", t, y), 1), g.op("Mul", nt, ny))
	return g.concat(1, g.unsqueeze(relative, 1), g.unsqueeze(cosine, 1))
}
