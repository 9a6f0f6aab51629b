package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
)

// item is a message for a host: a sample, or the time.
type item struct {
	seq    uint64 // in the stream of samples
	time   time.Time
	values []float64 // nil for the time alone
}

// host is one host of a partition. Its messages wait in a queue, and a goroutine applies them
// while there are any. A host whose model is being trained keeps nobody else waiting.
type host struct {
	p     *partition
	name  string
	token string

	mu      sync.Mutex
	queue   []item
	busy    bool      // there is a goroutine
	at      uint64    // message that is being applied; 0 for none
	dirty   uint64    // first message that the stored state lacks; 0 for none
	saved   time.Time // when the state was stored, or the first message came since
	save    bool      // store the state at the next opportunity
	stopped bool      // apply nothing any more

	// The following are the goroutine's.
	monitor *monitor.Monitor
	store   *hostStore
	told    uint64 // highest Seq in the stream of alarms
}

// put adds a message to the queue.
func (h *host) put(i item) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.queue = append(h.queue, i)
	h.start()
}

// start makes sure that there is a goroutine; h.mu is held.
func (h *host) start() {
	if !h.busy {
		h.busy = true
		h.p.working.Add(1)
		go h.work()
	}
}

// saveBefore asks for the state to be stored if it has changed before a time.
func (h *host) saveBefore(t time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.dirty > 0 && h.saved.Before(t) {
		h.save = true
		h.start()
	}
}

// stop lets the host apply nothing any more, and store what it has.
func (h *host) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = true
	if h.dirty > 0 {
		h.save = true
		h.start()
	}
}

// lacks returns the first message that the stored state lacks.
func (h *host) lacks() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	first := uint64(math.MaxUint64)
	if h.dirty > 0 {
		first = h.dirty
	}
	if h.at > 0 {
		first = min(first, h.at)
	}
	if len(h.queue) > 0 {
		first = min(first, h.queue[0].seq)
	}
	return first
}

// work applies what waits, and ends when nothing does.
func (h *host) work() {
	defer h.p.working.Done()
	for {
		i, save, ok := h.next()
		switch {
		case !ok:
			return
		case save:
			if err := h.keep(); err != nil {
				h.p.fail(err)
			}
		default:
			changed, err := h.apply(i)
			if err != nil {
				h.p.fail(err)
			}
			h.applied(i, changed, err == nil)
		}
	}
}

// next returns what to do.
func (h *host) next() (i item, save, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.p.ctx.Err() != nil {
		h.p.waiting.Add(-int64(len(h.queue)))
		h.queue, h.busy = nil, false
		return i, false, false
	}
	if h.save && h.dirty > 0 {
		h.save = false
		return i, true, true
	}
	if h.stopped || len(h.queue) == 0 {
		h.busy = false
		return i, false, false
	}
	i = h.queue[0]
	h.queue[0] = item{}
	if h.queue = h.queue[1:]; len(h.queue) == 0 {
		h.queue = nil
	}
	h.at = i.seq
	return i, false, true
}

// applied notes that a message is dealt with.
func (h *host) applied(i item, changed, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if changed && h.dirty == 0 {
		h.dirty, h.saved = i.seq, time.Now()
	}
	if ok {
		h.at = 0
	}
	h.p.taken()
}

// apply gives a message to the Monitor, unless its state has it.
func (h *host) apply(i item) (changed bool, err error) {
	if h.monitor == nil {
		if err := h.open(); err != nil {
			return false, err
		}
	}
	if i.seq <= h.store.applied {
		return false, nil
	}
	if i.values == nil {
		err = h.monitor.Tick(i.time)
	} else {
		err = h.monitor.Push(h.name, i.time, i.values)
		h.p.count(&h.p.counts.samples)
	}
	if h.p.ctx.Err() != nil {
		return false, context.Cause(h.p.ctx) // the Monitor may have seen the end of it as a failed training
	}
	if err != nil {
		h.p.count(&h.p.counts.refused) // one Monitor refuses it too
		h.p.log.Printf("partition %d, message %d: %v", h.p.number, i.seq, err)
	}
	h.store.applied = i.seq
	return true, nil
}

// open makes the Monitor, from the stored state where there is one.
func (h *host) open() error {
	store, err := h.p.openStore(h.token)
	if err != nil {
		return err
	}
	err = again(h.p.ctx, func(ctx context.Context) error {
		h.told, err = h.p.lastAlarm(ctx, h.token)
		return err
	})
	if err != nil {
		return err
	}
	cfg := h.p.fleet.Settings.Monitor()
	cfg.Train = h.p.fit
	cfg.Store = store
	cfg.Window.Stored = true
	cfg.Handle = h.handle
	cfg.Delivered = func(string) uint64 {
		if store.aside != "" {
			return h.told // what is lost cannot come again, so new events must have new numbers
		}
		return 0
	}
	h.store = store
	m, err := monitor.Open(cfg)
	if err != nil {
		return fmt.Errorf("watch: partition %d, host %q: %w", h.p.number, h.name, err)
	}
	store.state = nil
	h.monitor = m
	return nil
}

// keep stores the state.
func (h *host) keep() error {
	h.p.saving <- struct{}{}
	defer func() { <-h.p.saving }()
	if err := h.monitor.Save(); err != nil {
		return err
	}
	h.p.stored(h.store.stored)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.dirty = 0
	return nil
}

// handle publishes an event, and returns when it is in the stream of alarms or the partition is
// lost.
func (h *host) handle(e alarm.Event) {
	if h.p.ctx.Err() != nil {
		return
	}
	if e.Seq <= h.told {
		h.p.count(&h.p.counts.repeated)
		return
	}
	if err := h.tell(e); err != nil {
		h.p.fail(err)
		return
	}
	h.told = e.Seq
	h.p.count(&h.p.counts.events)
}

// tell publishes an event. Its message id is for those who read the stream: that it is there
// once does not depend on how long the server remembers ids.
func (h *host) tell(e alarm.Event) error {
	text, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("watch: host %q, event %d: %w", h.name, e.Seq, err)
	}
	subject := ofHost(alarmsPrefix, h.p.number, h.token)
	msg := &nats.Msg{Subject: subject, Data: text, Header: nats.Header{jetstream.MsgIDHeader: {fmt.Sprintf("%s:%d", h.token, e.Seq)}}}
	_, err = h.p.marks.publish(h.p.ctx, msg, func(ctx context.Context) (bool, error) {
		seq, err := h.p.lastAlarm(ctx, h.token)
		return seq >= e.Seq, err
	})
	return err
}

// lastAlarm returns the highest Seq of a host in the stream of alarms.
func (p *partition) lastAlarm(ctx context.Context, token string) (seq uint64, err error) {
	subject := ofHost(alarmsPrefix, p.number, token)
	msg, err := p.fleet.alarms.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("watch: %s: %w", subject, err)
	}
	var e struct{ Seq uint64 }
	if err := json.Unmarshal(msg.Data, &e); err != nil {
		return 0, fmt.Errorf("watch: %s, message %d: %w: %w", subject, msg.Sequence, errRecord, err)
	}
	return e.Seq, nil
}
