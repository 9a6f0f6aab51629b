package live

import (
	"cmp"
	"slices"
	"time"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

// Scored takes the result of a sample: it is made for monitor.Config.Scored.
func (p *Page) Scored(stream string, t time.Time, r alarm.Result) {
	watched := p.viewers.watch(stream)
	p.mu.Lock()
	h := p.host(stream)
	h.score(t, r, p.cfg.Samples)
	if (watched || h.scored%p.stride() == 0) && !h.queued {
		h.queued = true
		p.queue = append(p.queue, stream)
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
	p.mu.Unlock()
	p.viewers.poke(stream)
}

// Handle takes an event: it is made for monitor.Config.Handle.
func (p *Page) Handle(e alarm.Event) {
	p.mu.Lock()
	p.host(e.Stream).happen(e)
	p.mu.Unlock()
	p.viewers.pokeAll()
}

// mostBands is how many expected ranges of a metric a chart has, about.
const mostBands = 120

// stride is how many samples lie between two whose expected ranges are kept.
func (p *Page) stride() int { return max(1, p.cfg.Samples/mostBands) }

// host returns what is remembered of a host. p.mu is held.
func (p *Page) host(name string) *host {
	h := p.hosts[name]
	if h == nil {
		p.makeRoom()
		h = &host{name: name, warming: true}
		p.hosts[name] = h
	}
	p.clock++
	h.used = p.clock
	return h
}

// makeRoom forgets a twentieth of the hosts where there are too many: those without an open alarm
// and then those heard of least recently. p.mu is held.
func (p *Page) makeRoom() {
	if len(p.hosts) < p.cfg.Hosts {
		return
	}
	all := make([]*host, 0, len(p.hosts))
	for _, h := range p.hosts {
		all = append(all, h)
	}
	slices.SortFunc(all, func(a, b *host) int {
		if a.open() != nil != (b.open() != nil) {
			if a.open() == nil {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.used, b.used)
	})
	for _, h := range all[:len(all)-p.cfg.Hosts+1+p.cfg.Hosts/20] {
		delete(p.hosts, h.name)
	}
}
