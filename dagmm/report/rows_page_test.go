package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/report"
)

// sample makes n rows of the metrics in which every hundredth row is flagged.
func sample(n int, metrics ...string) report.Rows {
	rng := rand.New(rand.NewPCG(1, 2))
	d := report.Rows{
		Title: "host", Metrics: metrics, X: mat.NewDense(n, len(metrics), nil), Threshold: 8,
		Energies: make([]float64, n), Labels: make([]bool, n),
	}
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		d.Times = append(d.Times, start.Add(time.Duration(i)*time.Minute))
		for j := range metrics {
			d.X.(*mat.Dense).Set(i, j, 50+10*rng.NormFloat64())
		}
		d.Energies[i] = 2 + rng.Float64()
		if i%100 == 99 {
			d.Energies[i] = 10 + 40*rng.Float64()
			d.Flagged = append(d.Flagged, report.Explained{
				Row: i, Explanation: &dagmm.Explanation{Verdict: dagmm.Verdict{PValue: .001, Anomalous: true},
					Contributions: []dagmm.Contribution{{Metric: metrics[0], Share: 1, Value: 99, Low: 40, High: 60}}},
			})
		}
	}
	return d
}

func write(t *testing.T, d report.Rows) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, report.WriteRows(&b, d))
	return b.String()
}

var dataElement = regexp.MustCompile(`(?s)<script type="application/json" id="data">(.*?)</script>`)

type page struct {
	Metrics []string
	Rows    int
	Scored  int
	Points  struct {
		Row    []int
		Energy []any
		X      [][]any
	}
	Flagged []struct {
		Row    int
		Time   string
		Energy any
		Parts  []struct{ Low, High any }
	}
	Line   struct{ Row []int }
	Scales []struct {
		Edges, Normal, Flagged []float64
		Scale                  struct{ Center, Width float64 }
	}
}

func payload(t *testing.T, html string) page {
	t.Helper()
	m := dataElement.FindStringSubmatch(html)
	require.NotNil(t, m, "no data element")
	var p page
	require.NoError(t, json.Unmarshal([]byte(m[1]), &p))
	return p
}

func TestWriteHoldsEverything(t *testing.T) {
	html := write(t, sample(500, "cpu", "mem", "disk", "net"))
	require.NotRegexp(t, `<(script|link|img|iframe)[^>]+(src|href)="(https?:|//)`, html)
	require.Contains(t, html, "plotly.js (gl3d - minified)")
	require.Contains(t, html, "Licensed under the MIT license")
	p := payload(t, html)
	require.Equal(t, 500, p.Rows)
	require.Len(t, p.Flagged, 5)
	require.Equal(t, 100, p.Flagged[0].Row, "rows are numbered from 1")
	require.Equal(t, "2026-03-01 01:39:00", p.Flagged[0].Time)
	require.Len(t, p.Points.Row, 495)
}

func TestWriteEscapesText(t *testing.T) {
	evil := `</script><script>alert(1)</script><!--"'&`
	d := sample(200, evil, "b", "c", "d")
	d.Title, d.Source, d.ThresholdNote = evil, evil, evil
	d.Warnings = []string{evil}
	d.Training = []report.Fact{{Name: evil, Value: evil}}
	d.Flagged[0].Explanation.Pair = [2]string{evil, evil}
	html := write(t, d)
	require.NotContains(t, html, "<script>alert(1)")
	require.NotContains(t, html, "</script><script>a")
	require.Equal(t, 4, strings.Count(html, "</script>"))
	require.Equal(t, evil, payload(t, html).Metrics[0])
}

func TestWriteNumbersThatJSONCannotHold(t *testing.T) {
	d := sample(200, "cpu", "mem")
	x := d.X.(*mat.Dense)
	x.Set(0, 0, math.NaN())
	d.Energies[0] = math.NaN()
	d.Energies[99] = math.Inf(1)
	d.Flagged[0].Explanation.Verdict.PValue = math.NaN()
	d.Flagged[0].Explanation.Contributions[0].Low = math.Inf(-1)
	html := write(t, d)
	p := payload(t, html)
	require.Equal(t, 199, p.Scored)
	require.Equal(t, "∞", p.Flagged[0].Energy)
	require.Equal(t, "−∞", p.Flagged[0].Parts[0].Low)
	require.Contains(t, html, "1 more have missing values")
}

func TestWriteAnyWidth(t *testing.T) {
	names := strings.Split("abcdefghijklmnopqrstuvwxyz", "")
	for _, width := range []int{1, 2, 3, 4, 26} {
		require.Len(t, payload(t, write(t, sample(300, names[:width]...))).Points.X, width)
	}
}

func TestWriteWithoutFlaggedRowsAndWithoutScores(t *testing.T) {
	d := sample(150, "a", "b", "c")
	d.Flagged, d.Times, d.Labels = nil, nil, nil
	for i := range d.Energies {
		d.Energies[i] = math.NaN()
	}
	p := payload(t, write(t, d))
	require.Zero(t, p.Scored)
	require.Empty(t, p.Flagged)
}

func TestLargeInputIsThinnedAndSaysSo(t *testing.T) {
	d := sample(100_000, "cpu", "mem", "disk", "net")
	html := write(t, d)
	require.Less(t, len(html), 5<<20)
	p := payload(t, html)
	require.Len(t, p.Flagged, 1000, "flagged rows are never thinned")
	require.Len(t, p.Points.Row, 8000)
	require.Contains(t, html, "show 8000 of the 99000 rows that are not flagged")
	require.LessOrEqual(t, len(p.Line.Row), 4000)
	shown := map[int]bool{}
	for _, r := range p.Line.Row {
		shown[r] = true
	}
	highest := 0
	for i, e := range d.Energies {
		if e > d.Energies[highest] {
			highest = i
		}
	}
	require.True(t, shown[highest+1], "the line keeps the peaks")
}

func TestDensityKeepsThresholdAsEdge(t *testing.T) {
	d := sample(2000, "cpu", "mem")
	d.Energies[99] = 5000
	p := payload(t, write(t, d))
	require.Len(t, p.Scales, 2, "far energies need a compressed axis")
	for _, s := range p.Scales {
		at := d.Threshold
		if s.Scale.Width != 0 {
			at = math.Asinh((at - s.Scale.Center) / s.Scale.Width)
		}
		sumNormal, sumFlagged := 0.0, 0.0
		for k := range s.Normal {
			sumNormal += s.Normal[k]
			sumFlagged += s.Flagged[k]
			middle := (s.Edges[k] + s.Edges[k+1]) / 2
			require.False(t, middle > at && s.Normal[k] > 0, "a normal row above the threshold")
			require.False(t, middle < at && s.Flagged[k] > 0, "a flagged row below the threshold")
		}
		require.InDelta(t, 100, sumNormal, 1e-6)
		require.InDelta(t, 100, sumFlagged, 1e-6)
	}
}

func TestWriteRejectsWhatDoesNotFit(t *testing.T) {
	for name, change := range map[string]func(*report.Rows){
		"no rows":     func(d *report.Rows) { d.X = nil },
		"names":       func(d *report.Rows) { d.Metrics = d.Metrics[:1] },
		"energies":    func(d *report.Rows) { d.Energies = d.Energies[:3] },
		"times":       func(d *report.Rows) { d.Times = d.Times[:3] },
		"labels":      func(d *report.Rows) { d.Labels = d.Labels[:3] },
		"no such row": func(d *report.Rows) { d.Flagged[0].Row = 5000 },
		"row order":   func(d *report.Rows) { d.Flagged[1].Row = d.Flagged[0].Row },
	} {
		d := sample(200, "a", "b")
		change(&d)
		var b bytes.Buffer
		require.ErrorContains(t, report.WriteRows(&b, d), "report: ", name)
		require.Zero(t, b.Len(), name)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteReturnsTheWritersError(t *testing.T) {
	require.ErrorContains(t, report.WriteRows(failing{}, sample(100, "a")), "disk full")
}
