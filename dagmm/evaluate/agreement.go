package evaluate

import (
	"fmt"
	"math"
)

// Agreement says how well flagged rows agree with labels.
type Agreement struct {
	Confusion // Precision, Recall, F1
	// AveragePrecision is over all thresholds; NaN where no labelled row has a score.
	AveragePrecision float64
}

// Agree holds scores above the threshold against labels, one for each row. A row without a
// score, which is NaN, is not flagged: if it is labelled, it is missed. Different lengths
// are an error.
func Agree(scores []float64, labels []bool, threshold float64) (Agreement, error) {
	if len(scores) != len(labels) {
		return Agreement{}, fmt.Errorf("evaluate: %d scores for %d labels", len(scores), len(labels))
	}
	var kept []float64
	var of []bool
	var fn, tn float64 // of the rows without a score
	for i, s := range scores {
		switch {
		case !math.IsNaN(s):
			kept, of = append(kept, s), append(of, labels[i])
		case labels[i]:
			fn++
		default:
			tn++
		}
	}
	ranking, err := NewRanking(kept, of)
	if err != nil {
		return Agreement{}, err
	}
	a := Agreement{Confusion: ranking.At(threshold), AveragePrecision: ranking.AveragePrecision()}
	a.FN += fn
	a.TN += tn
	return a, nil
}
