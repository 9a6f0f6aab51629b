package report_test

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/evaluate"
	"github.com/metric-streams/anomaly/dagmm/report"
)

func alarms(name string) report.Alarms {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	a := report.Alarms{Summary: "1 alarm", Metrics: []string{name}, X: mat.NewDense(3, 1, []float64{1, math.NaN(), 9}), Labels: []bool{false, false, true},
		Samples: []alarm.Result{{Energy: 1, Threshold: 5}, {Energy: math.NaN(), Threshold: 5}, {Energy: 9, Threshold: 5, Flagged: true, Open: true}}}
	a.Alarms = []alarm.Event{{Start: at, End: at.Add(time.Minute), Samples: 2, Severity: alarm.Major, Peak: alarm.Peak{PValue: .001},
		Explanation: &dagmm.Explanation{Verdict: dagmm.Verdict{Anomalous: true}, Contributions: []dagmm.Contribution{{Metric: name, Value: 9, Low: 0, High: 2, Conditional: true}}}}}
	a.Times = []time.Time{at.Add(-time.Minute), at, at.Add(time.Minute)}
	judged, err := evaluate.JudgeAlarms(a.Labels, []int{0, 0, 1}, nil)
	if err != nil {
		panic(err)
	}
	a.Judged = &judged
	return a
}

func TestWriteAlarms(t *testing.T) {
	a := alarms("<cpu>")
	a.Title, a.Units = "Backtest of web-7", []string{"%"}
	var b bytes.Buffer
	require.NoError(t, report.WriteAlarms(&b, a))
	page := b.String()
	for _, want := range []string{
		"<h1>Backtest of web-7</h1>", "<title>Backtest of web-7</title>", "<b>2026-03-01 00:00:00</b>", "1m, 2 samples", `<span class="pill major">`, "p 0.001",
		"&lt;cpu&gt; is 9, expected 0 to 2", `<td class="verdict">an incident</td>`, "found by alarm 1 after 0s; the alarm had opened 1m before the incident",
		"<b>&lt;cpu&gt;</b>", `<span class="muted">%</span>`, `class="mark-y"`, `>00:00:00</text>`, "@media (prefers-color-scheme: dark)",
	} {
		require.True(t, strings.Contains(page, want), want)
	}
	require.NotContains(t, page, "NaN")
	require.NotRegexp(t, "https?://", page)
}

func TestWriteAlarmsWithoutTimesAndLabels(t *testing.T) {
	a := alarms("cpu")
	a.Times, a.Labels, a.Judged = nil, nil, nil
	var b bytes.Buffer
	require.NoError(t, report.WriteAlarms(&b, a))
	require.Contains(t, b.String(), "<h1>Alarms</h1>")
	require.Contains(t, b.String(), `<td class="verdict"></td>`)
	require.Contains(t, b.String(), ">row 1</text>")
	require.NotContains(t, b.String(), "Labelled incidents")
}

func TestWriteAlarmsChecksLengths(t *testing.T) {
	for name, change := range map[string]func(*report.Alarms){
		"no samples": func(a *report.Alarms) { a.X = nil },
		"metrics":    func(a *report.Alarms) { a.Metrics = nil },
		"results":    func(a *report.Alarms) { a.Samples = a.Samples[1:] },
		"labels":     func(a *report.Alarms) { a.Labels = a.Labels[1:] },
		"times":      func(a *report.Alarms) { a.Times = a.Times[1:] },
		"units":      func(a *report.Alarms) { a.Units = []string{"%", "%"} },
		"alarms":     func(a *report.Alarms) { a.Alarms = nil },
		"incident":   func(a *report.Alarms) { a.Judged.Incidents[0].End = 9 },
	} {
		t.Run(name, func(t *testing.T) {
			a := alarms("cpu")
			change(&a)
			require.ErrorContains(t, report.WriteAlarms(&bytes.Buffer{}, a), "report: ")
		})
	}
	require.ErrorContains(t, report.WriteAlarms(failing{}, alarms("cpu")), "disk full")
}

// The charts alone need nothing that a strict Content-Security-Policy forbids. They shade the
// alarms in the colour of their severity, draw the expected band, and say the latest value.
func TestWriteCharts(t *testing.T) {
	a := alarms("<cpu>")
	a.Labels, a.Judged, a.Latest = nil, nil, true
	why := func(low, high float64) *dagmm.Explanation {
		return &dagmm.Explanation{Contributions: []dagmm.Contribution{{Metric: "<cpu>", Low: low, High: high}}}
	}
	a.Ordinary = []report.Explained{{Row: 1, Explanation: why(0, 2)}, {Row: 2, Explanation: why(1, 3)}}
	var b bytes.Buffer
	require.NoError(t, report.WriteCharts(&b, a))
	charts := b.String()
	for _, want := range []string{`<path class="area major" d="M`, `<path class="band" d="M`, "<b>&lt;cpu&gt;</b>", "9, expected 1 to 3", "9, threshold 5"} {
		require.True(t, strings.Contains(charts, want), want)
	}
	require.NotRegexp(t, `<script|<style|\sstyle=|\son\w+=|NaN`, charts)
	require.True(t, strings.Contains(report.Style(), ".gutter-3 {"))

	a.Ordinary[1].Row = 3
	require.ErrorContains(t, report.WriteCharts(&b, a), "report: ordinary row 3")
	a.Ordinary = nil
	a.X = mat.NewDense(3, 1, []float64{1, 2, math.NaN()})
	a.Samples[2].Energy = math.NaN()
	b.Reset()
	require.NoError(t, report.WriteCharts(&b, a))
	require.True(t, strings.Contains(b.String(), "no value"))
	require.True(t, strings.Contains(b.String(), "no score"))
}
