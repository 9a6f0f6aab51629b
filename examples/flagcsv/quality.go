package main

import (
	"math"

	"github.com/metric-streams/anomaly/dagmm/evaluate"
)

// quality says how well the flagged rows agree with the labels.
type quality struct {
	labelled, hits int     // rows labelled anomalous, and how many of them are flagged
	precision      float64 // NaN where nothing is flagged
	recall, f1     float64
	average        float64 // average precision over all thresholds; NaN where no labelled row has a score
}

// measure holds the energies against the labels. It returns nil where no row is labelled
// anomalous. A labelled row without a score, whose energy is NaN, counts as missed.
func measure(energies []float64, labels []bool, threshold float64) (*quality, error) {
	q := &quality{}
	var scores []float64
	var scored []bool
	for i, e := range energies {
		if labels[i] {
			q.labelled++
		}
		if !math.IsNaN(e) {
			scores, scored = append(scores, e), append(scored, labels[i])
		}
	}
	if q.labelled == 0 {
		return nil, nil
	}
	ranking, err := evaluate.NewRanking(scores, scored)
	if err != nil {
		return nil, err
	}
	c := ranking.At(threshold)
	c.FN = float64(q.labelled) - c.TP
	q.hits, q.precision, q.recall, q.f1, q.average = int(c.TP), c.Precision(), c.Recall(), c.F1(), ranking.AveragePrecision()
	if c.TP+c.FP == 0 {
		q.precision = math.NaN()
	}
	return q, nil
}
