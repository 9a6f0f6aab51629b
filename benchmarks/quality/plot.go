package main

import (
	"fmt"
	"html/template"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// writePlots draws a bar chart a suite into SUITE.svg: average precision
// and event recall at one false episode a day, or what the suite measures instead.
func writePlots(dir string, results []result, suites []string) error {
	for _, name := range suites {
		measures := []string{"ap", "er@1"}
		switch name {
		case "paper", "tabular":
			measures = []string{"f1"}
		case "outliers":
			measures = []string{"both"}
		}
		table := rows(results, name)
		if len(table) == 0 {
			continue
		}
		if err := writePlot(filepath.Join(dir, name+".svg"), newChart(name, table, measures)); err != nil {
			return err
		}
	}
	return nil
}

func writePlot(path string, c chart) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := chartSVG.Execute(file, c); err != nil {
		file.Close()
		return fmt.Errorf("%s: %w", path, err)
	}
	return file.Close()
}

// chart is a horizontal bar chart of values from 0 to 1, positions in pixels.
type chart struct {
	Title         string
	Width, Height int
	Legend        []legend
	Ticks         []tick
	Bars          []bar
	Labels        []label
}

type legend struct {
	X           int
	Text, Color string
}

type tick struct {
	X    int
	Text string
}

type bar struct {
	X, Y, Width, Height int
	SpreadX, SpreadW    int // of mean ± standard deviation over the seeds
	Color, Value        string
}

type label struct {
	Y    int
	Text string
}

const (
	chartLeft   = 330 // pixels for the methods' names
	chartScale  = 400 // pixels from 0 to 1
	chartTop    = 60
	chartBar    = 14
	chartMargin = 60
)

var chartColors = []string{"#1f5a94", "#e0862a"}

func newChart(title string, table []row, measures []string) chart {
	c := chart{Title: title, Width: chartLeft + chartScale + chartMargin}
	for i, m := range measures {
		c.Legend = append(c.Legend, legend{X: chartLeft + 100*i, Text: m, Color: chartColors[i]})
	}
	y := chartTop
	for _, r := range table {
		c.Labels = append(c.Labels, label{Y: y + chartBar*len(measures)/2 + 4, Text: strings.ReplaceAll(r.method, "`", "")})
		for i, m := range measures {
			if mean, sd := r.macro(m); !math.IsNaN(mean) {
				c.Bars = append(c.Bars, newBar(y, mean, sd, chartColors[i]))
			}
			y += chartBar
		}
		y += chartBar / 2
	}
	c.Height = y + 30
	for i := range 6 {
		c.Ticks = append(c.Ticks, tick{X: chartLeft + chartScale*i/5, Text: fmt.Sprintf("%.1f", float64(i)/5)})
	}
	return c
}

func newBar(y int, mean, sd float64, color string) bar {
	b := bar{X: chartLeft, Y: y, Width: pixels(mean), Height: chartBar - 2, Color: color, Value: number(mean)}
	if !math.IsNaN(sd) {
		b.SpreadX, b.SpreadW = chartLeft+pixels(mean-sd), pixels(2*sd)
	}
	return b
}

func pixels(v float64) int { return int(math.Round(chartScale * math.Max(0, math.Min(v, 1)))) }

var chartSVG = template.Must(template.New("chart").Funcs(template.FuncMap{
	"add": func(a, b int) int { return a + b },
}).Parse(`<svg xmlns="http://www.w3.org/2000/svg" width="{{.Width}}" height="{{.Height}}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
<text x="10" y="20" font-size="15">{{.Title}}</text>
{{- range .Legend}}
<rect x="{{.X}}" y="28" width="12" height="12" fill="{{.Color}}"/><text x="{{add .X 18}}" y="38">{{.Text}}</text>
{{- end}}
{{- $height := .Height}}
{{- range .Ticks}}
<line x1="{{.X}}" x2="{{.X}}" y1="50" y2="{{add $height -25}}" stroke="#ddd"/><text x="{{.X}}" y="{{add $height -10}}" text-anchor="middle">{{.Text}}</text>
{{- end}}
{{- range .Labels}}
<text x="320" y="{{.Y}}" text-anchor="end">{{.Text}}</text>
{{- end}}
{{- range .Bars}}
<rect x="{{.X}}" y="{{.Y}}" width="{{.Width}}" height="{{.Height}}" fill="{{.Color}}"/><text x="{{add .X (add .Width 6)}}" y="{{add .Y 10}}" font-size="10">{{.Value}}</text>
{{- if .SpreadW}}<line x1="{{.SpreadX}}" x2="{{add .SpreadX .SpreadW}}" y1="{{add .Y 6}}" y2="{{add .Y 6}}" stroke="black"/>{{end}}
{{- end}}
</svg>
`))
