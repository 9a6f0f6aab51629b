package report

import (
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/evaluate"
	"github.com/metric-streams/anomaly/internal/format"
)

// Alarms is what a page of alarms over time shows.
type Alarms struct {
	Title   string   // heading of the page; empty means Alarms
	Source  string   // where the samples came from; empty leaves it out
	Summary string   // a sentence or two at the top
	Metrics []string // names of X's columns
	Units   []string // of the metrics, empty where unknown; nil where none is known

	X       mat.Matrix     // samples × len(Metrics), in the metrics' own units; NaN is missing
	Times   []time.Time    // one for each sample, or nil: samples are then named by number
	Labels  []bool         // known incidents, one for each sample, or nil
	Samples []alarm.Result // what the detector said of each sample

	Ordinary []Explained // some samples, in order, for the band of expected values; nil leaves it out
	Latest   bool        // the charts say the latest value, for a page that is kept up to date

	Alarms []alarm.Event // each alarm once, in its last form
	// Judged holds the alarms against the labels, Alarms[k] as alarm k+1; nil without labels.
	Judged *evaluate.AlarmJudgement
}

// alarmView is an alarm in words, and incidentFound what became of a labelled incident.
type (
	alarmView     struct{ Start, Number, Duration, Severity, Why, Energy, Verdict string }
	incidentFound struct{ Start, Duration, Found string }
)

// WriteAlarms writes the page about a to w: the alarms, what they found, and energies and
// metrics over time. It is an error if the lengths in a do not fit together or if w fails.
// Every text in a may hold any characters.
func WriteAlarms(w io.Writer, a Alarms) error {
	if err := a.check(); err != nil {
		return err
	}
	if a.Title == "" {
		a.Title = "Alarms"
	}
	return pages.ExecuteTemplate(w, "alarms.html", map[string]any{
		"Data":      a,
		"Title":     a.Title,
		"Heading":   heading{a.Title, a.Source, period(Rows{Times: a.Times})},
		"Alarms":    a.alarms(),
		"Incidents": a.incidents(),
		"Strips":    a.strips(),
		"Shaded":    a.shades(),
		"Band":      len(a.Ordinary) > 0,
		"Style":     template.CSS(style),
		"Theme":     template.JS(themeScript),
	})
}

func (a Alarms) check() error {
	if a.X == nil {
		return fmt.Errorf("report: no samples")
	}
	n, width := a.X.Dims()
	switch {
	case width != len(a.Metrics):
		return fmt.Errorf("report: %d metric names for %d columns", len(a.Metrics), width)
	case a.Units != nil && len(a.Units) != width:
		return fmt.Errorf("report: %d units for %d columns", len(a.Units), width)
	case len(a.Samples) != n:
		return fmt.Errorf("report: %d results for %d samples", len(a.Samples), n)
	case a.Times != nil && len(a.Times) != n:
		return fmt.Errorf("report: %d times for %d samples", len(a.Times), n)
	case a.Labels != nil && len(a.Labels) != n:
		return fmt.Errorf("report: %d labels for %d samples", len(a.Labels), n)
	case a.Judged != nil && len(a.Judged.True) > len(a.Alarms):
		return fmt.Errorf("report: a judgement of %d alarms for %d", len(a.Judged.True), len(a.Alarms))
	}
	if err := checkExplained("ordinary", a.Ordinary, n); err != nil {
		return err
	}
	if a.Judged != nil {
		for _, i := range a.Judged.Incidents {
			if i.Start < 0 || i.Start >= i.End || i.End > n || i.Alarm > len(a.Alarms) || i.Told >= n {
				return fmt.Errorf("report: incident in rows %d to %d, alarm %d, of %d samples and %d alarms", i.Start, i.End, i.Alarm, n, len(a.Alarms))
			}
		}
	}
	return nil
}

func (a Alarms) alarms() []alarmView {
	out := make([]alarmView, len(a.Alarms))
	layout := timeLayout(a.Times)
	for k, e := range a.Alarms {
		out[k] = alarmView{Start: e.Start.Format(layout), Duration: lasted(e.Duration(), e.Samples), Severity: e.Severity.String(),
			Energy: "p " + pText(e.Peak.PValue), Verdict: map[string]string{"yes": "an incident", "no": "no incident"}[a.Judged.Verdict(k)]}
		if len(a.Alarms) > 1 || len(a.incidents()) > 0 {
			out[k].Number = fmt.Sprint(k + 1)
		}
		if e.Explanation != nil {
			out[k].Why = e.Explanation.String()
		}
	}
	return out
}

func (a Alarms) incidents() []incidentFound {
	if a.Judged == nil {
		return nil
	}
	var out []incidentFound
	layout := timeLayout(a.Times)
	for _, i := range a.Judged.Incidents {
		v := incidentFound{Start: fmt.Sprintf("sample %d", i.Start+1), Duration: format.Count(i.End-i.Start, "sample"), Found: a.FoundText(i)}
		if a.Times != nil {
			v.Start = a.Times[i.Start].Format(layout)
			v.Duration = lasted(a.Times[i.End-1].Sub(a.Times[i.Start]), i.End-i.Start)
		}
		out = append(out, v)
	}
	return out
}

// FoundText says what the alarms made of an incident of a.Judged: whether one told of it, and
// when.
func (a Alarms) FoundText(i evaluate.FoundIncident) string {
	if i.First < 0 {
		return "missed"
	}
	distance := func(from, to int) string {
		if a.Times != nil {
			return format.Duration(a.Times[to].Sub(a.Times[from]))
		}
		return format.Count(to-from, "sample")
	}
	switch {
	case !i.Found():
		return fmt.Sprintf("not found: alarm %d was open already, since %s before, and told nothing new", i.Alarm, distance(i.Told, i.Start))
	case i.Told < i.Start:
		return fmt.Sprintf("found by alarm %d, %s before it began", i.Alarm, distance(i.Told, i.Start))
	}
	s := fmt.Sprintf("found by alarm %d after %s", i.Alarm, distance(i.Start, i.Told))
	if a.Times != nil && a.Alarms[i.Alarm-1].Start.Before(a.Times[i.Start]) {
		s += fmt.Sprintf("; the alarm had opened %s before the incident", format.Duration(a.Times[i.Start].Sub(a.Alarms[i.Alarm-1].Start)))
	}
	return s
}

// lasted says how long something was; a single sample has no length.
func lasted(d time.Duration, samples int) string {
	if samples == 1 {
		return "1 sample"
	}
	return format.Duration(d) + ", " + format.Count(samples, "sample")
}

// strips draws energies and metrics, with the incidents shaded and a bar for each alarm.
func (a Alarms) strips() strips {
	n := len(a.Samples)
	c := newCourse(n, a.Times, 5)
	energies, thresholds, open := make([]float64, n), make([]float64, n), make([]bool, n)
	var marked []int
	for i, s := range a.Samples {
		energies[i], thresholds[i], open[i] = s.Energy, s.Threshold, s.Open
		if s.Flagged && s.Open {
			marked = append(marked, i)
		}
	}
	out := strips{ID: "areas"}
	if labelled := evaluate.Incidents(a.Labels); len(labelled) > 0 {
		out.Areas = append(out.Areas, c.area("incident", labelled, 0, stripHeight))
	}
	if a.shades() {
		out.Areas = c.incidents(a.spans())
	} else if alarms := evaluate.Incidents(open); len(alarms) > 0 {
		out.Areas = append(out.Areas, c.area("alarm", alarms, 0, 5))
	}
	varying, constant := constants(a.X, a.Metrics)
	out.Axis, out.Constant = c.ticks, constant
	if scored := finite(energies); len(scored) > 0 {
		out.Strips = append(out.Strips, c.energyStrip(energies, thresholds, densityScale(energies, medianOf(thresholds)), marked, stripPoints))
	}
	ranges, causes := bands(a.Ordinary), a.causes(marked)
	for _, j := range varying {
		unit := ""
		if a.Units != nil {
			unit = a.Units[j]
		}
		out.Strips = append(out.Strips, c.metricStrip(j, a.Metrics[j], unit, mat.Col(nil, j, a.X), ranges[a.Metrics[j]], causes[a.Metrics[j]], pointsOf(len(varying))))
	}
	if a.Latest {
		a.sayLatest(out.Strips, ranges)
	}
	out.Gutter = gutter(out.Strips)
	return out
}

// causes returns for each metric the marked samples that it explains: those of an alarm whose
// explanation names it, and those of no such alarm.
func (a Alarms) causes(marked []int) map[string][]int {
	out := map[string][]int{}
	spans := a.spans()
	for _, i := range marked {
		metrics := a.Metrics
		for k, in := range spans {
			if e := a.Alarms[k].Explanation; e != nil && len(e.Contributions) > 0 && i >= in.Span.Start && i < in.Span.End {
				metrics = Causes(e)
			}
		}
		for _, m := range metrics {
			out[m] = append(out[m], i)
		}
	}
	return out
}

// shades reports whether alarms are shaded from top to bottom in the colour of their severity.
// Beside labelled incidents, which are, they are bars.
func (a Alarms) shades() bool { return a.Times != nil && len(evaluate.Incidents(a.Labels)) == 0 }

// spans returns where in the samples each alarm lies: nowhere without times.
func (a Alarms) spans() []Incident {
	out := make([]Incident, len(a.Alarms))
	for k, e := range a.Alarms {
		from, _ := slices.BinarySearchFunc(a.Times, e.Start, time.Time.Compare)
		to, found := slices.BinarySearchFunc(a.Times, e.End, time.Time.Compare)
		if found {
			to++
		}
		if from < to {
			out[k] = Incident{Span: evaluate.Span{Start: from, End: to}, Severity: e.Severity}
		}
	}
	return out
}

// sayLatest writes the last sample beside each chart, with the last range that was expected.
func (a Alarms) sayLatest(drawn []strip, ranges map[string][]expected) {
	n := len(a.Samples)
	for k := range drawn {
		s := &drawn[k]
		if s.Metric < 0 {
			s.Latest = "no score"
			if last := a.Samples[n-1]; !math.IsNaN(last.Energy) {
				s.Latest = format.Number(last.Energy) + ", threshold " + format.Number(last.Threshold)
			}
			continue
		}
		v := a.X.At(n-1, s.Metric)
		if r := ranges[s.Name]; len(r) > 0 {
			value, low, high := format.Bounds(v, r[len(r)-1].low, r[len(r)-1].high)
			s.Latest = value + ", expected " + low + " to " + high
		} else {
			s.Latest = format.Number(v)
		}
		if math.IsNaN(v) {
			s.Latest = "no value"
		}
	}
}

// WriteCharts writes the charts of WriteAlarms' page alone: energies and metrics over time, with
// the alarms shaded. They are a part of HTML for a page that has Style. They hold no script and
// no style of their own, so the strictest Content-Security-Policy lets them pass. A page has room
// for one such part, in which the id "areas" is taken. It is an error for what is one of
// WriteAlarms.
func WriteCharts(w io.Writer, a Alarms) error {
	if err := a.check(); err != nil {
		return err
	}
	return pages.ExecuteTemplate(w, "strips", a.strips())
}

// medianOf returns the median of the finite values; 0 where there is none.
func medianOf(values []float64) float64 {
	sorted := finite(values)
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)/2]
}
