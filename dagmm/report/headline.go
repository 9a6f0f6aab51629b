package report

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/metric-streams/anomaly/dagmm/evaluate"
	"github.com/metric-streams/anomaly/internal/format"
)

// card is one number at the top of the page.
type card struct{ Name, Value, Note, Kind string }

func cards(d Rows, p payload) []card {
	out := []card{rowsCard(p), flaggedCard(p), {Name: "Threshold", Value: short(d.Threshold), Note: d.ThresholdNote}}
	if c, ok := highestCard(d); ok {
		out = append(out, c)
	}
	if c, ok := metricCard(d); ok {
		out = append(out, c)
	}
	if q := p.agreement; q != nil {
		out = append(out, card{
			Name: "F1 against labels", Value: fixed(q.F1()),
			Note: fmt.Sprintf("precision %s, recall %s, average precision %s", fixed(precision(q)), fixed(q.Recall()), fixed(q.AveragePrecision)),
		})
	}
	return out
}

func rowsCard(p payload) card {
	c := card{Name: "Rows scored", Value: grouped(p.Scored), Note: "every row of the input"}
	if left := p.Rows - p.Scored; left > 0 {
		c.Note = fmt.Sprintf("%s more have missing values", grouped(left))
	}
	return c
}

func flaggedCard(p payload) card {
	c := card{Name: "Flagged", Value: grouped(len(p.Flagged)), Note: "no energy above the threshold"}
	if len(p.Flagged) > 0 {
		c.Kind = "alert"
		c.Note = fmt.Sprintf("%.3g %% of the scored rows", 100*float64(len(p.Flagged))/float64(max(p.Scored, 1)))
	}
	return c
}

func highestCard(d Rows) (card, bool) {
	best := -1
	for i, e := range d.Energies {
		if !math.IsNaN(e) && (best < 0 || e > d.Energies[best]) {
			best = i
		}
	}
	if best < 0 {
		return card{}, false
	}
	note := "row " + grouped(best+1)
	if d.Times != nil {
		note = "at " + d.Times[best].Format(time.DateTime)
	}
	return card{Name: "Highest energy", Value: short(d.Energies[best]), Note: note}, true
}

// metricCard names the metric that most often has the largest share.
func metricCard(d Rows) (card, bool) {
	count := map[string]int{}
	top := ""
	for _, f := range d.Flagged {
		if len(f.Explanation.Contributions) == 0 {
			continue
		}
		m := f.Explanation.Contributions[0].Metric
		count[m]++
		if count[m] > count[top] {
			top = m
		}
	}
	if top == "" {
		return card{}, false
	}
	note := fmt.Sprintf("largest share in %s of %s flagged rows", grouped(count[top]), grouped(len(d.Flagged)))
	return card{Name: "Most often", Value: top, Note: note, Kind: "metric"}, true
}

// notes says what the plots leave out.
func notes(p payload) []string {
	var out []string
	if t := p.Thinned; t.Shown < t.Normal {
		out = append(out, fmt.Sprintf("The scatter plots show %s of the %s rows that are not flagged, evenly spread; flagged rows are all there.",
			grouped(t.Shown), grouped(t.Normal)))
	}
	if t := p.Thinned; t.ShownMissed < t.Missed {
		out = append(out, fmt.Sprintf("Of %s rows that are labelled but not flagged, %s are shown.", grouped(t.Missed), grouped(t.ShownMissed)))
	}
	if b := p.Thinned.Bucket; b > 1 {
		out = append(out, fmt.Sprintf("The line of energies is drawn through the lowest and the highest of every %s rows.", grouped(b)))
	}
	if len(out) > 0 {
		out = append(out, "The density, the counts and the table use every row.")
	}
	return out
}

// period says which time the rows cover.
func period(d Rows) string {
	if len(d.Times) == 0 {
		return ""
	}
	return d.Times[0].Format(time.DateTime) + " to " + d.Times[len(d.Times)-1].Format(time.DateTime+" MST")
}

// short writes a number as sentences do.
func short(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "∞"
	case math.IsNaN(v):
		return "none"
	}
	return format.Number(v)
}

// precision is NaN where nothing is flagged.
func precision(q *evaluate.Agreement) float64 {
	if q.TP+q.FP == 0 {
		return math.NaN()
	}
	return q.Precision()
}

func fixed(v float64) string {
	if math.IsNaN(v) {
		return "none"
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}

// grouped writes a count, in the notation of all numbers.
func grouped(n int) string { return strconv.Itoa(n) }
