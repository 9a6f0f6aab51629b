package dagmm

import (
	"fmt"
	"math"
)

// RecentLevels says what a model sees beside the current sample: recent levels of each metric. A
// level is an exponentially weighted mean of the metric's scaled values up to the previous
// sample; there is one for each smoothing factor. The zero RecentLevels means no context.
type RecentLevels struct {
	Alphas []float64 `json:"alphas,omitempty"` // weight of the newest sample, in (0, 1]
	// Gains multiply the deviations from the levels: one gain for each level and metric, level
	// by level. nil means 1.
	Gains []float64 `json:"gains,omitempty"`
	// Step bounds how far a sample may lie from a level, in scaled units, when it moves that
	// level. Without it one absurd value would bend the levels, and with them the energies, for
	// hours. 0 means no bound.
	Step float64 `json:"step,omitempty"`
}

// blocks returns the number of blocks of features that a sample has, each as wide as the
// metrics. The first holds the current values. With context there follow the deviations
// from each level, the levels, and the previous values.
func (c RecentLevels) blocks() int {
	if len(c.Alphas) == 0 {
		return 1
	}
	return 2 + 2*len(c.Alphas)
}

// Current returns the indices of the current values of width metrics.
func (c RecentLevels) Current(width int) []int { return indices(0, width) }

// Deviations returns the indices of the current values and of their deviations from each
// level.
func (c RecentLevels) Deviations(width int) []int { return indices(0, (1+len(c.Alphas))*width) }

// Past returns the indices of the levels and of the previous values: what is known before
// the sample comes.
func (c RecentLevels) Past(width int) []int {
	return indices((1+len(c.Alphas))*width, c.blocks()*width)
}

func indices(from, to int) []int {
	out := make([]int, 0, to-from)
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	return out
}

func (c RecentLevels) check(width int) error {
	if c.Gains != nil && len(c.Gains) != len(c.Alphas)*width {
		return fmt.Errorf("dagmm: context: %d gains for %d scales of %d metrics: %w", len(c.Gains), len(c.Alphas), width, ErrModel)
	}
	for _, g := range c.Gains {
		if !(g > 0) || math.IsInf(g, 0) {
			return fmt.Errorf("dagmm: context: gain %g: %w", g, ErrModel)
		}
	}
	if !(c.Step >= 0) || math.IsInf(c.Step, 0) {
		return fmt.Errorf("dagmm: context: step %g: %w", c.Step, ErrModel)
	}
	for _, a := range c.Alphas {
		if !(a > 0 && a <= 1) {
			return fmt.Errorf("dagmm: context: smoothing factor %g is not in (0, 1]: %w", a, ErrModel)
		}
	}
	return nil
}

// history is the context of one stream at a moment.
type history struct {
	alphas   []float64
	gains    []float64
	step     float64
	width    int
	seen     []bool    // per metric: has a level
	levels   []float64 // scale by scale
	previous []float64
}

func newHistory(c RecentLevels, width int) *history {
	step := c.Step
	if step == 0 {
		step = math.Inf(1)
	}
	return &history{alphas: c.Alphas, gains: c.Gains, step: step, width: width, seen: make([]bool, width),
		levels: make([]float64, len(c.Alphas)*width), previous: make([]float64, width)}
}

// features writes the features of the scaled sample y, which has no NaN, into dst. A metric
// that is seen for the first time does not deviate from its levels.
func (h *history) features(dst, y []float64) {
	w := h.width
	copy(dst[:w], y)
	if len(h.alphas) == 0 {
		return
	}
	past := dst[(1+len(h.alphas))*w:]
	for j, v := range y {
		for s := range h.alphas {
			level := v
			if h.seen[j] {
				level = h.levels[s*w+j]
			}
			dst[(1+s)*w+j] = (v - level) * h.gain(s, j)
			past[s*w+j] = level
		}
		past[len(h.alphas)*w+j] = v
		if h.seen[j] {
			past[len(h.alphas)*w+j] = h.previous[j]
		}
	}
}

// gain returns what the deviation of metric j from level s is multiplied by.
func (h *history) gain(s, j int) float64 {
	if h.gains == nil {
		return 1
	}
	return h.gains[s*h.width+j]
}

// replace sets the current value of metric j in f, which features made.
func (h *history) replace(f []float64, j int, v float64) {
	w := h.width
	f[j] = v
	for s := range h.alphas {
		f[(1+s)*w+j] = (v - f[(1+len(h.alphas)+s)*w+j]) * h.gain(s, j)
	}
}

// observe moves the levels by the scaled sample y. A NaN leaves its metric's levels alone.
func (h *history) observe(y []float64) {
	w := h.width
	for j, v := range y {
		if v != v {
			continue
		}
		for s, a := range h.alphas {
			if !h.seen[j] {
				h.levels[s*w+j] = v
			} else {
				h.levels[s*w+j] += float64(a * bounded(v-h.levels[s*w+j], h.step))
			}
		}
		h.previous[j], h.seen[j] = v, true
	}
}

// column is features and observe for n samples without NaN of metric j, one after the other.
// Feature i of sample r is f[i*n+r]; the current values stand there already.
func (h *history) column(f []float64, j, n int) {
	w, scales := h.width, len(h.alphas)
	feature := func(block int) []float64 { return f[(block*w+j)*n:][:n] }
	values := feature(0)
	before := h.previous[j]
	if !h.seen[j] {
		before = values[0]
	}
	for s, a := range h.alphas {
		level := h.levels[s*w+j]
		if !h.seen[j] {
			level = values[0] // from which it then does not move
		}
		gain, deviations, levels := h.gain(s, j), feature(1+s), feature(1+scales+s)
		for r, v := range values {
			deviations[r], levels[r] = (v-level)*gain, level
			level += float64(a * bounded(v-level, h.step))
		}
		h.levels[s*w+j] = level
	}
	past := feature(1 + 2*scales)
	past[0] = before
	copy(past[1:], values)
	h.previous[j], h.seen[j] = values[n-1], true
}

// bounded returns v held between −limit and limit. The builtin min and max are slow on
// floats.
func bounded(v, limit float64) float64 {
	if v > limit {
		return limit
	}
	if v < -limit {
		return -limit
	}
	return v
}

func (h *history) clone() *history {
	c := *h
	c.seen = append([]bool(nil), h.seen...)
	c.levels = append([]float64(nil), h.levels...)
	c.previous = append([]float64(nil), h.previous...)
	return &c
}
