package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/internal/format"
)

// incidentView is an incident in words.
type incidentView struct {
	Start, Duration, RowsText, Severity, Why string
	Grade                                    string // severity, and whether weak
	Weak                                     bool
	Peak, Energy                             string
	Row                                      int // of the peak, from 1; 0 where it cannot be selected
	Tag                                      string
}

// shownIncidents is how many incidents the page shows before the reader asks for all.
const shownIncidents = 12

// answer says in one sentence or two what was found.
func (d Rows) answer(incidents []Incident) string {
	switch {
	case len(incidents) > 0:
	case d.scored() == 0:
		return "No row could be scored: each has a missing value."
	default:
		return "Nothing is flagged: no row's energy is above the threshold."
	}
	v := d.views([]Incident{slices.MinFunc(incidents, graver)})[0]
	if len(incidents) == 1 {
		return fmt.Sprintf("One incident, %s: %s.", v.Grade, v.told())
	}
	return fmt.Sprintf("%d incidents: %s. The gravest: %s.", len(incidents), countSeverities(incidents), v.told())
}

// countSeverities says how many incidents there are of each severity, the gravest first.
func countSeverities(incidents []Incident) string {
	weak := 0
	for _, i := range incidents {
		if i.Weak() {
			weak++
		}
	}
	var parts []string
	for _, s := range severities {
		if n := bySeverity(incidents, s); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	if weak > 0 {
		parts = append(parts, fmt.Sprintf("%d of them weak", weak))
	}
	return strings.Join(parts, ", ")
}

// severities are all, the gravest first.
var severities = []alarm.Severity{alarm.Critical, alarm.Major, alarm.Minor}

// bySeverity counts the incidents of one severity.
func bySeverity(incidents []Incident, s alarm.Severity) (n int) {
	for _, i := range incidents {
		if i.Severity == s {
			n++
		}
	}
	return n
}

// told is the incident in part of a sentence.
func (v incidentView) told() string { return fmt.Sprintf("%s, %s: %s", v.at(), v.Duration, v.Why) }

// at names the beginning in a sentence.
func (v incidentView) at() string {
	if strings.HasPrefix(v.Start, "row ") {
		return v.Start
	}
	return v.Start + " (" + v.RowsText + ")"
}

// graver orders the gravest first.
func graver(a, b Incident) int {
	return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(b.Energy, a.Energy), cmp.Compare(a.Span.Start, b.Span.Start))
}

// gravest returns the incidents to show first and the others, both in the order of the rows.
func gravest(incidents []Incident, limit int) (first, rest []Incident) {
	if len(incidents) <= limit {
		return incidents, nil
	}
	sorted := slices.SortedFunc(slices.Values(incidents), graver)
	first, rest = sorted[:limit], sorted[limit:]
	byRow := func(a, b Incident) int { return cmp.Compare(a.Span.Start, b.Span.Start) }
	slices.SortFunc(first, byRow)
	slices.SortFunc(rest, byRow)
	return first, rest
}

func (d Rows) views(incidents []Incident) []incidentView {
	layout := timeLayout(d.Times)
	out := make([]incidentView, len(incidents))
	for k, i := range incidents {
		v := incidentView{Severity: i.Severity.String(), Grade: i.Grade(), Weak: i.Weak(), Why: i.Peak.Explanation.String(), Row: i.Peak.Row + 1, Energy: fmt.Sprintf("energy %s, p %s", format.Number(i.Energy), pText(i.Peak.Explanation.Verdict.PValue))}
		v.RowsText = fmt.Sprintf("row %d", i.Span.Start+1)
		if i.Span.End > i.Span.Start+1 {
			v.RowsText = fmt.Sprintf("rows %d to %d", i.Span.Start+1, i.Span.End)
		}
		v.Start, v.Duration = v.RowsText, i.Lasted()
		if d.Times != nil {
			v.Start = i.Start.Format(layout)
		}
		v.Peak = d.peak(i)
		if d.Labels != nil {
			v.Tag = "not labelled"
			if i.Labelled > 0 {
				v.Tag = "labelled anomalous"
			}
		}
		out[k] = v
	}
	return out
}

// Lasted says how long the incident was: 1m20s, 5 of 9 rows. It is 1 row for a single one.
func (i Incident) Lasted() string {
	var rows string
	switch n := i.Span.End - i.Span.Start; n {
	case 1:
		return "1 row"
	case i.Flagged:
		rows = fmt.Sprintf("%d rows", n)
	default:
		rows = fmt.Sprintf("%d of %d rows", i.Flagged, n)
	}
	if i.Start.IsZero() {
		return rows
	}
	return format.Duration(i.Duration()) + ", " + rows
}

// peak writes the metrics that the reason speaks of, with their values.
func (d Rows) peak(i Incident) string {
	e := i.Peak.Explanation
	var parts []string
	for k, c := range e.Contributions {
		paired := e.Pair[0] != "" && (c.Metric == e.Pair[0] || c.Metric == e.Pair[1])
		if !paired && (e.Pair[0] != "" || k > 0) {
			continue
		}
		value, _ := c.Text()
		parts = append(parts, c.Metric+" "+d.withUnit(value, c.Metric))
	}
	if i.Span.End > i.Span.Start+1 {
		parts = append(parts, fmt.Sprintf("row %d", i.Peak.Row+1))
	}
	return strings.Join(parts, ", ")
}

func (d Rows) withUnit(number, metric string) string {
	if u := d.unitOf(metric); u != "" {
		return number + " " + u
	}
	return number
}

// pText writes a p-value with two significant digits.
func pText(p float64) string { return fmt.Sprintf("%.2g", p) }
