package drive

import (
	"fmt"
	"io"
	"net"
	"sync"
)

// proxy is the network between a worker and the server. It can be cut (connections are reset and
// refused), or stalled (they stay open and nothing arrives; what was sent arrives later).
type proxy struct {
	target   string
	listener net.Listener

	mu      sync.Mutex
	cond    sync.Cond
	cut     bool
	stalled bool
	conns   map[net.Conn]bool
	closed  bool
}

func newProxy(target string) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("drive: proxy: %w", err)
	}
	p := &proxy{target: target, listener: l, conns: map[net.Conn]bool{}}
	p.cond.L = &p.mu
	go p.accept()
	return p, nil
}

func (p *proxy) url() string { return "nats://" + p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.serve(c)
	}
}

// serve joins a connection to one of its own to the server.
func (p *proxy) serve(c net.Conn) {
	if !p.add(c) {
		return
	}
	defer p.remove(c)
	s, err := net.Dial("tcp", p.target)
	if err != nil || !p.add(s) {
		return
	}
	defer p.remove(s)
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{c, s}, {s, c}} {
		go func() {
			p.copy(way[1], way[0])
			done <- struct{}{}
		}()
	}
	<-done // one way is over, and the other with it
}

func (p *proxy) copy(to io.Writer, from io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		p.mu.Lock()
		for p.stalled && !p.cut && !p.closed {
			p.cond.Wait()
		}
		p.mu.Unlock()
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// add notes a connection; false where there shall be none.
func (p *proxy) add(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut || p.closed {
		_ = c.Close()
		return false
	}
	p.conns[c] = true
	return true
}

func (p *proxy) remove(c net.Conn) {
	_ = c.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

// set changes how the network is.
func (p *proxy) set(cut, stalled bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut, p.stalled = cut, stalled
	if cut {
		for c := range p.conns {
			_ = c.Close()
		}
	}
	p.cond.Broadcast()
}

func (p *proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	_ = p.listener.Close()
	p.set(true, false)
}
