package report_test

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/report"
)

func alarms(name string) report.Alarms {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	a := report.Alarms{Summary: "1 alarm", Metrics: []string{name}, X: mat.NewDense(3, 1, []float64{1, math.NaN(), 9}), Labels: []bool{false, false, true},
		Samples: []alarm.Result{{Energy: 1, Threshold: 5}, {Energy: math.NaN(), Threshold: 5}, {Energy: 9, Threshold: 5, Flagged: true, Open: true}}}
	a.Alarms = []alarm.Event{{Start: at, End: at.Add(time.Minute), Severity: alarm.Major, Peak: alarm.Peak{PValue: .001},
		Explanation: &dagmm.Explanation{Verdict: dagmm.Verdict{Anomalous: true}, Contributions: []dagmm.Contribution{{Metric: name, Value: 9, Low: 0, High: 2, Conditional: true}}}}}
	a.Verdicts = []string{"yes"}
	return a
}

func TestWriteAlarms(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, report.WriteAlarms(&b, alarms("<cpu>")))
	require.Contains(t, b.String(), "<td>2026-03-01 00:00:00<td>2026-03-01 00:01:00<td>major<td>0.001<td>yes<td>&lt;cpu&gt; is 9, expected 0 to 2")
	require.Contains(t, b.String(), "<h2>&lt;cpu&gt;</h2>")
	require.NotContains(t, b.String(), "NaN")
}

func TestWriteAlarmsChecksLengths(t *testing.T) {
	for name, change := range map[string]func(*report.Alarms){
		"no samples": func(a *report.Alarms) { a.X = nil },
		"metrics":    func(a *report.Alarms) { a.Metrics = nil },
		"results":    func(a *report.Alarms) { a.Samples = a.Samples[1:] },
		"labels":     func(a *report.Alarms) { a.Labels = a.Labels[1:] },
		"verdicts":   func(a *report.Alarms) { a.Verdicts = nil },
	} {
		t.Run(name, func(t *testing.T) {
			a := alarms("cpu")
			change(&a)
			require.ErrorContains(t, report.WriteAlarms(&bytes.Buffer{}, a), "report: ")
		})
	}
	require.ErrorContains(t, report.WriteAlarms(failing{}, alarms("cpu")), "disk full")
}
