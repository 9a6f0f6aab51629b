package main

import (
	"cmp"
	"math"
	"slices"
)

// quality is the agreement of the flagged rows with the labels.
type quality struct {
	labelled, hits int     // rows labelled anomalous, and how many of them are flagged
	precision      float64 // NaN where nothing is flagged
	recall, f1     float64
	average        float64 // average precision over all thresholds; NaN where no labelled row has a score
}

// measure compares; nil where no row is labelled anomalous. A labelled row without a score counts as missed.
func measure(energies []float64, labels []bool, threshold float64) *quality {
	q := &quality{}
	flagged := 0
	for i, e := range energies {
		if labels[i] {
			q.labelled++
		}
		if e > threshold {
			flagged++
			if labels[i] {
				q.hits++
			}
		}
	}
	if q.labelled == 0 {
		return nil
	}
	q.precision = float64(q.hits) / float64(flagged)
	q.recall = float64(q.hits) / float64(q.labelled)
	q.f1 = 2 * float64(q.hits) / float64(flagged+q.labelled)
	q.average = averagePrecision(energies, labels)
	return q
}

// averagePrecision is the sum over all thresholds of precision times the gain in recall; rows of equal energy come in together.
func averagePrecision(energies []float64, labels []bool) float64 {
	var order []int
	positives := 0
	for i, e := range energies {
		if math.IsNaN(e) {
			continue
		}
		order = append(order, i)
		if labels[i] {
			positives++
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(energies[b], energies[a]) })
	sum, hits, before := 0.0, 0, 0
	for k, i := range order {
		if labels[i] {
			hits++
		}
		if k+1 < len(order) && energies[order[k+1]] == energies[i] {
			continue
		}
		sum += float64(hits) / float64(k+1) * float64(hits-before)
		before = hits
	}
	return sum / float64(positives)
}
