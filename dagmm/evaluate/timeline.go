package evaluate

import (
	"errors"
	"fmt"
	"math"
)

// Timeline holds the scores of consecutive samples and the labelled incidents among them,
// for measures in an operator's terms: false episodes a day, incidents found, delay.
//
// An incident is a run of anomalous rows that is as long as it can be. It is detected where
// at least one of its rows is flagged. A false episode is a set of flagged normal rows in
// which neighbours have at most gap other rows between them, whatever those rows are. With
// gap 0 it is a run of flagged normal rows; with gap 10 flags that flicker count once.
type Timeline struct {
	scores    []float64
	labels    []bool
	order     []int // rows by descending score
	incidents []Span
	days      float64
	gap       int
}

// NewTimeline prepares the measures for scores in the order of time. perDay, above 0, is the
// number of samples a day; gap, at least 0, is in rows.
func NewTimeline(scores []float64, labels []bool, perDay float64, gap int) (*Timeline, error) {
	if !(perDay > 0) || gap < 0 {
		return nil, fmt.Errorf("evaluate: %v samples a day and gap %d: want over 0 and at least 0", perDay, gap)
	}
	if len(scores) == 0 {
		return nil, errors.New("evaluate: no samples")
	}
	order, err := descending(scores, labels)
	if err != nil {
		return nil, err
	}
	return &Timeline{
		scores: scores, labels: labels, order: order,
		incidents: Incidents(labels), days: float64(len(scores)) / perDay, gap: gap,
	}, nil
}

// Operation is what an operator sees at one setting of the alarm.
type Operation struct {
	Threshold      float64 // NaN for given flags
	FalseEpisodes  int
	EpisodesPerDay float64 // false episodes a day
	Events         int     // labelled incidents
	Detected       int
	Delay          float64 // mean number of rows from the first of a detected incident to the first that is flagged; NaN without any
}

// EventRecall returns the share of incidents that were detected; NaN without any.
func (o Operation) EventRecall() float64 {
	if o.Events == 0 {
		return math.NaN()
	}
	return float64(o.Detected) / float64(o.Events)
}

// At measures the rule that flags scores above the threshold.
func (t *Timeline) At(threshold float64) Operation {
	o := t.operate(func(row int) bool { return t.scores[row] > threshold })
	o.Threshold = threshold
	return o
}

// Flagged measures flags that something else than a threshold decided, one for each row. A
// wrong number of flags is an error.
func (t *Timeline) Flagged(flags []bool) (Operation, error) {
	if len(flags) != len(t.scores) {
		return Operation{}, fmt.Errorf("evaluate: %d flags for %d samples", len(flags), len(t.scores))
	}
	o := t.operate(func(row int) bool { return flags[row] })
	o.Threshold = math.NaN()
	return o, nil
}

func (t *Timeline) operate(flagged func(row int) bool) Operation {
	o := Operation{Events: len(t.incidents), Delay: math.NaN()}
	wrong := make([]bool, len(t.labels))
	for i, anomalous := range t.labels {
		wrong[i] = !anomalous && flagged(i)
	}
	o.FalseEpisodes = len(Episodes(wrong, t.gap))
	o.EpisodesPerDay = float64(o.FalseEpisodes) / t.days
	var delay int
	for _, e := range t.incidents {
		for i := e.Start; i < e.End; i++ {
			if flagged(i) {
				o.Detected++
				delay += i - e.Start
				break
			}
		}
	}
	if o.Detected > 0 {
		o.Delay = float64(delay) / float64(o.Detected)
	}
	return o
}

// AtBudget measures the best fixed threshold for a budget of false episodes a day. It comes
// down from the highest score and stops before the budget is first exceeded. (Further down
// the count may fall again, because episodes merge until everything is flagged. Those
// thresholds do not count.) The threshold is an oracle: it is chosen by the labels, so no
// rule that does not know them can be expected to do better.
func (t *Timeline) AtBudget(perDay float64) Operation {
	return t.At(t.budgetThreshold(perDay * t.days))
}

// budgetThreshold flags rows from the highest score down and counts false episodes as it
// goes: a new row opens one, unless it extends one or joins two.
func (t *Timeline) budgetThreshold(allowed float64) float64 {
	flagged := make([]bool, len(t.scores))
	episodes := 0
	for k := 0; k < len(t.order); {
		level := t.scores[t.order[k]]
		for ; k < len(t.order) && t.scores[t.order[k]] == level; k++ {
			row := t.order[k]
			if t.labels[row] {
				continue
			}
			flagged[row] = true
			episodes += t.opened(flagged, row)
		}
		if float64(episodes) > allowed {
			return level
		}
	}
	return math.Inf(-1)
}

// opened returns by how much flagging a row changes the number of episodes: 1, 0 or −1.
func (t *Timeline) opened(flagged []bool, row int) int {
	left, right := 0, 0 // distance to the next flagged row, 0 for none in reach
	for d := 1; d <= t.gap+1; d++ {
		if left == 0 && row-d >= 0 && flagged[row-d] {
			left = d
		}
		if right == 0 && row+d < len(flagged) && flagged[row+d] {
			right = d
		}
	}
	switch {
	case left == 0 && right == 0:
		return 1
	case left > 0 && right > 0 && left+right > t.gap+1:
		return -1 // two episodes become one
	}
	return 0
}
