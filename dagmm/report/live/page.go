package live

import (
	"cmp"
	"net/http"
	"sync"
	"time"

	"github.com/metric-streams/anomaly/dagmm/monitor"
)

// Config sets up a Page. The zero Config is one for the loopback.
type Config struct {
	Title string   // heading; "" means Hosts
	Units []string // one for each of the Monitor's columns, empty where unknown; any other number shows none

	// Label returns what a host is called on the page; nil means its name. It may be called by
	// many goroutines, and must not call the Page.
	Label func(stream string) string

	// Token is what a reader must know; "" means that only the loopback is answered. Take a long
	// one that nobody can guess, such as the 64 digits that "openssl rand -hex 32" prints.
	Token string
	// Zone is the time zone of all times on the page; nil means UTC.
	Zone *time.Location

	Samples int // of a host, in its charts, as far as monitor.WindowConfig remembers them; 0 means 360
	Hosts   int // remembered; 0 means 10,000. The one that was heard of least recently goes
	Viewers int // browsers that are kept up to date at the same time; 0 means 100
}

// Page is the handler. Make one with New. Any number of goroutines may use it.
type Page struct {
	cfg     Config
	handler http.Handler
	viewers viewers

	mu      sync.Mutex // never held while the Monitor is called: it calls the hooks
	monitor *monitor.Monitor
	columns []string
	hosts   map[string]*host
	clock   uint64   // order in which hosts were heard of
	queue   []string // hosts whose last sample is to be explained
	wake    chan struct{}

	closed    chan struct{}
	closeOnce sync.Once
	working   sync.WaitGroup

	now func() time.Time
}

// New makes a Page. Close ends it.
func New(cfg Config) *Page {
	cfg.Title = cmp.Or(cfg.Title, "Hosts")
	cfg.Samples = cmp.Or(max(cfg.Samples, 0), 360)
	cfg.Hosts = cmp.Or(max(cfg.Hosts, 0), 10000)
	cfg.Viewers = cmp.Or(max(cfg.Viewers, 0), 100)
	if cfg.Label == nil {
		cfg.Label = func(stream string) string { return stream }
	}
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	p := &Page{cfg: cfg, hosts: map[string]*host{}, wake: make(chan struct{}, 1), closed: make(chan struct{}), now: time.Now}
	p.viewers = viewers{most: cfg.Viewers, all: map[*viewer]struct{}{}, pace: time.Second, beat: 15 * time.Second, patience: 10 * time.Second, stay: 15 * time.Minute}
	p.handler = p.routes()
	return p
}

// Watch shows what m holds from now on. Before it the Page answers that it is not ready. Call
// it once, after monitor.Open, and Close before m's.
func (p *Page) Watch(m *monitor.Monitor) {
	names, open := m.Streams(), m.OpenAlarms()
	trained := map[string]bool{}
	for _, name := range names {
		trained[name] = m.Model(name) != nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.monitor, p.columns = m, m.Columns()
	for _, name := range names {
		if h := p.host(name); trained[name] {
			h.warming = false
		}
	}
	for _, e := range open {
		p.host(e.Stream).resume(e)
	}
	p.working.Add(1)
	go p.explain(m)
}

// Close ends the connections of the browsers, which would keep http.Server.Shutdown waiting:
// hand it to RegisterOnShutdown. It also ends the Page's own work.
func (p *Page) Close() {
	p.closeOnce.Do(func() { close(p.closed) })
	p.working.Wait()
}

// Forget leaves a host out that the Monitor has removed.
func (p *Page) Forget(stream string) {
	p.mu.Lock()
	delete(p.hosts, stream)
	p.mu.Unlock()
	p.viewers.pokeAll()
}

// watched returns the Monitor; nil before Watch.
func (p *Page) watched() *monitor.Monitor {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.monitor
}
