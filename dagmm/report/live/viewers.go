package live

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// viewers are the browsers that are kept up to date. They are only told that something has
// changed, and ask for it themselves. So a slow one costs no memory.
type viewers struct {
	most     int
	pace     time.Duration // least time between two messages to one of them
	beat     time.Duration // between the messages that say that the connection lives
	patience time.Duration // for a message to be taken
	stay     time.Duration // after which a browser has to come again, and to show that it still may

	mu  sync.Mutex
	all map[*viewer]struct{}
}

// viewer is one browser. Its poke holds at most one message.
type viewer struct {
	host string // it looks at; "" means all
	poke chan struct{}
}

// add lets a viewer of a host in, unless there are too many.
func (vs *viewers) add(host string) (*viewer, bool) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	if len(vs.all) >= vs.most {
		return nil, false
	}
	v := &viewer{host: host, poke: make(chan struct{}, 1)}
	v.tell() // it may have missed something since its page was made
	vs.all[v] = struct{}{}
	return v, true
}

func (vs *viewers) remove(v *viewer) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	delete(vs.all, v)
}

func (v *viewer) tell() {
	select {
	case v.poke <- struct{}{}:
	default: // it has not taken the last one yet
	}
}

// poke tells those who look at a host, or at all, that it has changed.
func (vs *viewers) poke(host string) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	for v := range vs.all {
		if v.host == "" || v.host == host {
			v.tell()
		}
	}
}

// pokeAll tells everybody: the number of open alarms is on every page.
func (vs *viewers) pokeAll() {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	for v := range vs.all {
		v.tell()
	}
}

// watch reports whether somebody looks at a host's page.
func (vs *viewers) watch(host string) bool {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	for v := range vs.all {
		if v.host == host && host != "" {
			return true
		}
	}
	return false
}

// hosts returns the hosts that somebody looks at.
func (vs *viewers) hosts() map[string]bool {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	out := map[string]bool{}
	for v := range vs.all {
		if v.host != "" {
			out[v.host] = true
		}
	}
	return out
}

// serveEvents tells a browser of changes until it goes, is too slow, or has to come again.
func (p *Page) serveEvents(w http.ResponseWriter, r *http.Request) {
	v, ok := p.viewers.add(r.URL.Query().Get("name"))
	if !ok {
		w.Header().Set("Retry-After", "30")
		http.Error(w, "too many browsers look at this page", http.StatusServiceUnavailable)
		return
	}
	defer p.viewers.remove(v)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx hands messages on at once
	if !p.send(w, "retry: 2000\n\n") {
		return
	}
	beat := time.NewTicker(p.viewers.beat)
	defer beat.Stop()
	end := time.NewTimer(p.viewers.stay)
	defer end.Stop()
	rest := time.NewTimer(0) // until the next message may go
	defer rest.Stop()
	<-rest.C
	poke := v.poke
	for {
		message := ""
		select {
		case <-r.Context().Done():
			return
		case <-p.closed:
			return
		case <-end.C:
			return
		case <-rest.C:
			poke = v.poke
		case <-beat.C:
			message = "event: beat\ndata: alive\n\n"
		case <-poke:
			message = "data: changed\n\n"
			poke = nil
			rest.Reset(p.viewers.pace)
		}
		if message != "" && !p.send(w, message) {
			return
		}
	}
}

// send reports whether a message went out in time.
func (p *Page) send(w http.ResponseWriter, message string) bool {
	c := http.NewResponseController(w)
	if err := c.SetWriteDeadline(time.Now().Add(p.viewers.patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return false
	}
	if _, err := io.WriteString(w, message); err != nil {
		return false
	}
	return c.Flush() == nil
}
