package metric

import (
	"errors"
	"fmt"
	"math"
)

// Timeline holds the scores of consecutive samples and the labelled events
// among them, for measures in an operator's terms: alarms a day, events found,
// delay.
//
// An event is a maximal run of anomalous rows; it is detected when at least
// one of its rows is flagged. A false episode is a maximal set of flagged
// normal rows in which neighbours are at most gap other rows apart, whatever
// those rows are: with gap 0 a run of consecutive flagged normal rows, with
// gap 10 flags that flicker count once.
type Timeline struct {
	scores []float64
	labels []bool
	order  []int // rows by descending score
	events []Span
	days   float64
	gap    int
}

// Span is a half-open range of rows.
type Span struct{ Start, End int }

// NewTimeline prepares the measures for scores in time order, perDay samples a
// day (over 0), and the given gap (rows, at least 0).
func NewTimeline(scores []float64, labels []bool, perDay float64, gap int) (*Timeline, error) {
	if !(perDay > 0) || gap < 0 {
		return nil, fmt.Errorf("metric: %v samples a day and gap %d: want over 0 and at least 0", perDay, gap)
	}
	if len(scores) == 0 {
		return nil, errors.New("metric: no samples")
	}
	order, err := descending(scores, labels)
	if err != nil {
		return nil, err
	}
	return &Timeline{
		scores: scores, labels: labels, order: order,
		events: Events(labels), days: float64(len(scores)) / perDay, gap: gap,
	}, nil
}

// Events returns the maximal runs of true.
func Events(labels []bool) []Span {
	var events []Span
	for i := 0; i < len(labels); i++ {
		if !labels[i] {
			continue
		}
		start := i
		for i < len(labels) && labels[i] {
			i++
		}
		events = append(events, Span{start, i})
	}
	return events
}

// Operation is what an operator sees at one setting of the alarm.
type Operation struct {
	Threshold      float64 // NaN for given flags
	FalseEpisodes  int
	EpisodesPerDay float64 // false episodes a day
	Events         int
	Detected       int
	Delay          float64 // rows from an event's first to its first flagged one, mean over detected events; NaN without any
}

// EventRecall returns the share of events that were detected, NaN without any.
func (o Operation) EventRecall() float64 {
	if o.Events == 0 {
		return math.NaN()
	}
	return float64(o.Detected) / float64(o.Events)
}

// At applies the flag score > threshold.
func (t *Timeline) At(threshold float64) Operation {
	o := t.operate(func(row int) bool { return t.scores[row] > threshold })
	o.Threshold = threshold
	return o
}

// Flagged measures alarms that something else than a threshold decided, one
// flag a row. It returns an error on a wrong length.
func (t *Timeline) Flagged(flags []bool) (Operation, error) {
	if len(flags) != len(t.scores) {
		return Operation{}, fmt.Errorf("metric: %d flags for %d samples", len(flags), len(t.scores))
	}
	o := t.operate(func(row int) bool { return flags[row] })
	o.Threshold = math.NaN()
	return o, nil
}

func (t *Timeline) operate(flagged func(row int) bool) Operation {
	o := Operation{Events: len(t.events), Delay: math.NaN()}
	last := math.MinInt / 2
	for i, anomalous := range t.labels {
		if anomalous || !flagged(i) {
			continue
		}
		if i-last > t.gap+1 {
			o.FalseEpisodes++
		}
		last = i
	}
	o.EpisodesPerDay = float64(o.FalseEpisodes) / t.days
	var delay int
	for _, e := range t.events {
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

// AtBudget applies the oracle threshold for a budget of false episodes a day:
// coming down from the highest score, the lowest one before the budget is
// first exceeded. (Further down the count can fall again, because episodes
// merge until everything is flagged; those settings do not count.) The
// threshold is chosen on the labels, so it bounds what any rule could reach.
func (t *Timeline) AtBudget(perDay float64) Operation {
	return t.At(t.budgetThreshold(perDay * t.days))
}

// budgetThreshold flags rows in descending order and counts false episodes as
// it goes: a new row opens one, unless it extends one or joins two.
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

// opened returns the change of the number of episodes by flagging row: 1, 0 or
// −1.
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
