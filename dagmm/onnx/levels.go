package onnx

// recentLevels returns the features of samples and the levels after them. As in the model, a
// metric that is seen for the first time does not deviate from its levels.
func (s scorer) recentLevels(in scaled) (features, next string) {
	g, d, c := s.g, len(s.p.Columns), s.p.RecentLevels
	n := len(c.Alphas)
	levels := g.input("levels", g.float(), "recent levels and previous values of each stream, scaled; NaN where nothing was seen", rows, n+1, d)
	every := make([]int, n)
	for i := range every {
		every[i] = i
	}
	before := g.gather(levels, 1, g.indices(every, n))   // N×n×d
	previous := g.gather(levels, 1, g.indices([]int{n})) // N×d
	seen := g.op("Not", g.op("IsNaN", previous))
	current := g.unsqueeze(in.values, 1) // N×1×d

	level := g.where(g.unsqueeze(seen, 1), before, current)
	deviation := g.op("Sub", current, level)
	moved := g.op("Add", level, g.op("Mul", g.factors("smoothing factors", c.Alphas, n, 1), s.bounded(deviation)))
	if c.Gains != nil {
		deviation = g.op("Mul", deviation, g.factors("gains", c.Gains, n, d))
	}
	flat := g.indices([]int{-1, n * d}, 2)
	features = g.concat(1, in.values, g.op("Reshape", deviation, flat), g.op("Reshape", level, flat), g.where(seen, previous, in.values))

	accepted := g.unsqueeze(g.none(in.infinite), 1)          // N×1: the model refuses other rows
	taken := g.unsqueeze(g.op("And", in.known, accepted), 1) // N×1×d
	next = g.where(taken, g.concat(1, moved, current), levels)
	return features, next
}

// bounded limits by how much a sample may pull a level.
func (s scorer) bounded(deviation string) string {
	step := s.p.RecentLevels.Step
	if step == 0 {
		return deviation
	}
	return s.g.between(deviation, s.g.factor("step", step), s.g.scalar("step", -step))
}
