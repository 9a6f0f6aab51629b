package dataset

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// place returns all faults in the order of their rows. It chooses free rows for those of
// Inject.
func (h *host) place() ([]Fault, error) {
	faults := slices.Clone(h.cfg.Faults)
	for i, f := range faults {
		if err := h.checkFault(f); err != nil {
			return nil, fmt.Errorf("%w: Generate: fault %d: %w", ErrOption, i, err)
		}
	}
	rng := rand.New(rand.NewPCG(h.cfg.Seed, 0x6576656e7473))
	for _, kind := range h.cfg.Inject {
		if kind < OutOfRange || kind > Stuck {
			return nil, fmt.Errorf("%w: Generate: Inject: %v", ErrOption, kind)
		}
		f, ok := h.freePlace(rng, kind, faults)
		if !ok {
			return nil, fmt.Errorf("%w: Generate: %d rows have no place left for a fault of kind %v", ErrOption, h.cfg.Rows, kind)
		}
		faults = append(faults, f)
	}
	slices.SortStableFunc(faults, func(a, b Fault) int { return cmp.Compare(a.Start, b.Start) })
	for i := 1; i < len(faults); i++ {
		if a, b := faults[i-1], faults[i]; a.Start+a.Length > b.Start {
			return nil, fmt.Errorf("%w: Generate: the faults of rows %d and %d overlap", ErrOption, a.Start, b.Start)
		}
	}
	return faults, nil
}

func (h *host) checkFault(f Fault) error {
	switch {
	case f.Kind < OutOfRange || f.Kind > Stuck:
		return fmt.Errorf("the kind is %v", f.Kind)
	case !slices.Contains(HostMetrics(), f.Metric):
		return fmt.Errorf("the metric is %q, not one of %s", f.Metric, quoteNames(HostMetrics()))
	case f.Length < 1 || f.Start < 0 || f.Start >= h.cfg.Rows || f.Length > h.cfg.Rows-f.Start:
		return fmt.Errorf("%d rows from row %d of %d", f.Length, f.Start, h.cfg.Rows)
	case f.Kind == Stuck && f.Length < 2:
		return fmt.Errorf("a value stuck for %d row", f.Length)
	}
	return nil
}

// freePlace chooses the rows and the metric of a fault. A broken correlation shows only where
// the load is far from its mean: freePlace takes the first place where the load is beyond one
// standard deviation, or the place with the largest load of a thousand.
func (h *host) freePlace(rng *rand.Rand, kind FaultKind, taken []Fault) (best Fault, ok bool) {
	length := h.lengthOf(kind)
	if length > h.cfg.Rows {
		return Fault{}, false
	}
	metric := HostMetrics()[rng.IntN(len(hostShapes))]
	top := -1.0
	for range 1000 {
		f := Fault{Kind: kind, Metric: metric, Start: rng.IntN(h.cfg.Rows - length + 1), Length: length}
		if slices.ContainsFunc(taken, func(o Fault) bool { return f.Start <= o.Start+o.Length && o.Start <= f.Start+f.Length }) {
			continue
		}
		load := math.Abs(h.meanLoad(f))
		if kind != BrokenCorrelation || load > 1 {
			return f, true
		}
		if load > top {
			best, top = f, load
		}
	}
	return best, top >= 0
}

func (h *host) lengthOf(kind FaultKind) int {
	length, least := 60, 1
	switch kind {
	case OutOfRange:
		length = 5
	case BrokenCorrelation:
		length = 10
	case Stuck:
		least = 2
	}
	if h.cfg.Independent && kind != Stuck {
		length = 1
	}
	return max(least, min(length, h.cfg.Rows/20))
}

func (h *host) meanLoad(f Fault) float64 {
	sum := 0.0
	for _, v := range h.load[f.Start : f.Start+f.Length] {
		sum += v
	}
	return sum / float64(f.Length)
}

// inject changes a metric in the rows of a fault. It leaves a stuck metric to matrix, which
// has the final values.
func (h *host) inject(f Fault) {
	m := slices.Index(HostMetrics(), f.Metric)
	z, s := h.z[m], h.cfg.Strength
	side := 1.0
	if h.meanLoad(f) > 0 {
		side = -1
	}
	for i := f.Start; i < f.Start+f.Length; i++ {
		// The metric keeps a little of its own noise; otherwise it would be stuck as well.
		own := z[i] - hostShapes[m].weight*h.load[i]
		switch f.Kind {
		case OutOfRange:
			z[i] = h.hi[m] + 2.5*s + math.Abs(own)/4
		case LevelShift:
			z[i] += 2.5 * s
		case BrokenCorrelation:
			z[i] = math.Min(math.Max(side*2*s+own/4, h.lo[m]), h.hi[m])
		}
	}
}
