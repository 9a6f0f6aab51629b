package live

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // templates, script and style
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dagmm/report"
)

//go:embed pages.html
var pagesSource string

//go:embed live.css
var styleSource string

//go:embed live.js
var script string

var (
	style = report.Style() + styleSource
	pages = template.Must(template.New("pages").Funcs(template.FuncMap{"pair": judgeable}).Parse(pagesSource))
	// version names script and style in their addresses, so that browsers may keep them.
	version = func() string {
		sum := sha256.Sum256([]byte(style + script))
		return hex.EncodeToString(sum[:6])
	}()
)

// judgeable is what the buttons of an alarm are made from.
func judgeable(name string, a alarmView) map[string]any {
	return map[string]any{"Name": name, "Alarm": a}
}

// ServeHTTP answers a request.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

func (p *Page) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.readers(p.serveAll))
	mux.HandleFunc("GET /host", p.readers(p.serveHost))
	mux.HandleFunc("GET /events", p.readers(p.serveEvents))
	mux.HandleFunc("POST /verdict", p.operators(p.takeVerdict))
	mux.HandleFunc("POST /expect", p.operators(p.takeExpectation))
	mux.HandleFunc("POST /login", fromHere(p.logIn))
	mux.HandleFunc("POST /logout", fromHere(p.logOut))
	mux.HandleFunc("GET /style.css", static("text/css; charset=utf-8", style))
	mux.HandleFunc("GET /live.js", static("text/javascript; charset=utf-8", script))
	return secured(mux)
}

func static(kind, content string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		if r.URL.Query().Get("v") == version {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		_, _ = w.Write([]byte(content)) // a client that has gone needs no answer
	}
}

// write answers with a page.
func (p *Page) write(w http.ResponseWriter, code int, name string, data map[string]any) {
	data["Version"], data["Private"] = version, p.cfg.Token != ""
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, "The page could not be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write(b.Bytes())
}

// ready returns the Monitor. Before Watch it answers that there is none, and returns false.
func (p *Page) ready(w http.ResponseWriter) (*monitor.Monitor, bool) {
	m := p.watched()
	if m == nil {
		w.Header().Set("Retry-After", "5")
		http.Error(w, "The monitor is still starting.", http.StatusServiceUnavailable)
	}
	return m, m != nil
}

// named returns the Monitor and the host that a request is about. Where there is none it answers,
// and returns false.
func (p *Page) named(w http.ResponseWriter, r *http.Request) (m *monitor.Monitor, name string, ok bool) {
	if m, ok = p.ready(w); !ok {
		return nil, "", false
	}
	name = r.URL.Query().Get("name")
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hosts[name] == nil {
		http.Error(w, "There is no host "+shown(name)+".", http.StatusNotFound)
		return nil, "", false
	}
	return m, name, true
}

// takeVerdict takes what an operator says of an alarm.
func (p *Page) takeVerdict(w http.ResponseWriter, r *http.Request) {
	m, name, ok := p.named(w, r)
	if !ok {
		return
	}
	number, err := strconv.ParseUint(r.URL.Query().Get("alarm"), 10, 64)
	genuine, err2 := strconv.ParseBool(r.PostFormValue("real"))
	if err := errors.Join(err, err2); err != nil {
		http.Error(w, "A verdict needs alarm=NUMBER in the address and real=true or real=false in the form.", http.StatusBadRequest)
		return
	}
	alarms := m.Alarms(name)
	k := slices.IndexFunc(alarms, func(a monitor.Alarm) bool { return a.Number == number })
	if k < 0 {
		http.Error(w, fmt.Sprintf("%s has no alarm %d that is remembered.", p.label(name), number), http.StatusNotFound)
		return
	}
	p.answer(w, name, m.Judge(name, alarms[k].Seq, genuine))
}

// period is a choice of how long something is expected.
type period struct {
	Key, Text string
	length    time.Duration
}

// periods are the choices.
var periods = []period{
	{"30m", "30 minutes", 30 * time.Minute}, {"1h", "1 hour", time.Hour}, {"2h", "2 hours", 2 * time.Hour}, {"4h", "4 hours", 4 * time.Hour},
	{"8h", "8 hours", 8 * time.Hour}, {"24h", "1 day", 24 * time.Hour}, {"72h", "3 days", 72 * time.Hour},
}

// takeExpectation takes that what happens on a host is expected for some time from now, and
// since the open alarm began where there is one.
func (p *Page) takeExpectation(w http.ResponseWriter, r *http.Request) {
	m, name, ok := p.named(w, r)
	if !ok {
		return
	}
	k := slices.IndexFunc(periods, func(c period) bool { return c.Key == r.PostFormValue("for") })
	if k < 0 {
		http.Error(w, "An expectation needs for=30m, 1h, 2h, 4h, 8h, 24h or 72h in the form.", http.StatusBadRequest)
		return
	}
	from := p.present(name)
	until := from.Add(periods[k].length)
	if start := p.openSince(name); !start.IsZero() && start.Before(from) {
		from = start
	}
	p.answer(w, name, m.Expect(name, from, until))
}

// present is now by the clock of a host, whose samples may be ahead.
func (p *Page) present(name string) time.Time {
	now := p.now()
	if last := time.Unix(0, p.lastOf(name)); last.After(now) {
		return last
	}
	return now
}

// openSince returns when a host's open alarm began; zero where none is open.
func (p *Page) openSince(name string) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if h := p.hosts[name]; h != nil && h.open() != nil {
		return h.open().start
	}
	return time.Time{}
}

// answer goes back to the host's page once the Monitor has taken what was said.
func (p *Page) answer(w http.ResponseWriter, name string, err error) {
	switch {
	case err == nil:
		p.viewers.pokeAll()
		redirect(w, pageOf(name))
	case errors.Is(err, monitor.ErrUnknown):
		http.Error(w, sentence(err.Error()), http.StatusNotFound)
	case errors.Is(err, monitor.ErrClosed):
		http.Error(w, "The monitor is closed.", http.StatusServiceUnavailable)
	default:
		http.Error(w, sentence(err.Error()), http.StatusInternalServerError)
	}
}
