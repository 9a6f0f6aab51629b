package live

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/internal/format"
)

// hostsPerPage bounds the length of the page.
const hostsPerPage = 100

// entry is a host in the order of the page.
type entry struct {
	name     string
	severity alarm.Severity // of the open alarm; 0 where none is open
	start    time.Time      // of it
	silent   bool
}

// row is a host on the page.
type row struct {
	Name, Shown, ID string
	Alarm           *alarmView // nil where none is open
	State, Note     string
	Score           string
	Spark           spark
}

// spark is a small chart of a host's scores.
type spark struct{ Line, Threshold template.HTMLAttr }

// count is how many hosts there are of a kind.
type count struct{ Hosts, Open, Silent, Warming int }

// serveAll shows the hosts, those with open alarms first.
func (p *Page) serveAll(w http.ResponseWriter, r *http.Request) {
	m, ok := p.ready(w)
	if !ok {
		return
	}
	query := typed(r.URL.Query().Get("q"))
	all, counts := p.entries(query)
	number, _ := strconv.Atoi(r.URL.Query().Get("page")) // what is no number is the first page
	pagesOf := max(1, (len(all)+hostsPerPage-1)/hostsPerPage)
	number = min(max(number, 1), pagesOf)
	part := all[(number-1)*hostsPerPage : min(number*hostsPerPage, len(all))]
	var open, others []row
	for _, e := range part {
		v, ok := p.row(m, e)
		switch {
		case !ok:
		case v.Alarm != nil:
			open = append(open, v)
		default:
			others = append(others, v)
		}
	}
	p.write(w, http.StatusOK, "all.html", map[string]any{
		"Title": p.cfg.Title, "Counts": counts, "Summary": counts.String(), "Alarms": open, "Others": others, "Query": query, "Found": len(all), "Filter": query != "" || counts.Hosts > 12,
		"Page": number, "Pages": pagesOf, "Before": number - 1, "After": (number + 1) % (pagesOf + 1), "Time": p.stamp(p.now()), "Zone": p.now().In(p.cfg.Zone).Format("MST"),
	})
}

// typed is a query without what nobody types.
func typed(query string) string {
	query = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, query[:min(len(query), 1000)])
	return strings.TrimSpace(query)
}

// String says it in a sentence.
func (c count) String() string {
	parts := []string{format.Count(c.Hosts, "host")}
	switch c.Open {
	case 0:
		parts = append(parts, "no open alarm")
	default:
		parts = append(parts, fmt.Sprintf("%d with an open alarm", c.Open))
	}
	if c.Silent > 0 {
		parts = append(parts, fmt.Sprintf("%d silent", c.Silent))
	}
	if c.Warming > 0 {
		parts = append(parts, fmt.Sprintf("%d warming up", c.Warming))
	}
	return strings.Join(parts, ", ")
}

// entries returns the hosts whose names or labels hold the query, in the order of the page, and
// counts all.
func (p *Page) entries(query string) (out []entry, c count) {
	query = strings.ToLower(query)
	p.mu.Lock()
	for name, h := range p.hosts {
		e := entry{name: name, silent: !h.silent.IsZero()}
		c.Hosts++
		if a := h.open(); a != nil {
			e.severity, e.start = a.severity, a.start
			c.Open++
		}
		if e.silent {
			c.Silent++
		}
		if h.warming {
			c.Warming++
		}
		if query == "" || strings.Contains(strings.ToLower(name+"\n"+p.cfg.Label(name)), query) {
			out = append(out, e)
		}
	}
	p.mu.Unlock()
	slices.SortFunc(out, func(a, b entry) int {
		return cmp.Or(cmp.Compare(b.severity, a.severity), b.start.Compare(a.start), cmp.Compare(word(b.silent), word(a.silent)), cmp.Compare(a.name, b.name))
	})
	return out, c
}

func word(b bool) int {
	if b {
		return 1
	}
	return 0
}

// row returns a host as the page shows it; false where it is gone.
func (p *Page) row(m *monitor.Monitor, e entry) (row, bool) {
	name, expected := e.name, m.Expected(e.name)
	var known []monitor.Alarm
	if e.severity > 0 {
		known = m.Alarms(name)
	}
	now := p.present(name)
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.hosts[name]
	if h == nil {
		return row{}, false
	}
	v := row{Name: name, Shown: p.label(name), ID: identity(name), Spark: sparkOf(h.samples)}
	v.State, v.Note = p.state(h, expected, now)
	if n := len(h.samples); n > 0 && !math.IsNaN(float64(h.samples[n-1].score)) {
		v.Score = scoreText(h.samples[n-1].score)
	}
	if in := h.open(); in != nil {
		a := p.alarmView(*in, known, now)
		v.Alarm = &a
	}
	return v, true
}

// state says in a word or two how a host is, and more in a note.
func (p *Page) state(h *host, expected []monitor.Expectation, now time.Time) (state, note string) {
	until := expectedUntil(expected, now)
	switch {
	case !h.silent.IsZero():
		return "no data", "since " + p.stamp(h.silent)
	case h.warming:
		return "warming up", "no model yet"
	case !until.IsZero():
		return "expected", "until " + p.stamp(until)
	case h.open() != nil:
		return "alarm", ""
	}
	return "ordinary", ""
}

// expectedUntil returns the end of what is expected now; zero where nothing is.
func expectedUntil(all []monitor.Expectation, now time.Time) (until time.Time) {
	for _, e := range all {
		if !now.Before(e.From) && !now.After(e.Until) && e.Until.After(until) {
			until = e.Until
		}
	}
	return until
}

// scoreText writes a score so that those at the threshold, which is 1, differ.
func scoreText(score float32) string { return strconv.FormatFloat(float64(score), 'f', 2, 32) }

const (
	sparkSamples = 120
	sparkHeight  = 100.
	sparkTop     = 3 // score at the upper edge, and above
)

// sparkOf draws the latest scores, and the threshold, which is 1.
func sparkOf(all []sample) spark {
	all = all[max(0, len(all)-sparkSamples):]
	y := func(score float32) float64 {
		return 4 + (sparkHeight-8)*(1-min(max(float64(score), 0), sparkTop)/sparkTop)
	}
	var b strings.Builder
	down := false
	for k, s := range all {
		if s.score != s.score {
			down = false
			continue
		}
		x := 1000 * float64(k) / float64(max(len(all)-1, 1))
		if down {
			fmt.Fprintf(&b, "L%.0f,%.1f", x, y(s.score))
		} else {
			fmt.Fprintf(&b, "M%.0f,%.1fh0", x, y(s.score))
		}
		down = true
	}
	if b.Len() == 0 {
		return spark{}
	}
	return spark{Line: template.HTMLAttr(`d="` + b.String() + `"`), Threshold: template.HTMLAttr(fmt.Sprintf(`d="M0,%.1fH1000"`, y(1)))} // made of numbers
}

// stamp writes a time.
func (p *Page) stamp(t time.Time) string { return t.In(p.cfg.Zone).Format("2006-01-02 15:04:05") }
