package main

import (
	"fmt"
	"html"
	"math"
	"strings"
	"time"
)

const (
	pageWidth   = 1100
	chartHeight = 220
	metricChart = 70
	maxPoints   = 2200 // two a pixel
)

// html is a page of its own: the energies with the threshold, incidents and alarms, the
// metrics, and the alarms as a table.
func (r *result) html() string {
	var b strings.Builder
	b.WriteString("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Backtest</title><style>body{font:14px sans-serif;margin:24px;color:#222;max-width:1100px}" +
		"svg{display:block;background:#fafafa;margin:4px 0 16px}table{border-collapse:collapse}td,th{text-align:left;padding:3px 12px 3px 0;border-bottom:1px solid #ddd}" +
		"h2{font-size:15px;margin:12px 0 0}</style><h1>Backtest</h1>")
	fmt.Fprintf(&b, "<p>%s</p>", html.EscapeString(r.measure.String()))
	b.WriteString("<p>Orange bands are labelled incidents, red bars alarms. Energies are on a logarithmic scale above the lowest; the red line is the threshold.</p><h2>energy</h2>")
	energy, threshold := make([]float64, len(r.samples)), make([]float64, len(r.samples))
	low := math.Inf(1)
	for _, s := range r.samples {
		if s.Energy < low {
			low = s.Energy
		}
	}
	for i, s := range r.samples {
		energy[i], threshold[i] = math.Log1p(s.Energy-low), math.Log1p(math.Max(s.Threshold-low, 0))
	}
	r.chart(&b, chartHeight, []string{"#357", "#c22"}, energy, threshold)
	for j, name := range r.table.Columns {
		fmt.Fprintf(&b, "<h2>%s</h2>", html.EscapeString(name))
		column := make([]float64, len(r.samples))
		for i := range column {
			column[i] = r.table.X.At(i, j)
		}
		r.chart(&b, metricChart, []string{"#357"}, column)
	}
	b.WriteString("<table><tr><th>from<th>to<th>severity<th>p<th>incident<th>why</tr>")
	for k, a := range r.alarms {
		fmt.Fprintf(&b, "<tr><td>%s<td>%s<td>%s<td>%.2g<td>%s<td>%s</tr>", a.Start.Format(time.DateTime), a.End.Format(time.DateTime), a.Severity, a.Peak.PValue,
			r.measure.verdict(k), html.EscapeString(fmt.Sprint(a.Explanation)))
	}
	b.WriteString("</table></html>\n")
	return b.String()
}

// chart draws the series over all samples, each pixel with its highest value.
func (r *result) chart(b *strings.Builder, height int, colours []string, series ...[]float64) {
	n := len(r.samples)
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
	for i := 0; i < n && r.table.Labels != nil; i++ {
		if begin := i; r.table.Labels[i] {
			for i < n && r.table.Labels[i] {
				i++
			}
			fmt.Fprintf(b, "<rect x=\"%.1f\" y=\"0\" width=\"%.1f\" height=\"%d\" fill=\"#fc9\" opacity=\".6\"/>", x(begin), math.Max(1, x(i)-x(begin)), height)
		}
	}
	for i := 0; i < n; i++ {
		if begin := i; r.samples[i].Open {
			for i < n && r.samples[i].Open {
				i++
			}
			fmt.Fprintf(b, "<rect x=\"%.1f\" y=\"0\" width=\"%.1f\" height=\"5\" fill=\"#c22\"/>", x(begin), math.Max(2, x(i)-x(begin)))
		}
	}
	stride := n/maxPoints + 1
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
