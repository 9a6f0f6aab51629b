package live

import (
	"slices"
	"time"

	"github.com/metric-streams/anomaly/dagmm/monitor"
)

// restPerWork is for how many times as long as it worked the explainer rests: explanations
// take at most a tenth of one processor, however many hosts there are.
const restPerWork = 9

// explain asks for the expected ranges of the hosts in the queue until the Page is closed.
func (p *Page) explain(m *monitor.Monitor) {
	defer p.working.Done()
	for {
		select {
		case <-p.closed:
			return
		case <-p.wake:
		}
		for name, ok := p.next(); ok; name, ok = p.next() {
			began := time.Now()
			p.explainOne(m, name)
			select {
			case <-p.closed:
				return
			case <-time.After(restPerWork * time.Since(began)):
			}
		}
	}
}

// next takes a host from the queue: one that somebody looks at, if there is one.
func (p *Page) next() (string, bool) {
	watched := p.viewers.hosts()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		p.queue = nil
		return "", false
	}
	k := 0
	if len(watched) > 0 {
		k = max(0, slices.IndexFunc(p.queue, func(name string) bool { return watched[name] }))
	}
	name := p.queue[k]
	p.queue = slices.Delete(p.queue, k, k+1)
	if h := p.hosts[name]; h != nil {
		h.queued = false
	}
	return name, true
}

// explainOne keeps the expected ranges of a host's last sample. Where another sample came
// meanwhile, nobody knows which of them was explained.
func (p *Page) explainOne(m *monitor.Monitor, name string) {
	for range 3 {
		before := p.lastOf(name)
		e, err := m.Explain(name)
		if err != nil {
			return
		}
		if before != 0 && p.lastOf(name) == before {
			p.mu.Lock()
			if h := p.hosts[name]; h != nil && h.last() == before {
				h.bound(before, p.columns, e, p.stride())
			}
			p.mu.Unlock()
			p.viewers.poke(name)
			return
		}
	}
}

func (p *Page) lastOf(name string) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if h := p.hosts[name]; h != nil {
		return h.last()
	}
	return 0
}
