// Package report writes one self-contained HTML page about the rows that a model flagged: 3-D scatter plots of the metrics, the
// density of the energies, the energies over time, and the explanation of every flagged row. The page holds its script, style and
// data, and opens from a file without a network.
package report

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the page's parts
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"sync"
	"time"

	"gonum.org/v1/gonum/mat"
)

// Data is what a report shows.
type Data struct {
	Title   string   // heading of the page, for example the name of the host or file
	Source  string   // where the rows came from; empty leaves it out
	Metrics []string // names of X's columns

	X        mat.Matrix  // rows × len(Metrics), in the metrics' own units; NaN is missing
	Times    []time.Time // one for each row, or nil: rows are then named by number
	Labels   []bool      // known anomalies, one for each row, or nil
	Energies []float64   // one for each row; NaN for a row without a score

	Threshold     float64 // energy above which a row is flagged
	ThresholdNote string  // how the threshold came about; empty leaves it out
	Flagged       []Flag  // the flagged rows, in the order of the rows

	Quality  *Quality // agreement with Labels, or nil
	Training []Fact   // summary of the model's training, in the order to show
	Warnings []string // what the reader has to know before trusting the rest

	Generated time.Time // shown at the end of the page; the zero time leaves it out
}

// Flag is one flagged row and the reason for it.
type Flag struct {
	Row           int // index into Data.X, from 0
	PValue        float64
	Sentence      string         // one sentence for an operator
	Pair          [2]string      // the two metrics whose relation broke; empty where single metrics explain the row
	Contributions []Contribution // largest first
}

// Contribution is one metric's part in a flagged row.
type Contribution struct {
	Metric    string
	Share     float64 // part of the energy's excess, 0 to 1
	Value     float64 // in the metric's own unit, as are Low and High
	Low, High float64 // the range to be expected
	// Conditional tells that the range is the one beside the other metrics as they are; otherwise it is the usual one, whatever they are.
	Conditional bool
	Constant    bool // the metric did not vary in training
}

// Quality is the agreement of the flagged rows with known labels, each 0 to 1; NaN where there is none, as the precision of no row.
type Quality struct {
	Precision, Recall, F1 float64
	AveragePrecision      float64 // area under the precision-recall curve, over every threshold
}

// Fact is one line of the training summary.
type Fact struct{ Name, Value string }

//go:embed page.html
var pageSource string

//go:embed report.css
var style string

//go:embed report.js
var script string

//go:embed plotly/plotly-gl3d.min.js.gz
var plotlyGzip []byte

var page = template.Must(template.New("page").Parse(pageSource))

// plotly unpacks the plotting library. It is stored compressed to keep the repository small, and written plainly so that the page
// needs nothing of the browser but the running of a script.
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

// Write writes the report on d to w. It returns an error if the lengths in d do not fit each other, a flagged row does not exist, or w
// fails. Every text in d may hold any characters.
func Write(w io.Writer, d Data) error {
	if err := check(d); err != nil {
		return err
	}
	library, err := plotly()
	if err != nil {
		return err
	}
	p := newPayload(d)
	data, err := json.Marshal(p) // escapes <, > and &, so that no text ends the script element
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return page.Execute(w, map[string]any{
		"Data":    d,
		"Cards":   cards(d, p),
		"Notes":   notes(p),
		"Period":  period(d),
		"Style":   template.CSS(style),
		"Plotly":  template.JS(library),
		"Script":  template.JS(script),
		"Payload": template.JS(data),
	})
}

func check(d Data) error {
	if d.X == nil {
		return fmt.Errorf("report: no rows")
	}
	n, width := d.X.Dims()
	switch {
	case width != len(d.Metrics):
		return fmt.Errorf("report: %d metric names for %d columns", len(d.Metrics), width)
	case len(d.Energies) != n:
		return fmt.Errorf("report: %d energies for %d rows", len(d.Energies), n)
	case d.Times != nil && len(d.Times) != n:
		return fmt.Errorf("report: %d times for %d rows", len(d.Times), n)
	case d.Labels != nil && len(d.Labels) != n:
		return fmt.Errorf("report: %d labels for %d rows", len(d.Labels), n)
	}
	last := -1
	for _, f := range d.Flagged {
		if f.Row <= last || f.Row >= n {
			return fmt.Errorf("report: flagged row %d after row %d, of %d rows", f.Row, last, n)
		}
		last = f.Row
	}
	return nil
}
