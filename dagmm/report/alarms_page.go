package report

import (
	"fmt"
	"html"
	"io"
	"math"
	"strings"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

// Alarms is what a page of alarms over time shows.
type Alarms struct {
	Summary string   // one sentence at the top
	Metrics []string // names of X's columns

	X       mat.Matrix     // samples × len(Metrics), in the metrics' own units; NaN is missing
	Labels  []bool         // known incidents, one for each sample, or nil
	Samples []alarm.Result // what the detector said of each sample

	Alarms   []alarm.Event // each alarm once, in its last form
	Verdicts []string      // for each alarm whether it was an incident: yes, no or ?
}

const (
	pageWidth   = 1100
	chartHeight = 220
	metricChart = 70
	linePoints  = 2200 // two for each pixel
)

// WriteAlarms writes the page about a to w: the energies with the threshold, incidents and
// alarms, the metrics, and the alarms as a table. It is an error if the lengths in a do not
// fit together or if w fails. Every text in a may hold any characters.
func WriteAlarms(w io.Writer, a Alarms) error {
	if err := a.check(); err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Backtest</title><style>body{font:14px sans-serif;margin:24px;color:#222;max-width:1100px}" +
		"svg{display:block;background:#fafafa;margin:4px 0 16px}table{border-collapse:collapse}td,th{text-align:left;padding:3px 12px 3px 0;border-bottom:1px solid #ddd}" +
		"h2{font-size:15px;margin:12px 0 0}</style><h1>Backtest</h1>")
	fmt.Fprintf(&b, "<p>%s</p>", html.EscapeString(a.Summary))
	b.WriteString("<p>Orange bands are labelled incidents, red bars alarms. Energies are on a logarithmic scale above the lowest; the red line is the threshold.</p><h2>energy</h2>")
	a.energyChart(&b)
	for j, name := range a.Metrics {
		fmt.Fprintf(&b, "<h2>%s</h2>", html.EscapeString(name))
		a.chart(&b, metricChart, []string{"#357"}, mat.Col(nil, j, a.X))
	}
	a.table(&b)
	b.WriteString("</html>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func (a Alarms) check() error {
	if a.X == nil {
		return fmt.Errorf("report: no samples")
	}
	n, width := a.X.Dims()
	switch {
	case width != len(a.Metrics):
		return fmt.Errorf("report: %d metric names for %d columns", len(a.Metrics), width)
	case len(a.Samples) != n:
		return fmt.Errorf("report: %d results for %d samples", len(a.Samples), n)
	case a.Labels != nil && len(a.Labels) != n:
		return fmt.Errorf("report: %d labels for %d samples", len(a.Labels), n)
	case len(a.Verdicts) != len(a.Alarms):
		return fmt.Errorf("report: %d verdicts for %d alarms", len(a.Verdicts), len(a.Alarms))
	}
	return nil
}

// energyChart draws the energies and the threshold, logarithmically above the lowest energy.
func (a Alarms) energyChart(b *strings.Builder) {
	energy, threshold := make([]float64, len(a.Samples)), make([]float64, len(a.Samples))
	low := math.Inf(1)
	for _, s := range a.Samples {
		if s.Energy < low {
			low = s.Energy
		}
	}
	for i, s := range a.Samples {
		energy[i], threshold[i] = math.Log1p(s.Energy-low), math.Log1p(math.Max(s.Threshold-low, 0))
	}
	a.chart(b, chartHeight, []string{"#357", "#c22"}, energy, threshold)
}

func (a Alarms) table(b *strings.Builder) {
	b.WriteString("<table><tr><th>from<th>to<th>severity<th>p<th>incident<th>why</tr>")
	for k, e := range a.Alarms {
		fmt.Fprintf(b, "<tr><td>%s<td>%s<td>%s<td>%.2g<td>%s<td>%s</tr>", e.Start.Format(time.DateTime), e.End.Format(time.DateTime), e.Severity, e.Peak.PValue,
			html.EscapeString(a.Verdicts[k]), html.EscapeString(fmt.Sprint(e.Explanation)))
	}
	b.WriteString("</table>")
}

// chart draws series over all samples, with bands for incidents and alarms. Each pixel shows
// its highest value.
func (a Alarms) chart(b *strings.Builder, height int, colours []string, series ...[]float64) {
	n := len(a.Samples)
	lowest, highest := math.Inf(1), math.Inf(-1)
	for _, s := range series {
		for _, v := range s {
			if v == v && !math.IsInf(v, 0) {
				lowest, highest = math.Min(lowest, v), math.Max(highest, v)
			}
		}
	}
	if !(highest > lowest) {
		highest = lowest + 1
	}
	x := func(i int) float64 { return float64(i) * pageWidth / float64(n) }
	fmt.Fprintf(b, "<svg width=\"%d\" height=\"%d\">", pageWidth, height)
	for i := 0; i < n && a.Labels != nil; i++ {
		if begin := i; a.Labels[i] {
			for i < n && a.Labels[i] {
				i++
			}
			fmt.Fprintf(b, "<rect x=\"%.1f\" y=\"0\" width=\"%.1f\" height=\"%d\" fill=\"#fc9\" opacity=\".6\"/>", x(begin), math.Max(1, x(i)-x(begin)), height)
		}
	}
	for i := 0; i < n; i++ {
		if begin := i; a.Samples[i].Open {
			for i < n && a.Samples[i].Open {
				i++
			}
			fmt.Fprintf(b, "<rect x=\"%.1f\" y=\"0\" width=\"%.1f\" height=\"5\" fill=\"#c22\"/>", x(begin), math.Max(2, x(i)-x(begin)))
		}
	}
	stride := n/linePoints + 1
	for k, s := range series {
		fmt.Fprintf(b, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1\" points=\"", colours[k])
		for i := 0; i < n; i += stride {
			top := math.Inf(-1)
			for _, v := range s[i:min(i+stride, n)] {
				top = math.Max(top, v) // NaN wins and leaves the point out
			}
			if top-top == 0 {
				fmt.Fprintf(b, "%.1f,%.1f ", x(i), float64(height)-2-(top-lowest)/(highest-lowest)*float64(height-10))
			}
		}
		b.WriteString("\"/>")
	}
	b.WriteString("</svg>")
}
