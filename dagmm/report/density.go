package report

import (
	"math"
	"sort"
)

// bins is about the number of bars of the energy density.
const bins = 60

// scale is how an axis of energies is drawn: at asinh((E − Center)/Width), which is even around the usual energies and logarithmic far
// from them, or at E itself where Width is 0.
type scale struct {
	Center num `json:"center"`
	Width  num `json:"width"`
}

func (s scale) at(e float64) float64 {
	if s.Width == 0 {
		return e
	}
	return math.Asinh((e - float64(s.Center)) / float64(s.Width))
}

// back is the inverse of at.
func (s scale) back(u float64) float64 {
	if s.Width == 0 {
		return u
	}
	return math.Sinh(u)*float64(s.Width) + float64(s.Center)
}

// density is a histogram of the energies. The threshold is one of the edges, so that no bar holds both kinds of rows.
type density struct {
	Scale   scale `json:"scale"`
	Edges   []num `json:"edges"`   // on the drawn axis, one more than bars
	Normal  []num `json:"normal"`  // per cent of the rows that are not flagged
	Flagged []num `json:"flagged"` // per cent of the flagged rows
}

// densities returns the histogram on an even axis, and before it one on a compressed axis where the largest energies would otherwise
// squeeze the usual ones into a corner.
func densities(energies []float64, isFlagged []bool, threshold float64) []density {
	sorted := finite(energies)
	even := histogram(energies, isFlagged, threshold, scale{}, sorted)
	if s := densityScale(energies, threshold); s.Width != 0 {
		return []density{histogram(energies, isFlagged, threshold, s, sorted), even}
	}
	return []density{even}
}

// densityScale returns the axis on which all energies are legible.
func densityScale(energies []float64, threshold float64) scale {
	sorted := finite(energies)
	if len(sorted) == 0 {
		return scale{}
	}
	at := func(q float64) float64 { return sorted[int(q*float64(len(sorted)-1))] }
	width := math.Max(threshold-at(.5), at(.75)-at(.25))
	span := sorted[len(sorted)-1] - at(.5)
	if !(width > 0) || math.IsInf(width, 0) || span < 6*width {
		return scale{}
	}
	return scale{Center: num(at(.5)), Width: num(width)}
}

// histogram counts the energies; sorted are the finite ones in ascending order.
func histogram(energies []float64, isFlagged []bool, threshold float64, s scale, sorted []float64) density {
	d := density{Scale: s, Edges: []num{}, Normal: []num{}, Flagged: []num{}}
	if len(sorted) == 0 {
		return d
	}
	low, high := s.at(sorted[0]), s.at(sorted[len(sorted)-1])
	width := (high - low) / bins
	if !(width > 0) || math.IsInf(width, 0) {
		width = 1 // all energies are equal
	}
	// Move the first edge down so that the threshold falls on an edge; an energy at the threshold is not above it.
	first := low - width
	if t := s.at(threshold); t > low && t < high {
		first = t - width*math.Ceil((t-low)/width+1)
	}
	count := int(math.Ceil((high-first)/width)) + 1
	normal, flagged := make([]float64, count), make([]float64, count)
	for i, e := range energies {
		if math.IsNaN(e) || math.IsInf(e, 0) {
			continue
		}
		k := min(max(int(math.Ceil((s.at(e)-first)/width))-1, 0), count-1)
		if isFlagged[i] {
			flagged[k]++
		} else {
			normal[k]++
		}
	}
	for k := range count + 1 {
		d.Edges = append(d.Edges, num(first+width*float64(k)))
	}
	d.Normal, d.Flagged = perCent(normal), perCent(flagged)
	return d
}

func perCent(counts []float64) []num {
	total := 0.0
	for _, c := range counts {
		total += c
	}
	out := make([]num, len(counts))
	for k, c := range counts {
		if total > 0 {
			out[k] = num(100 * c / total)
		}
	}
	return out
}

func finite(energies []float64) []float64 {
	var out []float64
	for _, e := range energies {
		if !math.IsNaN(e) && !math.IsInf(e, 0) {
			out = append(out, e)
		}
	}
	sort.Float64s(out)
	return out
}
