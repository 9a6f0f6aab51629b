// Package metric measures anomaly scores against labels. A higher score is
// always more abnormal, a row is flagged when its score lies above the
// threshold, and no measure is point-adjusted: a flag counts for its own row.
package metric

import (
	"fmt"
	"math"
	"sort"
)

// Ranking is a set of scores in descending order with their labels; every
// point-wise measure is read off it. It is immutable.
type Ranking struct {
	scores    []float64 // descending
	labels    []bool
	positives int
}

// NewRanking sorts the scores of the rows with their labels (true is
// anomalous). Both must have the same length; a NaN score is an error, an
// infinite one is not.
func NewRanking(scores []float64, labels []bool) (*Ranking, error) {
	order, err := descending(scores, labels)
	if err != nil {
		return nil, err
	}
	r := &Ranking{scores: make([]float64, len(order)), labels: make([]bool, len(order))}
	for i, row := range order {
		r.scores[i], r.labels[i] = scores[row], labels[row]
		if labels[row] {
			r.positives++
		}
	}
	return r, nil
}

// descending returns the row numbers from the highest score to the lowest.
func descending(scores []float64, labels []bool) ([]int, error) {
	if len(scores) != len(labels) {
		return nil, fmt.Errorf("metric: %d scores for %d labels", len(scores), len(labels))
	}
	order := make([]int, len(scores))
	for i, s := range scores {
		if math.IsNaN(s) {
			return nil, fmt.Errorf("metric: row %d: score is NaN", i)
		}
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return scores[order[a]] > scores[order[b]] })
	return order, nil
}

// Positives returns the number of anomalous rows.
func (r *Ranking) Positives() int { return r.positives }

// Len returns the number of rows.
func (r *Ranking) Len() int { return len(r.scores) }

// AveragePrecision returns Σ (Rₙ − Rₙ₋₁) Pₙ over the distinct scores in
// descending order, with Pₙ and Rₙ the precision and recall of the rows that
// score at least the n-th: rows with equal scores enter together. It is NaN
// where no row is anomalous.
func (r *Ranking) AveragePrecision() float64 {
	if r.positives == 0 {
		return math.NaN()
	}
	var sum float64
	tp := 0
	r.eachTie(func(_, end, positives int) {
		tp += positives
		sum += float64(positives) * float64(tp) / float64(end)
	})
	return sum / float64(r.positives)
}

// ROCAUC returns the probability that an anomalous row scores above a normal
// one, a tie counting one half. It is NaN where either class is empty.
func (r *Ranking) ROCAUC() float64 {
	negatives := len(r.scores) - r.positives
	if r.positives == 0 || negatives == 0 {
		return math.NaN()
	}
	var wins float64
	seen := 0 // normal rows that score higher
	r.eachTie(func(start, end, positives int) {
		tied := end - start - positives
		below := negatives - seen - tied
		wins += float64(positives) * (float64(below) + float64(tied)/2)
		seen += tied
	})
	return wins / float64(r.positives) / float64(negatives)
}

// eachTie calls f for each run [start, end) of equal scores with the number of
// anomalous rows in it.
func (r *Ranking) eachTie(f func(start, end, positives int)) {
	for start := 0; start < len(r.scores); {
		end, positives := start, 0
		for end < len(r.scores) && r.scores[end] == r.scores[start] {
			if r.labels[end] {
				positives++
			}
			end++
		}
		f(start, end, positives)
		start = end
	}
}
