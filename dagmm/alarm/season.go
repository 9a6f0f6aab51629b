package alarm

import (
	"slices"

	"github.com/metric-streams/anomaly/dagmm"
)

// Inside, the detector of a model with a season knows deseasonalised values only. What it
// tells is in the metrics' own values again.

// outward returns the event in the metrics' own values.
func (d *Detector) outward(e Event) Event {
	if d.m == nil {
		return e
	}
	season := d.m.Season()
	if season == nil || e.Peak.Values == nil {
		return e
	}
	offsets := season.Offsets(e.Peak.Time)
	e.Peak.Values = shifted(e.Peak.Values, offsets)
	e.Explanation = shiftedExplanation(e.Explanation, d.columns, offsets)
	return e
}

func shifted(values, offsets []float64) []float64 {
	out := slices.Clone(values)
	for j := range out {
		out[j] += offsets[j]
	}
	return out
}

// shiftedExplanation returns the explanation for values that are larger by offsets, one per
// column.
func shiftedExplanation(e *dagmm.Explanation, columns []string, offsets []float64) *dagmm.Explanation {
	if e == nil {
		return nil
	}
	out := *e
	out.Contributions = slices.Clone(e.Contributions)
	for i := range out.Contributions {
		c := &out.Contributions[i]
		by := offsets[slices.Index(columns, c.Metric)]
		c.Value += by
		c.Low += by
		c.High += by
		if c.Samples > 0 {
			c.Level += by
		}
		if i == 0 {
			out.Clears += by
			out.Fits += by
			if b := &out.Beside; b.Metric != "" {
				b.Value += offsets[slices.Index(columns, b.Metric)]
				b.Low += by
				b.High += by
			}
			out.Usual = [2]float64{e.Usual[0] + by, e.Usual[1] + by}
		}
	}
	return &out
}

// reseason moves the peak from the values of one model to those of another.
func (a *episode) reseason(from, to *dagmm.Model, columns []string) {
	move := make([]float64, len(columns))
	if p := from.Season(); p != nil {
		move = p.Offsets(a.peak.Time)
	}
	if p := to.Season(); p != nil {
		for j, v := range p.Offsets(a.peak.Time) {
			move[j] -= v
		}
	}
	a.peak.Values = shifted(a.peak.Values, move)
	a.explained = shiftedExplanation(a.explained, columns, move)
}

// emit numbers an event in the model's values and lets it wait in the metrics' own values.
func (d *Detector) emit(e Event) {
	e = d.outward(e)
	d.seq++
	e.Seq = d.seq
	d.events = append(d.events, e)
}
