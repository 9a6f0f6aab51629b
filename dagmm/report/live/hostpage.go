package live

import (
	"bytes"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dagmm/report"
	"github.com/metric-streams/anomaly/internal/format"
)

// alarmView is an alarm as the pages show it.
type alarmView struct {
	Number                         uint64
	Open                           bool
	Severity                       string // empty where it is not known
	Start, Duration, Samples       string
	Why, PValue, Detail            string
	Causes                         []string
	True, False, Judgeable, Unseen bool // Unseen: before this program started, so its reason is not known
	Verdict                        string
}

// noteView is an event as the page shows it.
type noteView struct{ Time, Kind, Text string }

// serveHost shows one host.
func (p *Page) serveHost(w http.ResponseWriter, r *http.Request) {
	m, name, ok := p.named(w, r)
	if !ok {
		return
	}
	times, x := m.Recent(name, p.cfg.Samples)
	known, expected := m.Alarms(name), m.Expected(name)
	_, counts := p.entries("")
	now := p.present(name)
	h, ok := p.copyOf(name)
	if !ok {
		http.NotFound(w, r)
		return
	}
	charts, err := p.charts(h, times, x)
	if err != nil {
		http.Error(w, "The charts could not be drawn: "+err.Error(), http.StatusInternalServerError)
		return
	}
	state, note := p.state(&h, expected, now)
	data := map[string]any{
		"Title": p.cfg.Title, "Name": name, "Shown": p.label(name), "State": state, "Note": note, "Charts": charts, "Samples": format.Count(len(times), "sample"),
		"Past": p.past(h, known, now), "Notes": p.notes(h), "Periods": periods, "Time": p.stamp(p.now()), "Zone": p.now().In(p.cfg.Zone).Format("MST"),
		"Others": counts.Open - word(h.open() != nil), "Counts": counts, "Banded": len(h.bands) > 0,
	}
	if until := expectedUntil(expected, now); !until.IsZero() {
		data["Expected"] = p.stamp(until)
	}
	if in := h.open(); in != nil {
		data["Alarm"] = p.alarmView(*in, known, now)
	}
	if n := len(h.samples); n > 0 {
		s := h.samples[n-1]
		data["Last"], data["Score"] = p.stamp(time.Unix(0, s.at)), scoreText(s.score)
	} else if n := len(times); n > 0 {
		data["Last"] = p.stamp(times[n-1])
	}
	p.write(w, http.StatusOK, "host.html", data)
}

// copyOf returns a host that the hooks do not change.
func (p *Page) copyOf(name string) (host, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.hosts[name]
	if h == nil {
		return host{}, false
	}
	out := *h
	out.samples, out.bands, out.incidents, out.notes = slices.Clone(h.samples), slices.Clone(h.bands), slices.Clone(h.incidents), slices.Clone(h.notes)
	if n := len(out.bands); h.latest.at != 0 && (n == 0 || out.bands[n-1].at < h.latest.at) {
		out.bands = append(out.bands, h.latest)
	}
	return out, true
}

// charts draws the values that the Monitor remembers, with what the Page remembers of their
// results.
func (p *Page) charts(h host, times []time.Time, x *mat.Dense) (template.HTML, error) {
	if len(times) == 0 {
		return "", nil
	}
	a := report.Alarms{X: x, Latest: true, Samples: make([]alarm.Result, len(times)), Times: make([]time.Time, len(times))}
	p.mu.Lock()
	columns := p.columns
	p.mu.Unlock()
	for j, name := range columns {
		name = shown(name)
		if slices.Contains(a.Metrics, name) { // long names may begin alike
			name = fmt.Sprintf("%s (column %d)", name, j+1)
		}
		a.Metrics = append(a.Metrics, name)
	}
	if len(p.cfg.Units) == len(columns) {
		a.Units = p.cfg.Units
	}
	k, b := 0, 0
	for i, t := range times {
		at := t.UnixNano()
		a.Times[i] = t.In(p.cfg.Zone)
		a.Samples[i] = alarm.Result{Energy: math.NaN(), Threshold: math.NaN(), Score: math.NaN(), PValue: math.NaN()}
		for k < len(h.samples) && h.samples[k].at < at {
			k++
		}
		if k < len(h.samples) && h.samples[k].at == at {
			s := h.samples[k]
			a.Samples[i] = alarm.Result{Energy: float64(s.energy), Threshold: float64(s.threshold), Flagged: s.flagged, Open: s.open, Expected: s.expected}
		}
		for b < len(h.bands) && h.bands[b].at < at {
			b++
		}
		if b < len(h.bands) && h.bands[b].at == at {
			a.Ordinary = append(a.Ordinary, report.Explained{Row: i, Explanation: h.bands[b].explanation(a.Metrics)})
		}
	}
	for _, in := range h.incidents {
		e := alarm.Event{Start: in.start, End: in.end, Severity: in.severity, Explanation: &dagmm.Explanation{}}
		if in.over.IsZero() {
			e.End = times[len(times)-1]
		}
		for _, metric := range in.causes {
			e.Explanation.Contributions = append(e.Explanation.Contributions, dagmm.Contribution{Metric: metric, Share: 1})
		}
		a.Alarms = append(a.Alarms, e)
	}
	var out bytes.Buffer
	err := report.WriteCharts(&out, a)
	return template.HTML(out.String()), err // of a template that escapes
}

// explanation returns the ranges as report draws them.
func (b band) explanation(metrics []string) *dagmm.Explanation {
	e := &dagmm.Explanation{Contributions: make([]dagmm.Contribution, len(metrics))}
	for j, name := range metrics {
		e.Contributions[j] = dagmm.Contribution{Metric: name, Low: float64(b.low[j]), High: float64(b.high[j])}
	}
	return e
}

// alarmView says what is known of an alarm.
func (p *Page) alarmView(in incident, known []monitor.Alarm, now time.Time) alarmView {
	v := alarmView{Number: in.number, Open: in.over.IsZero(), Severity: in.severity.String(), Start: p.stamp(in.start), Duration: format.Duration(in.end.Sub(in.start)),
		Samples: format.Count(in.samples, "sample"), Why: in.why, Causes: in.causes, PValue: fmt.Sprintf("%.2g", in.pValue), Detail: in.detail}
	if v.Open {
		v.Duration = format.Duration(max(now.Sub(in.start), 0).Truncate(time.Second))
	}
	if k := slices.IndexFunc(known, func(a monitor.Alarm) bool { return a.Number == in.number }); k >= 0 {
		v.judge(known[k])
	}
	return v
}

// judge says what an operator has said.
func (v *alarmView) judge(a monitor.Alarm) {
	v.Judgeable, v.True, v.False = true, a.Judged && a.Real, a.Judged && !a.Real
	switch {
	case v.True:
		v.Verdict = "true alarm"
	case v.False:
		v.Verdict = "false alarm"
	}
}

// past returns the alarms that are over, the latest first: those that the Page has seen, and
// those that only the Monitor knows of.
func (p *Page) past(h host, known []monitor.Alarm, now time.Time) []alarmView {
	var out []alarmView
	seen := map[uint64]bool{}
	for _, in := range slices.Backward(h.incidents) {
		seen[in.number] = true
		if !in.over.IsZero() {
			out = append(out, p.alarmView(in, known, now))
		}
	}
	for _, a := range slices.Backward(known) {
		if seen[a.Number] || a.Open || a.Start.IsZero() || len(out) >= mostIncidents {
			continue
		}
		v := alarmView{Number: a.Number, Start: p.stamp(a.Start), Duration: format.Duration(a.End.Sub(a.Start)), Unseen: true}
		v.judge(a)
		out = append(out, v)
	}
	slices.SortStableFunc(out, func(a, b alarmView) int { return int(int64(b.Number - a.Number)) })
	return out
}

// notes returns the events, the latest first.
func (p *Page) notes(h host) []noteView {
	var out []noteView
	for _, n := range slices.Backward(h.notes) {
		out = append(out, noteView{p.stamp(n.at), n.kind, n.text})
	}
	return out
}
