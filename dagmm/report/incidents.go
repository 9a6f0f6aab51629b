package report

import (
	"math"
	"time"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/evaluate"
)

// Incident is a group of flagged rows that lie close together. The page, WriteIncidentsJSON
// and WriteIncidentsMarkdown show the same ones.
type Incident struct {
	evaluate.Span                // its rows, from 0; the first and the last are flagged
	Flagged       int            // how many of its rows are flagged
	Start, End    time.Time      // of its first and last row; zero where the rows have no times
	Severity      alarm.Severity // of its peak
	Peak          Explained      // its flagged row with the highest energy
	Energy        float64        // of the peak
	Labelled      int            // how many of its rows are labelled anomalous
}

// Duration returns the time from the first flagged row to the last one; 0 for a single row
// and where the rows have no times.
func (i Incident) Duration() time.Duration { return i.End.Sub(i.Start) }

// Incidents groups the flagged rows with evaluate.EpisodesInTime: at most
// evaluate.NearbyRows others lie between two flagged rows of one incident, and no hole in
// the recording. Where Rows.Apart is set, every flagged row is an incident. The order is
// that of the rows. It is an error if d does not fit together.
func (d Rows) Incidents() ([]Incident, error) {
	if err := check(d); err != nil {
		return nil, err
	}
	return d.incidents(), nil
}

func (d Rows) incidents() []Incident {
	var out []Incident
	least := d.least()
	next := 0 // into d.Flagged
	for _, span := range d.spans() {
		i := Incident{Span: span, Energy: math.Inf(-1)}
		for ; next < len(d.Flagged) && d.Flagged[next].Row < span.End; next++ {
			i.Flagged++
			if e := d.Energies[d.Flagged[next].Row]; e > i.Energy || i.Flagged == 1 {
				i.Energy, i.Peak = e, d.Flagged[next]
			}
		}
		for row := span.Start; row < span.End; row++ {
			if d.labelled(row) {
				i.Labelled++
			}
		}
		if d.Times != nil {
			i.Start, i.End = d.Times[span.Start], d.Times[span.End-1]
		}
		i.Severity = alarm.SeverityOf(i.Energy, d.Threshold, least)
		out = append(out, i)
	}
	return out
}

// spans returns the rows of each incident.
func (d Rows) spans() []evaluate.Span {
	flags := make([]bool, len(d.Energies))
	var each []evaluate.Span
	for _, f := range d.Flagged {
		flags[f.Row] = true
		each = append(each, evaluate.Span{Start: f.Row, End: f.Row + 1})
	}
	if d.Apart {
		return each
	}
	return evaluate.EpisodesInTime(flags, evaluate.NearbyRows, d.Times, interval(d.Times))
}

// least returns the least ordinary energy, from which severities are measured.
func (d Rows) least() float64 {
	if e := d.Calibration.Energies; len(e) > 0 {
		return e[0]
	}
	if scored := finite(d.Energies); len(scored) > 0 {
		return scored[0]
	}
	return math.Inf(-1)
}
