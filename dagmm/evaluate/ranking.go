package evaluate

import (
	"fmt"
	"math"
	"slices"
	"sort"
)

// Ranking holds the scores of rows in descending order, with their labels. All measures that
// look at rows one by one are read off it. It is immutable.
type Ranking struct {
	scores    []float64 // descending
	labels    []bool
	positives int
}

// NewRanking ranks rows by their scores. labels[i] reports whether row i is anomalous. Both
// slices must have the same length. A score that is NaN is an error, an infinite one is not.
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
		return nil, fmt.Errorf("evaluate: %d scores for %d labels", len(scores), len(labels))
	}
	order := make([]int, len(scores))
	for i, s := range scores {
		if math.IsNaN(s) {
			return nil, fmt.Errorf("evaluate: row %d: score is NaN", i)
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

// AveragePrecision returns Σ (Rₙ − Rₙ₋₁) Pₙ over the distinct scores in descending order. Pₙ
// and Rₙ are the precision and the recall of the rows whose score is at least the n-th; rows
// with equal scores enter together. It is NaN where no row is anomalous.
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

// ROCAUC returns the probability that an anomalous row scores above a normal one; a tie
// counts one half. It is NaN where there are no anomalous or no normal rows.
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

// eachTie calls f for each run of equal scores, from start (included) to end (excluded),
// with the number of anomalous rows in it.
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

// ROCAUC returns the probability that one of the anomalous scores lies above one of the
// normal ones; a tie counts one half. Without scores on either side it is 0. It is the same
// measure as Ranking.ROCAUC, for scores that come in two groups.
func ROCAUC(normal, anomalous []float64) float64 {
	sorted := slices.Clone(normal)
	slices.Sort(sorted)
	var wins float64
	for _, v := range anomalous {
		from, _ := slices.BinarySearch(sorted, v)
		to := from
		for to < len(sorted) && sorted[to] == v {
			to++
		}
		wins += float64(from) + float64(to-from)/2
	}
	return wins / max(1, float64(len(normal)*len(anomalous)))
}
