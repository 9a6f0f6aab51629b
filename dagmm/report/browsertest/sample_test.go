package browsertest

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/evaluate"
	"github.com/metric-streams/anomaly/dagmm/report"
)

var hostMetrics = []string{"cpu", "mem", "disk", "net_in"}

// host makes a report on n rows of correlated metrics, about one in a hundred of them flagged. Metrics beyond the fourth are noise.
func host(n int, metrics []string) report.Rows {
	rng := rand.New(rand.NewPCG(3, 4))
	d := report.Rows{
		Title: "web-7", Source: "web-7.csv", Metrics: metrics, Threshold: 6.2, ThresholdNote: "99 % quantile of the training energies",
		Energies: make([]float64, n), Labels: make([]bool, n), Generated: time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC),
		Warnings: []string{"The mixture has 1.1 effective components of 2: training may have collapsed."},
		Training: []report.Fact{{Name: "Rows used", Value: "1,000"}, {Name: "Preset", Value: "metrics"}, {Name: "Steps", Value: "2,000 in 500 epochs"},
			{Name: "Stopped", Value: "all steps done"}, {Name: "Seed", Value: "1"}, {Name: "Against a plain mixture", Value: "finds 96 % of synthetic faults, the mixture 95 %"}},
	}
	x := mat.NewDense(n, len(metrics), nil)
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		d.Times = append(d.Times, start.Add(time.Duration(i)*time.Minute))
		load := .5 + .3*math.Sin(float64(i)/200) + .07*rng.NormFloat64()
		row := []float64{100 * load * .8, 35 + 20*load + rng.NormFloat64(), 6 + 30*load*load + 2*rng.NormFloat64(), 4e6 * (1 + 4*load + .3*rng.NormFloat64())}
		for j := range metrics {
			if j < len(row) {
				x.Set(i, j, row[j])
			} else {
				x.Set(i, j, rng.NormFloat64())
			}
		}
		d.Energies[i] = 1.5 + 1.1*rng.ExpFloat64()
		if d.Energies[i] > d.Threshold {
			d.Energies[i] = d.Threshold - .3*rng.Float64()
		}
		if i%97 == 60 {
			addFault(&d, x, i, rng)
		}
		d.Labels[i] = i%194 == 60 || i%500 == 20
	}
	d.X = x
	return d
}

func addFault(d *report.Rows, x *mat.Dense, i int, rng *rand.Rand) {
	m := rng.IntN(min(len(d.Metrics), 4))
	usual := x.At(i, m)
	x.Set(i, m, usual*(2+rng.Float64()))
	d.Energies[i] = d.Threshold + 2 + 60*rng.ExpFloat64()
	why := &dagmm.Explanation{
		Verdict: dagmm.Verdict{Energy: d.Energies[i], Threshold: d.Threshold, PValue: .001, Anomalous: true},
		Contributions: []dagmm.Contribution{
			{Metric: d.Metrics[m], Share: .84, Value: x.At(i, m), Low: usual * .8, High: usual * 1.2, Conditional: true},
		},
	}
	for j := range d.Metrics {
		if j != m {
			why.Contributions = append(why.Contributions, dagmm.Contribution{
				Metric: d.Metrics[j], Share: .16 / float64(len(d.Metrics)), Value: x.At(i, j), Low: x.At(i, j) * .9, High: x.At(i, j) * 1.1})
		}
	}
	if i%4 == 0 && len(d.Metrics) > 1 {
		why.Pair = [2]string{d.Metrics[0], d.Metrics[1]}
	}
	d.Flagged = append(d.Flagged, report.Explained{Row: i, Explanation: why})
}

// save writes the report into a temporary file.
func save(t *testing.T, d report.Rows) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, report.WriteRows(f, d))
	require.NoError(t, f.Close())
	return path
}

// saveHosts writes a page about three hosts, one of them with a long name and without an incident, and one that is left out.
func saveHosts(t *testing.T) string {
	t.Helper()
	d := report.Hosts{Title: "fleet.csv", LeftOut: []report.Fact{{Name: "web-9", Value: "3 usable rows of 3, need at least 7"}}}
	for k, name := range []string{"ip-10-11-12-13.eu-central-1.compute.internal", "web-7", "db-1"} {
		h := host(300+150*k, hostMetrics)
		if h.Host = name; k == 0 {
			h.Flagged = nil
		}
		d.Hosts = append(d.Hosts, h)
	}
	path := filepath.Join(t.TempDir(), "report.html")
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, report.WriteHosts(f, d))
	require.NoError(t, f.Close())
	return path
}

// saveAlarms writes a page about two alarms, one of them in a labelled incident.
func saveAlarms(t *testing.T) string {
	t.Helper()
	d := host(600, hostMetrics)
	a := report.Alarms{Title: "Backtest of web-7", Summary: "2 alarms", Metrics: d.Metrics, X: d.X, Times: d.Times, Labels: make([]bool, 600), Samples: make([]alarm.Result, 600)}
	number := make([]int, 600)
	for i := range a.Samples {
		open := i >= 100 && i < 110 || i >= 300 && i < 330
		a.Samples[i] = alarm.Result{Energy: d.Energies[i], Threshold: d.Threshold, Flagged: open, Open: open}
		a.Labels[i] = i >= 302 && i < 320
		if open {
			number[i] = 1 + i/300
		}
	}
	judged, err := evaluate.JudgeAlarms(a.Labels, number, nil)
	require.NoError(t, err)
	a.Judged = &judged
	for _, first := range []int{100, 300} {
		a.Alarms = append(a.Alarms, alarm.Event{Start: d.Times[first], End: d.Times[first+9], Samples: 10, Severity: alarm.Major, Explanation: d.Flagged[0].Explanation})
	}
	path := filepath.Join(t.TempDir(), "report.html")
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, report.WriteAlarms(f, a))
	require.NoError(t, f.Close())
	return path
}
