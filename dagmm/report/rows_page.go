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

	"github.com/metric-streams/anomaly/dagmm"
)

// Rows is what a page of flagged rows shows.
type Rows struct {
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
	Row         int // index into Rows.X, from 0
	PValue      float64
	Explanation *dagmm.Explanation
}

// Quality says how well the flagged rows agree with known labels. Each measure lies between 0 and 1, or is NaN where there is none:
// the precision of no flagged row, for example.
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

// WriteRows writes the page about d to w. It is an error if the lengths in d do not fit together, if a flagged row does not exist or
// has no explanation, or if w fails. Every text in d may hold any characters.
func WriteRows(w io.Writer, d Rows) error {
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

func check(d Rows) error {
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
		if f.Explanation == nil {
			return fmt.Errorf("report: flagged row %d has no explanation", f.Row)
		}
		if f.Row <= last || f.Row >= n {
			return fmt.Errorf("report: flagged row %d after row %d, of %d rows", f.Row, last, n)
		}
		last = f.Row
	}
	return nil
}
