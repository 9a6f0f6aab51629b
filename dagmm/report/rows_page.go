package report

import (
	"bytes"
	"cmp"
	"compress/gzip"
	_ "embed" // the page's parts
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"sync"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/evaluate"
	"github.com/metric-streams/anomaly/dataset"
)

// Rows is what a page of flagged rows shows.
type Rows struct {
	Title   string   // heading of the page, for example the name of the host or file
	Host    string   // name of the host, which each incident carries; empty where there is only one
	Source  string   // where the rows came from; empty leaves it out
	Metrics []string // names of X's columns
	Units   []string // of the metrics, empty where unknown; nil where none is known

	X        mat.Matrix  // rows × len(Metrics), in the metrics' own units; NaN is missing
	Times    []time.Time // one for each row, or nil: rows are then named by number
	Labels   []bool      // known anomalies, one for each row, or nil
	Energies []float64   // one for each row; NaN for a row without a score

	Threshold     float64           // energy above which a row is flagged
	ThresholdNote string            // how the threshold came about; empty leaves it out
	Calibration   dagmm.Calibration // of the model, for severities; without one, that of Energies
	Flagged       []Explained       // the flagged rows, in the order of the rows
	Ordinary      []Explained       // some other rows, in order, for the band of expected values; nil leaves it out
	Apart         bool              // the rows are records that do not follow each other: each flagged one is an incident

	Training []Fact   // summary of the model's training, in the order to show
	Warnings []string // what the reader has to know before trusting the rest

	Generated time.Time // shown at the end of the page; the zero time leaves it out
}

// Explained is a row and why it has the energy it has.
type Explained struct {
	Row         int // index into Rows.X, from 0
	Explanation *dagmm.Explanation
}

// Fact is one line of the training summary.
type Fact struct{ Name, Value string }

//go:embed report.js
var script string

//go:embed plotly/plotly-gl3d.min.js.gz
var plotlyGzip []byte

// plotly unpacks the plotting library. It is stored compressed, which keeps the repository small, and written to the page plain, so
// that the browser only has to run a script.
var plotly = sync.OnceValues(func() (string, error) {
	r, err := gzip.NewReader(bytes.NewReader(plotlyGzip))
	if err != nil {
		return "", fmt.Errorf("report: plotting library: %w", err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return "", fmt.Errorf("report: plotting library: %w", err)
	}
	return string(b), nil
})

// WriteRows writes the page about d to w: the incidents first, then all metrics over time,
// the scatter plots, the energies, and each flagged row. It is an error if the lengths in d
// do not fit together, if a row does not exist, is out of order or has no explanation, or
// if w fails. Every text in d may hold any characters.
func WriteRows(w io.Writer, d Rows) error {
	if err := check(d); err != nil {
		return err
	}
	library, err := plotly()
	if err != nil {
		return err
	}
	incidents := d.incidents()
	drawn, axis := d.strips(incidents, 1)
	p := newPayload(d, axis)
	data, err := json.Marshal(p) // escapes <, > and &, so that no text ends the script element
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	first, rest := gravest(incidents, shownIncidents)
	return pages.ExecuteTemplate(w, "rows.html", map[string]any{
		"Data":      d,
		"Title":     d.Title + ": " + found(len(incidents)),
		"Heading":   heading{d.Title, d.Source, d.period()},
		"Labelled":  slices.Contains(d.Labels, true),
		"Answer":    d.answer(incidents),
		"Incidents": d.views(first),
		"Others":    d.views(rest),
		"Weak":      d.WeakNote(),
		"Strips":    drawn,
		"Band":      len(d.Ordinary) > 0,
		"Cards":     cards(d, p),
		"Notes":     notes(p),
		"Style":     template.CSS(style),
		"Theme":     template.JS(themeScript),
		"Plotly":    template.JS(library),
		"Script":    template.JS(script),
		"Payload":   template.JS(data),
	})
}

func found(incidents int) string {
	switch incidents {
	case 0:
		return "no incident"
	case 1:
		return "1 incident"
	}
	return fmt.Sprintf("%d incidents", incidents)
}

func check(d Rows) error {
	if d.X == nil {
		return fmt.Errorf("report: no rows")
	}
	n, width := d.X.Dims()
	switch {
	case width != len(d.Metrics):
		return fmt.Errorf("report: %d metric names for %d columns", len(d.Metrics), width)
	case d.Units != nil && len(d.Units) != width:
		return fmt.Errorf("report: %d units for %d columns", len(d.Units), width)
	case len(d.Energies) != n:
		return fmt.Errorf("report: %d energies for %d rows", len(d.Energies), n)
	case d.Times != nil && len(d.Times) != n:
		return fmt.Errorf("report: %d times for %d rows", len(d.Times), n)
	case d.Labels != nil && len(d.Labels) != n:
		return fmt.Errorf("report: %d labels for %d rows", len(d.Labels), n)
	}
	if err := checkExplained("flagged", d.Flagged, n); err != nil {
		return err
	}
	return checkExplained("ordinary", d.Ordinary, n)
}

func checkExplained(kind string, rows []Explained, n int) error {
	last := -1
	for _, r := range rows {
		if r.Explanation == nil {
			return fmt.Errorf("report: %s row %d has no explanation", kind, r.Row)
		}
		if r.Row <= last || r.Row >= n {
			return fmt.Errorf("report: %s row %d after row %d, of %d rows", kind, r.Row, last, n)
		}
		last = r.Row
	}
	return nil
}

// unitOf returns the unit of a metric; empty where it is unknown.
func (d Rows) unitOf(metric string) string {
	if j := slices.Index(d.Metrics, metric); j >= 0 && j < len(d.Units) {
		return d.Units[j]
	}
	return ""
}

// agreement holds the energies against the labels; nil where no row is labelled.
func (d Rows) agreement() *evaluate.Agreement {
	if !slices.Contains(d.Labels, true) {
		return nil
	}
	a, err := evaluate.Agree(d.Energies, d.Labels, d.Threshold)
	if err != nil {
		return nil // check has compared the lengths
	}
	return &a
}

// strips draws all metrics over time, on a page of so many hosts.
func (d Rows) strips(incidents []Incident, hosts int) (strips, course) {
	n, _ := d.X.Dims()
	c := newCourse(n, d.Times, 5)
	out := strips{ID: "areas", Areas: c.incidents(incidents)}
	if labelled := evaluate.Incidents(d.Labels); len(labelled) > 0 {
		out.Areas = append(out.Areas, c.area("labelled", labelled, stripHeight-4, stripHeight))
	}
	varying, constant := constants(d.X, d.Metrics)
	out.Axis, out.Constant = c.ticks, constant
	marked := make([]int, len(d.Flagged))
	for k, f := range d.Flagged {
		marked[k] = f.Row
	}
	if d.scored() > 0 {
		threshold := make([]float64, n)
		for i := range threshold {
			threshold[i] = d.Threshold
		}
		out.Strips = append(out.Strips, c.energyStrip(d.Energies, threshold, densityScale(d.Energies, d.Threshold), marked, pointsOf(hosts)))
	}
	bands, causes := d.bands(), d.causes()
	for _, j := range varying {
		values := mat.Col(nil, j, d.X)
		out.Strips = append(out.Strips, c.metricStrip(j, d.Metrics[j], d.unitOf(d.Metrics[j]), values, bands[d.Metrics[j]], causes[d.Metrics[j]], pointsOf(hosts*len(varying))))
	}
	out.Gutter = gutter(out.Strips)
	return out, c
}

// incidents shades each incident in the colour of its severity, the gravest on top.
func (c course) incidents(all []Incident) []area {
	var out []area
	for _, s := range slices.Backward(severities) {
		var spans []evaluate.Span
		for _, i := range all {
			if i.Severity == s {
				spans = append(spans, i.Span)
			}
		}
		if len(spans) > 0 {
			out = append(out, c.area(s.String(), spans, 0, stripHeight))
		}
	}
	return out
}

// bands returns for each metric the expected ranges of the rows that are explained; none
// where no ordinary row is.
func (d Rows) bands() map[string][]expected {
	if len(d.Ordinary) == 0 {
		return nil
	}
	all := slices.Concat(d.Ordinary, d.Flagged)
	slices.SortStableFunc(all, func(a, b Explained) int { return cmp.Compare(a.Row, b.Row) })
	return bands(all)
}

// bands returns for each metric the expected ranges of rows in their order.
func bands(all []Explained) map[string][]expected {
	out := map[string][]expected{}
	for _, r := range all {
		for _, c := range r.Explanation.Contributions {
			if c.Low <= c.High && !c.Joint {
				out[c.Metric] = append(out[c.Metric], expected{r.Row, c.Low, c.High})
			}
		}
	}
	return out
}

// cause is the share of a row's energy from which a metric counts among its reasons.
const cause = .2

// Causes returns the metrics that explain a row, alone or with others, in the order of its
// contributions: those at which the charts mark it.
func Causes(e *dagmm.Explanation) []string {
	var out []string
	for k, c := range e.Contributions {
		if k == 0 || c.Share >= cause || e.Pair[0] != "" && (c.Metric == e.Pair[0] || c.Metric == e.Pair[1]) {
			out = append(out, c.Metric)
		}
	}
	return out
}

// causes returns for each metric the flagged rows that it explains.
func (d Rows) causes() map[string][]int {
	out := map[string][]int{}
	for _, f := range d.Flagged {
		for _, metric := range Causes(f.Explanation) {
			out[metric] = append(out[metric], f.Row)
		}
	}
	return out
}

// interval returns the sampling interval; 0 where it is unknown.
func interval(times []time.Time) time.Duration {
	return (&dataset.Table{Times: times}).Interval()
}

// period says which time the rows cover.
func (d Rows) period() string { return period(d) }
