package evaluate

import (
	"math"
)

// VUSPR returns the volume under the precision-recall surface of Paparrizos et
// al. (Volume Under the Surface, PVLDB 15(11), 2022): the area under the
// range-based precision-recall curve, averaged over buffers of 0, 1, …, buffer
// rows. A buffer of ℓ rows lets the label fade out over ℓ/2 rows on both sides
// of an event with weight √(1 − distance/ℓ), so that an alarm just beside an
// event is not simply wrong. At each distinct score, with w the faded labels
// and f the flags,
//
//	precision = Σwf / Σf
//	recall    = min(1, Σwf / ½Σ(label + w)) · share of faded events with a flag
//
// and the area is the trapezoid sum. It is NaN without events and 0 for
// constant scores. The time is O(rows·buffer).
func (t *Timeline) VUSPR(buffer int) float64 {
	if len(t.incidents) == 0 {
		return math.NaN()
	}
	if t.scores[t.order[0]] == t.scores[t.order[len(t.order)-1]] {
		return 0
	}
	weight := make([]float64, len(t.scores))
	segment := make([]int, len(t.scores))
	var sum float64
	for l := 0; l <= buffer; l++ {
		t.fade(weight, l)
		segments := number(segment, weight)
		sum += t.rangeArea(weight, segment, segments)
	}
	return sum / float64(max(buffer, 0)+1)
}

// fade writes the labels with slopes of l/2 rows. As in the authors'
// implementation the slope before an event has l/2 rows and the one after it
// l/2 − 1, and overlapping slopes add up to at most 1.
func (t *Timeline) fade(weight []float64, l int) {
	for i, anomalous := range t.labels {
		weight[i] = 0
		if anomalous {
			weight[i] = 1
		}
	}
	if l <= 1 {
		return
	}
	add := func(i, distance int) {
		if i >= 0 && i < len(weight) {
			weight[i] = math.Min(1, weight[i]+math.Sqrt(1-float64(distance)/float64(l)))
		}
	}
	for _, e := range t.incidents {
		for d := 1; d <= l/2; d++ {
			add(e.Start-d, d)
			if d < l/2 {
				add(e.End-1+d, d)
			}
		}
	}
}

// number gives each maximal run of positive weight a number from 0, other rows
// −1, and returns how many runs there are.
func number(segment []int, weight []float64) int {
	n := 0
	for i, w := range weight {
		switch {
		case w == 0:
			segment[i] = -1
		case i > 0 && weight[i-1] > 0:
			segment[i] = n - 1
		default:
			segment[i] = n
			n++
		}
	}
	return n
}

func (t *Timeline) rangeArea(weight []float64, segment []int, segments int) float64 {
	var positive float64
	for i, w := range weight {
		positive += w / 2
		if t.labels[i] {
			positive += .5
		}
	}
	found := make([]bool, segments)
	var hits, area, tp float64
	recall, precision := 0.0, 1.0
	for k := 0; k < len(t.order); {
		level := t.scores[t.order[k]]
		for ; k < len(t.order) && t.scores[t.order[k]] == level; k++ {
			row := t.order[k]
			tp += weight[row]
			if s := segment[row]; s >= 0 && !found[s] {
				found[s] = true
				hits++
			}
		}
		r := math.Min(tp/positive, 1) * hits / float64(segments)
		p := tp / float64(k)
		area += (r - recall) * (p + precision) / 2
		recall, precision = r, p
	}
	return area
}
