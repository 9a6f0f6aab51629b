package alarm

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// same compares events to the last bit: NaN is the same as NaN.
func same(t require.TestingT, want, got Event) {
	require.Equal(t, fmt.Sprintf("%+v", flat(want)), fmt.Sprintf("%+v", flat(got)))
}

// flat returns what an event holds without pointers.
func flat(e Event) []any {
	out := []any{e.Kind, e.Stream, e.Seq, e.Time.UTC(), e.Alarm, e.Start.UTC(), e.End.UTC(), e.Samples, e.Severity, e.Peak.Time.UTC(),
		e.Peak.Energy, e.Peak.Threshold, e.Peak.PValue, e.Peak.Values, e.Peak.Values == nil, e.Metric, e.Detail}
	if e.Explanation != nil {
		out = append(out, *e.Explanation)
	}
	return out
}

func throughJSON(t require.TestingT, e Event) Event {
	text, err := json.Marshal(e)
	require.NoError(t, err)
	var back Event
	require.NoError(t, json.Unmarshal(text, &back), string(text))
	return back
}

func TestEventsOfADetectorSurviveJSON(t *testing.T) {
	d := detector(t, true, strict)
	events := feed(t, d, 0, busy())
	require.Contains(t, kinds(events), Opened)
	require.Contains(t, kinds(events), Stuck)
	require.Contains(t, kinds(events), NoData)
	require.Contains(t, kinds(events), MetricResumed)
	for _, e := range events {
		same(t, e, throughJSON(t, e))
	}
}

// Any event marshals, whatever numbers it holds.
func TestAnyEventSurvivesJSON(t *testing.T) {
	number := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, math.MaxFloat64, 5e-324}))
	at := rapid.Custom(func(t *rapid.T) time.Time { return time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0).UTC() })
	rapid.Check(t, func(t *rapid.T) {
		e := Event{Kind: rapid.SampledFrom([]Kind{Opened, Closed, Stuck, Retrained}).Draw(t, "kind"), Stream: rapid.StringMatching(`[a-zé"\\/]*`).Draw(t, "stream"),
			Seq: rapid.Uint64().Draw(t, "seq"), Time: at.Draw(t, "time"), Detail: rapid.StringMatching(`[ -~]*`).Draw(t, "detail")}
		if rapid.Bool().Draw(t, "alarm") {
			e.Alarm, e.Severity, e.Samples, e.Start, e.End = 3, Major, 7, at.Draw(t, "start"), at.Draw(t, "end")
			e.Peak = Peak{Time: at.Draw(t, "peak"), Energy: number.Draw(t, "energy"), Threshold: number.Draw(t, "threshold"), PValue: number.Draw(t, "p"),
				Values: rapid.SliceOf(number).Draw(t, "values")}
			c := dagmm.Contribution{Metric: "cpu", Share: number.Draw(t, "share"), Value: number.Draw(t, "value"), Low: number.Draw(t, "low"), High: number.Draw(t, "high"), Constant: true,
				Level: number.Draw(t, "level"), Samples: rapid.IntRange(0, 30).Draw(t, "span"), Joint: rapid.Bool().Draw(t, "joint")}
			e.Explanation = &dagmm.Explanation{Verdict: dagmm.Verdict{Energy: number.Draw(t, "e"), Anomalous: true}, Contributions: []dagmm.Contribution{c},
				Pair: [2]string{"cpu", "mem"}, Fits: number.Draw(t, "fits"), Clears: number.Draw(t, "clears"), Before: rapid.Bool().Draw(t, "before"), Usual: [2]float64{number.Draw(t, "usual"), 1}}
			if rapid.Bool().Draw(t, "beside") {
				e.Explanation.Beside = dagmm.Beside{Metric: "net", Value: number.Draw(t, "other"), Low: number.Draw(t, "from"), High: number.Draw(t, "to")}
			}
		}
		same(t, e, throughJSON(t, e))
	})
}

func TestEventJSONNames(t *testing.T) {
	e := Event{Kind: Opened, Stream: "web-1", Seq: 4, Time: dagmmtest.Minute(0), Alarm: 2, Start: dagmmtest.Minute(0), End: dagmmtest.Minute(0), Samples: 1, Severity: Critical,
		Peak: Peak{Time: dagmmtest.Minute(0), Energy: 20, Threshold: 10, PValue: .001, Values: []float64{99, math.NaN()}},
		Explanation: &dagmm.Explanation{Verdict: dagmm.Verdict{Energy: 20, Threshold: 10, PValue: .001, Anomalous: true},
			Contributions: []dagmm.Contribution{{Metric: "cpu", Share: 1, Value: 99, Low: 5, High: 35, Conditional: true}}, Clears: math.NaN(), Usual: [2]float64{3, 60}}}
	text, err := json.Marshal(e)
	require.NoError(t, err)
	require.JSONEq(t, `{"kind": "opened", "stream": "web-1", "seq": 4, "time": "2026-03-02T00:00:00Z", "alarm": 2, "start": "2026-03-02T00:00:00Z", "end": "2026-03-02T00:00:00Z",
		"samples": 1, "severity": "critical",
		"peak": {"time": "2026-03-02T00:00:00Z", "energy": 20, "threshold": 10, "p_value": 0.001, "values": [99, null]},
		"explanation": {"text": "cpu is 99, expected 5 to 35", "energy": 20, "threshold": 10, "p_value": 0.001, "anomalous": true,
			"contributions": [{"metric": "cpu", "share": 1, "value": 99, "low": 5, "high": 35, "conditional": true, "constant": false}],
			"clears": null, "usual": [3, 60]}}`, string(text))
	text, err = json.Marshal(Event{Kind: NoData, Seq: 1, Time: dagmmtest.Minute(0), Detail: "nothing"})
	require.NoError(t, err)
	require.JSONEq(t, `{"kind": "no data", "seq": 1, "time": "2026-03-02T00:00:00Z", "detail": "nothing"}`, string(text))
	text, err = json.Marshal(Event{Kind: MetricMissing, Seq: 2, Time: dagmmtest.Minute(0), Metric: "mem"})
	require.NoError(t, err)
	require.JSONEq(t, `{"kind": "metric missing", "seq": 2, "time": "2026-03-02T00:00:00Z", "metric": "mem"}`, string(text))
}

func TestSeverityText(t *testing.T) {
	for _, want := range []Severity{0, Minor, Major, Critical} {
		text, err := json.Marshal(want)
		require.NoError(t, err)
		got := Severity(9)
		require.NoError(t, json.Unmarshal(text, &got))
		require.Equal(t, want, got)
	}
	_, err := json.Marshal(Severity(9))
	require.ErrorIs(t, err, ErrJSON)
}

func TestWhatIsNoEvent(t *testing.T) {
	for name, text := range map[string]string{
		"a number":         `7`,
		"severity":         `{"kind": "opened", "severity": "awful"}`,
		"severity, number": `{"kind": "opened", "severity": 2}`,
		"energy":           `{"kind": "opened", "peak": {"energy": "much"}}`,
		"values":           `{"kind": "opened", "peak": {"values": [1, "2"]}}`,
		"time":             `{"kind": "opened", "time": "yesterday"}`,
	} {
		t.Run(name, func(t *testing.T) {
			e := Event{Seq: 7}
			require.ErrorIs(t, json.Unmarshal([]byte(text), &e), ErrJSON)
			require.Equal(t, Event{Seq: 7}, e)
		})
	}
}
