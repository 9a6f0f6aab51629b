package alarm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
)

// ErrJSON reports JSON that is no Event.
var ErrJSON = errors.New("invalid event")

// eventJSON is the JSON form of an Event. Its keys are part of the public interface.
type eventJSON struct {
	Kind        Kind             `json:"kind"`
	Stream      string           `json:"stream,omitempty"`
	Seq         uint64           `json:"seq"`
	Time        time.Time        `json:"time"`
	Alarm       uint64           `json:"alarm,omitempty"`
	Start       *time.Time       `json:"start,omitempty"`
	End         *time.Time       `json:"end,omitempty"`
	Samples     int              `json:"samples,omitempty"`
	Severity    Severity         `json:"severity,omitempty"`
	Peak        *peakJSON        `json:"peak,omitempty"`
	Explanation *explanationJSON `json:"explanation,omitempty"`
	Metric      string           `json:"metric,omitempty"`
	Detail      string           `json:"detail,omitempty"`
}

type peakJSON struct {
	Time      time.Time  `json:"time"`
	Energy    jsonFloat  `json:"energy"`
	Threshold jsonFloat  `json:"threshold"`
	PValue    jsonFloat  `json:"p_value"`
	Values    jsonFloats `json:"values"`
}

type explanationJSON struct {
	Text          string             `json:"text"` // for people; not read back
	Energy        jsonFloat          `json:"energy"`
	Threshold     jsonFloat          `json:"threshold"`
	PValue        jsonFloat          `json:"p_value"`
	Anomalous     bool               `json:"anomalous"`
	Contributions []contributionJSON `json:"contributions"`
	Pair          []string           `json:"pair,omitempty"`
	Beside        *besideJSON        `json:"beside,omitempty"`
	Fits          jsonFloat          `json:"fits,omitzero"`
	Clears        jsonFloat          `json:"clears"`
	Before        bool               `json:"before,omitempty"`
	Usual         [2]jsonFloat       `json:"usual"`
}

type besideJSON struct {
	Metric string    `json:"metric"`
	Value  jsonFloat `json:"value"`
	Low    jsonFloat `json:"low"`
	High   jsonFloat `json:"high"`
}

type contributionJSON struct {
	Metric      string    `json:"metric"`
	Share       jsonFloat `json:"share"`
	Value       jsonFloat `json:"value"`
	Low         jsonFloat `json:"low"`
	High        jsonFloat `json:"high"`
	Level       jsonFloat `json:"level,omitzero"`
	Samples     int       `json:"samples,omitempty"`
	Conditional bool      `json:"conditional"`
	Joint       bool      `json:"joint,omitempty"`
	Constant    bool      `json:"constant"`
}

// jsonFloat is a float64 that JSON can hold whatever its value: NaN is null and the
// infinities are strings.
type jsonFloat float64

// MarshalJSON writes a number, null or a string.
func (f jsonFloat) MarshalJSON() ([]byte, error) {
	switch v := float64(f); {
	case v != v:
		return []byte("null"), nil
	case math.IsInf(v, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(v, -1):
		return []byte(`"-Infinity"`), nil
	default:
		return json.Marshal(v)
	}
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (f *jsonFloat) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case "null":
		*f = jsonFloat(math.NaN())
	case `"Infinity"`:
		*f = jsonFloat(math.Inf(1))
	case `"-Infinity"`:
		*f = jsonFloat(math.Inf(-1))
	default:
		var v float64
		if err := json.Unmarshal(text, &v); err != nil {
			return fmt.Errorf("%s is no number", text)
		}
		*f = jsonFloat(v)
	}
	return nil
}

// IsZero lets 0 be left out of an object where its key says omitzero.
func (f jsonFloat) IsZero() bool { return math.Float64bits(float64(f)) == 0 }

// jsonFloats is a list of numbers, of which null is NaN.
type jsonFloats []float64

// MarshalJSON writes a list; null for none.
func (f jsonFloats) MarshalJSON() ([]byte, error) {
	if f == nil {
		return []byte("null"), nil
	}
	list := make([]jsonFloat, len(f))
	for i, v := range f {
		list[i] = jsonFloat(v)
	}
	return json.Marshal(list)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (f *jsonFloats) UnmarshalJSON(text []byte) error {
	*f = nil
	if bytes.Equal(text, []byte("null")) {
		return nil
	}
	// encoding/json leaves an element alone where it reads null.
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	*f = make(jsonFloats, len(list))
	for i, raw := range list {
		var v jsonFloat
		if err := v.UnmarshalJSON(raw); err != nil {
			return err
		}
		(*f)[i] = float64(v)
	}
	return nil
}

// MarshalText returns minor, major or critical, and nothing for 0: not every event has a
// severity.
func (s Severity) MarshalText() ([]byte, error) {
	if s == 0 {
		return nil, nil
	}
	if s < Minor || s > Critical {
		return nil, fmt.Errorf("alarm: severity %d: %w", int(s), ErrJSON)
	}
	return []byte(s.String()), nil
}

// UnmarshalText reads what MarshalText returned.
func (s *Severity) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*s = 0
		return nil
	}
	for _, grade := range []Severity{Minor, Major, Critical} {
		if grade.String() == string(text) {
			*s = grade
			return nil
		}
	}
	return fmt.Errorf("alarm: severity %q: %w", text, ErrJSON)
}

// MarshalJSON writes the event as an object with the keys kind, stream, seq, time, alarm,
// start, end, samples, severity, peak, explanation, metric and detail. What the event does
// not tell is left out. An explanation has text (for people, not read back), energy,
// threshold, p_value, anomalous, contributions, pair, beside (metric, value, low, high), fits,
// clears, before and usual; a contribution has metric, share, value, low, high, level and samples (of the
// recent level), conditional, joint and constant. Times are as in RFC 3339, severity is a word, and what is not a
// number is null: any event marshals, and comes back as it was.
func (e Event) MarshalJSON() ([]byte, error) {
	out := eventJSON{Kind: e.Kind, Stream: e.Stream, Seq: e.Seq, Time: e.Time, Alarm: e.Alarm, Samples: e.Samples, Severity: e.Severity,
		Explanation: explanationToJSON(e.Explanation), Metric: e.Metric, Detail: e.Detail}
	if !e.Start.IsZero() {
		out.Start = &e.Start
	}
	if !e.End.IsZero() {
		out.End = &e.End
	}
	if p := e.Peak; !p.Time.IsZero() || p.Values != nil {
		out.Peak = &peakJSON{Time: p.Time, Energy: jsonFloat(p.Energy), Threshold: jsonFloat(p.Threshold), PValue: jsonFloat(p.PValue), Values: p.Values}
	}
	text, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("alarm: event %d: %w", e.Seq, err)
	}
	return text, nil
}

// UnmarshalJSON reads what MarshalJSON wrote. On error, which is ErrJSON, the event stays as
// it was.
func (e *Event) UnmarshalJSON(text []byte) error {
	var in eventJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return fmt.Errorf("alarm: %w: %w", ErrJSON, err)
	}
	out := Event{Kind: in.Kind, Stream: in.Stream, Seq: in.Seq, Time: in.Time, Alarm: in.Alarm, Samples: in.Samples, Severity: in.Severity,
		Explanation: in.Explanation.explanation(), Metric: in.Metric, Detail: in.Detail}
	if in.Start != nil {
		out.Start = *in.Start
	}
	if in.End != nil {
		out.End = *in.End
	}
	if p := in.Peak; p != nil {
		out.Peak = Peak{Time: p.Time, Energy: float64(p.Energy), Threshold: float64(p.Threshold), PValue: float64(p.PValue), Values: p.Values}
	}
	*e = out
	return nil
}

func explanationToJSON(e *dagmm.Explanation) *explanationJSON {
	if e == nil {
		return nil
	}
	v := e.Verdict
	out := &explanationJSON{Text: e.String(), Energy: jsonFloat(v.Energy), Threshold: jsonFloat(v.Threshold), PValue: jsonFloat(v.PValue), Anomalous: v.Anomalous,
		Contributions: []contributionJSON{}, Fits: jsonFloat(e.Fits), Clears: jsonFloat(e.Clears), Before: e.Before, Usual: [2]jsonFloat{jsonFloat(e.Usual[0]), jsonFloat(e.Usual[1])}}
	for _, c := range e.Contributions {
		out.Contributions = append(out.Contributions, contributionJSON{Metric: c.Metric, Share: jsonFloat(c.Share), Value: jsonFloat(c.Value),
			Low: jsonFloat(c.Low), High: jsonFloat(c.High), Level: jsonFloat(c.Level), Samples: c.Samples, Conditional: c.Conditional, Joint: c.Joint, Constant: c.Constant})
	}
	if strings.Join(e.Pair[:], "") != "" {
		out.Pair = e.Pair[:]
	}
	if b := e.Beside; b.Metric != "" {
		out.Beside = &besideJSON{Metric: b.Metric, Value: jsonFloat(b.Value), Low: jsonFloat(b.Low), High: jsonFloat(b.High)}
	}
	return out
}

func (j *explanationJSON) explanation() *dagmm.Explanation {
	if j == nil {
		return nil
	}
	out := &dagmm.Explanation{Verdict: dagmm.Verdict{Energy: float64(j.Energy), Threshold: float64(j.Threshold), PValue: float64(j.PValue), Anomalous: j.Anomalous},
		Fits: float64(j.Fits), Clears: float64(j.Clears), Before: j.Before, Usual: [2]float64{float64(j.Usual[0]), float64(j.Usual[1])}}
	for _, c := range j.Contributions {
		out.Contributions = append(out.Contributions, dagmm.Contribution{Metric: c.Metric, Share: float64(c.Share), Value: float64(c.Value),
			Low: float64(c.Low), High: float64(c.High), Level: float64(c.Level), Samples: c.Samples, Conditional: c.Conditional, Joint: c.Joint, Constant: c.Constant})
	}
	copy(out.Pair[:], j.Pair)
	if b := j.Beside; b != nil {
		out.Beside = dagmm.Beside{Metric: b.Metric, Value: float64(b.Value), Low: float64(b.Low), High: float64(b.High)}
	}
	return out
}
