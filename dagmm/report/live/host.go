package live

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/report"
)

const (
	mostIncidents = 50 // of a host, the latest
	mostNotes     = 50 // events
)

// host is what is remembered of a stream.
type host struct {
	name      string
	samples   []sample // rising in time
	bands     []band   // rising in time, of every stride'th sample
	latest    band     // of the last sample that was explained
	incidents []incident
	notes     []note
	scored    int // samples so far
	warming   bool
	silent    time.Time // since when nothing has come; zero while samples come
	queued    bool
	used      uint64
}

// sample is what the charts keep of a result.
type sample struct {
	at                       int64 // nanoseconds since 1970
	energy, threshold, score float32
	flagged, open, expected  bool
}

// band is the range of each metric that was expected at a time; NaN where there is none.
type band struct {
	at        int64
	low, high []float32
}

// incident is an alarm in words.
type incident struct {
	number, seq uint64
	start, end  time.Time
	over        time.Time // zero while it is open
	severity    alarm.Severity
	samples     int
	pValue      float64
	why         string
	causes      []string // the metrics to blame, the first one most
	detail      string   // how it ended, or that its samples count as normal
}

// note is an event in words.
type note struct {
	at         time.Time
	kind, text string
}

// score remembers a result.
func (h *host) score(t time.Time, r alarm.Result, most int) {
	at := t.UnixNano()
	h.rewind(at)
	h.warming, h.silent = false, time.Time{}
	h.samples = append(h.samples, sample{at, float32(r.Energy), float32(r.Threshold), float32(r.Score), r.Flagged, r.Open, r.Expected})
	if len(h.samples) > most+most/4 {
		h.samples = slices.Delete(h.samples, 0, len(h.samples)-most)
		oldest := h.samples[0].at
		h.bands = slices.DeleteFunc(h.bands, func(b band) bool { return b.at < oldest })
	}
	h.scored++
	if in := h.open(); in != nil && r.Flagged { // its next event may be its last
		in.end = t
		in.samples++
	}
}

// rewind forgets what is later than at, because the host's clock was set back.
func (h *host) rewind(at int64) {
	if n := len(h.samples); n == 0 || h.samples[n-1].at < at {
		return
	}
	h.samples = slices.DeleteFunc(h.samples, func(s sample) bool { return s.at >= at })
	h.bands = slices.DeleteFunc(h.bands, func(b band) bool { return b.at >= at })
	h.latest = band{}
}

// last returns the time of the last sample; 0 before the first.
func (h *host) last() int64 {
	if n := len(h.samples); n > 0 {
		return h.samples[n-1].at
	}
	return 0
}

// happen remembers an event.
func (h *host) happen(e alarm.Event) {
	switch e.Kind {
	case alarm.Opened, alarm.Continued, alarm.Reopened, alarm.Closed, alarm.NewNormal:
		h.keep(e)
	case alarm.NoData:
		h.silent = e.Time
	case alarm.DataResumed:
		h.silent = time.Time{}
	case alarm.Retrained:
		h.warming = false
	}
	h.notes = append(h.notes, note{e.Time, string(e.Kind), noteText(e)})
	h.notes = slices.Delete(h.notes, 0, max(0, len(h.notes)-mostNotes))
}

// noteText says what an event tells besides its time and kind.
func noteText(e alarm.Event) string {
	var parts []string
	if e.Alarm > 0 {
		parts = append(parts, fmt.Sprintf("alarm %d", e.Alarm))
	}
	if e.Metric != "" {
		parts = append(parts, shown(e.Metric))
	}
	if e.Explanation != nil && e.Kind != alarm.Closed {
		parts = append(parts, sentence(e.Explanation.String()))
	}
	if e.Detail != "" {
		parts = append(parts, sentence(e.Detail))
	}
	return strings.Join(parts, ": ")
}

// keep remembers the alarm of an event, in its latest form.
func (h *host) keep(e alarm.Event) {
	i := slices.IndexFunc(h.incidents, func(i incident) bool { return i.number == e.Alarm })
	if i < 0 {
		h.incidents = append(h.incidents, incident{number: e.Alarm})
		h.incidents = slices.Delete(h.incidents, 0, max(0, len(h.incidents)-mostIncidents))
		i = len(h.incidents) - 1
	}
	in := &h.incidents[i]
	in.seq, in.start, in.end, in.severity, in.samples, in.pValue = e.Seq, e.Start, e.End, e.Severity, e.Samples, e.Peak.PValue
	in.over, in.detail = time.Time{}, sentence(e.Detail)
	if e.Kind == alarm.Closed {
		in.over = e.Time
	}
	if e.Explanation != nil {
		in.why, in.causes = sentence(e.Explanation.String()), nil
		for _, metric := range report.Causes(e.Explanation) {
			in.causes = append(in.causes, shown(metric))
		}
	}
}

// resume takes an alarm that was open at the start, unless an event has told of it since.
func (h *host) resume(e alarm.Event) {
	h.warming = false
	if slices.ContainsFunc(h.incidents, func(i incident) bool { return i.number == e.Alarm && i.seq >= e.Seq }) {
		return
	}
	h.keep(e)
}

// open returns the alarm that is open; nil where none is.
func (h *host) open() *incident {
	if n := len(h.incidents); n > 0 && h.incidents[n-1].over.IsZero() {
		return &h.incidents[n-1]
	}
	return nil
}

// bound remembers the expected ranges of the sample at a time, of the columns in their order.
func (h *host) bound(at int64, columns []string, e *dagmm.Explanation, stride int) {
	b := band{at: at, low: make([]float32, len(columns)), high: make([]float32, len(columns))}
	for j := range columns {
		b.low[j], b.high[j] = float32(math.NaN()), float32(math.NaN())
	}
	for _, c := range e.Contributions {
		if j := slices.Index(columns, c.Metric); j >= 0 && !c.Joint {
			b.low[j], b.high[j] = float32(c.Low), float32(c.High)
		}
	}
	h.latest = b
	if n := len(h.bands); n == 0 || h.since(h.bands[n-1].at) >= stride {
		h.bands = append(h.bands, b)
		h.bands = slices.Delete(h.bands, 0, max(0, len(h.bands)-2*mostBands))
	}
}

// since counts the samples after a time.
func (h *host) since(at int64) (n int) {
	for n < len(h.samples) && h.samples[len(h.samples)-1-n].at > at {
		n++
	}
	return n
}
