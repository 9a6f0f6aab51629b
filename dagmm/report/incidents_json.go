package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

// incidentsJSON is what WriteIncidentsJSON writes. Its keys are part of the public interface.
type incidentsJSON struct {
	Title  string `json:"title"`
	Source string `json:"source"`
	recordingJSON
	Incidents []incidentJSON `json:"incidents"`
}

// recordingJSON sums up the rows of one host.
type recordingJSON struct {
	Rows      int        `json:"rows"`
	Scored    int        `json:"rows_scored"`
	Flagged   int        `json:"rows_flagged"`
	Weak      int        `json:"rows_weak"`
	WeakNote  string     `json:"weak_note"`
	Start     *time.Time `json:"start"`
	End       *time.Time `json:"end"`
	Threshold number     `json:"threshold"`
}

type incidentJSON struct {
	Host     string         `json:"host"`
	FirstRow int            `json:"first_row"`
	LastRow  int            `json:"last_row"`
	Flagged  int            `json:"rows_flagged"`
	Labelled *int           `json:"rows_labelled"`
	Start    *time.Time     `json:"start"`
	End      *time.Time     `json:"end"`
	Seconds  number         `json:"duration_seconds"`
	Severity alarm.Severity `json:"severity"`
	Why      string         `json:"why"`
	Peak     peakJSON       `json:"peak"`
	Metrics  []metricJSON   `json:"metrics"`
}

type peakJSON struct {
	Row    int        `json:"row"`
	Time   *time.Time `json:"time"`
	Energy number     `json:"energy"`
	PValue number     `json:"p_value"`
	Weak   bool       `json:"weak"`
}

type metricJSON struct {
	Metric      string `json:"metric"`
	Unit        string `json:"unit"`
	Share       number `json:"share"`
	Value       number `json:"value"`
	Low         number `json:"low"`
	High        number `json:"high"`
	Conditional bool   `json:"conditional"`
	Constant    bool   `json:"constant"`
}

// number is null in JSON where it is not finite.
type number float64

// MarshalJSON writes the number, or null.
func (v number) MarshalJSON() ([]byte, error) {
	if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(v))
}

// WriteIncidentsJSON writes the incidents of d to w as one JSON object:
//
//	title, source               as in d
//	rows, rows_scored           of the input, and how many of them have an energy
//	rows_flagged                above the threshold, in all incidents
//	rows_weak                   how many of them are weak: see Explained.Weak
//	weak_note                   a sentence about those; empty without any
//	start, end                  of the first and the last row
//	threshold                   the energy above which a row is flagged
//	incidents                   a list in the order of the rows, of
//	    host                    as in d
//	    first_row, last_row     numbered from 1; both are flagged
//	    rows_flagged            how many from the first to the last are
//	    rows_labelled           how many are labelled anomalous; null without labels
//	    start, end              of the first and the last row
//	    duration_seconds        from start to end; 0 for one row
//	    severity                minor, major or critical: see alarm.Severity
//	    why                     a sentence about the peak
//	    peak                    the row with the highest energy: row, time, energy, p_value,
//	                            weak
//	    metrics                 of the peak, in the order of dagmm.Explanation: metric, unit (empty where
//	                            unknown), share of the energy (0 to 1), value, low and high of
//	                            the expected range (null where no single range shows what is
//	                            wrong), conditional (the range takes the other metrics into
//	                            account), constant (in training)
//
// Times are as in RFC 3339, and null where the rows have none. A number that is not finite
// is null. Every key is always there. The errors are those of Rows.Incidents and of w.
func WriteIncidentsJSON(w io.Writer, d Rows) error {
	incidents, err := d.Incidents()
	if err != nil {
		return err
	}
	return encode(w, incidentsJSON{Title: d.Title, Source: d.Source, recordingJSON: d.recordingJSON(), Incidents: d.incidentsJSON(incidents)})
}

// encode writes JSON for people to read too.
func encode(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

func (d Rows) recordingJSON() recordingJSON {
	n, _ := d.X.Dims()
	return recordingJSON{Rows: n, Scored: d.scored(), Flagged: len(d.Flagged), Weak: d.weak(), WeakNote: d.WeakNote(),
		Start: d.time(0), End: d.time(n - 1), Threshold: number(d.Threshold)}
}

func (d Rows) incidentsJSON(incidents []Incident) []incidentJSON {
	out := make([]incidentJSON, len(incidents))
	for k, i := range incidents {
		out[k] = d.incidentJSON(i)
	}
	return out
}

func (d Rows) incidentJSON(i Incident) incidentJSON {
	out := incidentJSON{Host: d.Host, FirstRow: i.Span.Start + 1, LastRow: i.Span.End, Flagged: i.Flagged, Start: d.time(i.Span.Start), End: d.time(i.Span.End - 1),
		Seconds: number(math.NaN()), Severity: i.Severity, Why: i.Peak.Explanation.String(), Metrics: []metricJSON{},
		Peak: peakJSON{Row: i.Peak.Row + 1, Time: d.time(i.Peak.Row), Energy: number(i.Energy), PValue: number(i.Peak.Explanation.Verdict.PValue), Weak: i.Weak()}}
	if d.Times != nil {
		out.Seconds = number(i.Duration().Seconds())
	}
	if d.Labels != nil {
		out.Labelled = &i.Labelled
	}
	for _, c := range i.Peak.Explanation.Contributions {
		out.Metrics = append(out.Metrics, metricJSON{Metric: c.Metric, Unit: d.unitOf(c.Metric), Share: number(c.Share), Value: number(c.Value),
			Low: number(c.Low), High: number(c.High), Conditional: c.Conditional, Constant: c.Constant})
		if m := &out.Metrics[len(out.Metrics)-1]; c.Joint {
			m.Low, m.High = number(math.NaN()), number(math.NaN())
		}
	}
	return out
}

// time returns the time of a row; nil where there is none.
func (d Rows) time(row int) *time.Time {
	if row < 0 || row >= len(d.Times) {
		return nil
	}
	return &d.Times[row]
}

func (d Rows) scored() (n int) {
	for _, e := range d.Energies {
		if !math.IsNaN(e) {
			n++
		}
	}
	return n
}
