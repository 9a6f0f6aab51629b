package report_test

import (
	"bytes"
	"encoding/json"
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

// flagged makes 100 rows, a minute apart, of which those given are flagged with energies.
func flagged(energies map[int]float64) report.Rows {
	const n = 100
	d := report.Rows{Title: "web_7", Source: "web.csv", Metrics: []string{"cpu", "mem"}, Units: []string{"%", ""}, X: mat.NewDense(n, 2, nil),
		Energies: make([]float64, n), Labels: make([]bool, n), Threshold: 4, Calibration: dagmm.NewCalibration([]float64{2, 3, 5})}
	for i := range n {
		d.Times = append(d.Times, time.Date(2026, 3, 1, 0, i, 0, 0, time.UTC))
		d.Energies[i] = 2.5
		if e, ok := energies[i]; ok {
			d.Energies[i] = e
			d.Flagged = append(d.Flagged, report.Explained{Row: i, Explanation: &dagmm.Explanation{
				Verdict:       dagmm.Verdict{Energy: e, Threshold: 4, PValue: .01, Anomalous: true},
				Contributions: []dagmm.Contribution{{Metric: "cpu", Share: 1, Value: float64(i), Low: 1, High: math.Inf(1), Conditional: true}},
				Usual:         [2]float64{-2, -1},
			}})
		}
	}
	return d
}

func TestIncidentsGroupNearbyRows(t *testing.T) {
	d := flagged(map[int]float64{10: 5, 21: 7, 33: 13, 60: 4.5, 61: 100})
	d.Labels[21], d.Labels[25] = true, true
	all, err := d.Incidents()
	require.NoError(t, err)
	require.Len(t, all, 3)
	first := all[0]
	require.Equal(t, evaluate.Span{Start: 10, End: 22}, first.Span, "10 rows lie between: one incident; 11 are too many")
	require.Equal(t, []any{2, 7., 21, 1, alarm.Major, 11 * time.Minute}, []any{first.Flagged, first.Energy, first.Peak.Row, first.Labelled, first.Severity, first.Duration()})
	require.Equal(t, "11m, 2 of 12 rows", first.Lasted())
	require.Equal(t, alarm.Critical, all[1].Severity, "(13 − 2)/(4 − 2) is above 5")
	require.Equal(t, "1 row", all[1].Lasted())
	require.Equal(t, "1m, 2 rows", all[2].Lasted())

	d.Apart = true
	all, err = d.Incidents()
	require.NoError(t, err)
	require.Len(t, all, 5)
	require.Equal(t, alarm.Minor, all[0].Severity)
}

func TestAHoleInTheRecordingEndsAnIncident(t *testing.T) {
	d := flagged(map[int]float64{10: 5, 12: 7})
	for i := 12; i < 100; i++ {
		d.Times[i] = d.Times[i].Add(time.Hour)
	}
	all, err := d.Incidents()
	require.NoError(t, err)
	require.Len(t, all, 2)
}

func TestIncidentsWithoutTimesOrCalibration(t *testing.T) {
	d := flagged(map[int]float64{10: 5, 12: math.Inf(1)})
	d.Times, d.Calibration = nil, dagmm.Calibration{}
	all, err := d.Incidents()
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, alarm.Critical, all[0].Severity)
	require.Zero(t, all[0].Duration())
	require.Equal(t, "2 of 3 rows", all[0].Lasted())
}

func TestIncidentsJSON(t *testing.T) {
	d := flagged(map[int]float64{10: 5, 12: math.Inf(1), 50: 6})
	d.Flagged[2].Explanation.Verdict.PValue = math.NaN()
	text := func() string {
		var b bytes.Buffer
		require.NoError(t, report.WriteIncidentsJSON(&b, d))
		require.NotContains(t, b.String(), "NaN")
		return b.String()
	}
	var out map[string]any
	require.NoError(t, json.Unmarshal([]byte(text()), &out))
	require.Equal(t, "2026-03-01T00:00:00Z", out["start"])
	require.Equal(t, []any{100., 100., 3.}, []any{out["rows"], out["rows_scored"], out["rows_flagged"]})
	incidents := out["incidents"].([]any)
	require.Equal(t, map[string]any{
		"host": "", "first_row": 11., "last_row": 13., "rows_flagged": 2., "rows_labelled": 0., "start": "2026-03-01T00:10:00Z", "end": "2026-03-01T00:12:00Z",
		"duration_seconds": 120., "severity": "critical", "why": "cpu is 12, expected 1 to +Inf",
		"peak":    map[string]any{"row": 13., "time": "2026-03-01T00:12:00Z", "energy": nil, "p_value": .01, "weak": false},
		"metrics": []any{map[string]any{"metric": "cpu", "unit": "%", "share": 1., "value": 12., "low": 1., "high": nil, "conditional": true, "constant": false}},
	}, incidents[0])
	require.Nil(t, incidents[1].(map[string]any)["peak"].(map[string]any)["p_value"])

	d.Times, d.Labels = nil, nil
	out = nil
	require.NoError(t, json.Unmarshal([]byte(text()), &out))
	first := out["incidents"].([]any)[0].(map[string]any)
	for _, key := range []string{"start", "end", "duration_seconds", "rows_labelled"} {
		require.Contains(t, first, key)
		require.Nil(t, first[key], key)
	}

	d.Flagged = nil
	require.Contains(t, text(), `"incidents": []`)
}

func TestIncidentsMarkdown(t *testing.T) {
	d := flagged(map[int]float64{10: 5, 21: 7, 50: 6})
	d.Metrics[0] = "a|b<i>_c_"
	for _, f := range d.Flagged {
		f.Explanation.Contributions[0].Metric = d.Metrics[0]
	}
	var b bytes.Buffer
	require.NoError(t, report.WriteIncidentsMarkdown(&b, d))
	lines := strings.Split(b.String(), "\n")
	require.Equal(t, `# web\_7`, lines[0])
	require.Equal(t, "2026-03-01 00:00:00 to 2026-03-01 01:39:00 UTC", lines[2])
	require.Equal(t, `2 incidents: 1 major, 1 minor. The gravest: 2026-03-01 00:10:00 (rows 11 to 22), 11m, 2 of 12 rows: a\|b&lt;i&gt;\_c\_ is 21, expected 1 to +Inf.`, lines[4])
	require.Equal(t, `| 2026-03-01 00:10:00 | 11m, 2 of 12 rows | rows 11 to 22 | major | a\|b&lt;i&gt;\_c\_ is 21, expected 1 to +Inf | a\|b&lt;i&gt;\_c\_ 21 %, row 22; energy 7, p 0.01 |`, lines[8])
	d.Flagged = nil
	b.Reset()
	require.NoError(t, report.WriteIncidentsMarkdown(&b, d))
	require.Contains(t, b.String(), "Nothing is flagged")
	require.NotContains(t, b.String(), "|---")
}

func TestIncidentsOfWhatDoesNotFit(t *testing.T) {
	d := flagged(map[int]float64{10: 5})
	d.Energies = d.Energies[1:]
	_, err := d.Incidents()
	require.ErrorContains(t, err, "99 energies for 100 rows")
	require.Error(t, report.WriteIncidentsJSON(&bytes.Buffer{}, d))
	require.Error(t, report.WriteIncidentsMarkdown(&bytes.Buffer{}, d))
	good := flagged(map[int]float64{10: 5})
	require.ErrorContains(t, report.WriteIncidentsJSON(failing{}, good), "disk full")
	require.ErrorContains(t, report.WriteIncidentsMarkdown(failing{}, good), "disk full")
}

// The page says first what was found, and shows the gravest of many.
func TestThePageAnswersFirst(t *testing.T) {
	html := write(t, flagged(map[int]float64{10: 5, 11: 14, 40: 4.5}))
	require.Contains(t, html, "2 incidents: 1 critical, 1 minor. The gravest: 2026-03-01 00:10:00 (rows 11 to 12), 1m, 2 rows: cpu is 11")
	require.Less(t, strings.Index(html, "2 incidents: "), strings.Index(html, `id="scatters"`))
	require.Less(t, strings.Index(html, `class="strips"`), strings.Index(html, `id="scatters"`))
	require.Contains(t, html, `data-row="12"`)

	many := map[int]float64{}
	for i := 0; i < 100; i += 2 {
		many[i] = 5 + float64(i)
	}
	d := flagged(many)
	d.Apart = true
	html = write(t, d)
	require.Contains(t, html, "<summary>38 less grave incidents</summary>")
	require.Less(t, strings.Index(html, `data-row="99"`), strings.Index(html, "less grave"))
	require.Greater(t, strings.Index(html, `data-row="1"`), strings.Index(html, "less grave"))
}
