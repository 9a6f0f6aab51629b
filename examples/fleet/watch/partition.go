package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// partition is a partition that this worker owns.
type partition struct {
	number  int
	fleet   *Fleet
	log     *log.Logger
	writes  *fence        // of states
	marks   *fence        // of alarms
	results *arrivals     // of trainings
	saving  chan struct{} // holds as many as may be stored at the same time
	most    int64         // messages that may wait
	every   time.Duration // states are stored
	counts  *counts

	ctx    context.Context // done when the partition is lost or given back
	cancel context.CancelCauseFunc

	waiting atomic.Int64
	room    chan struct{} // told when fewer wait
	working sync.WaitGroup

	mu       sync.Mutex
	hosts    map[string]*host // by token
	position uint64           // last message that has been put into queues
	mark     uint64           // stored low mark
}

// owner is what the key owner.N holds.
type owner struct {
	Worker string
	Since  time.Time
}

// own makes this worker the owner of a partition. From then on no other worker can write, and
// what is read is what the owner before has left.
func (w *Worker) own(ctx context.Context, number int, before uint64) (*partition, error) {
	p := &partition{number: number, fleet: w.fleet, log: w.log, saving: w.saving, most: int64(w.cfg.Waiting), every: w.cfg.Save,
		counts: &w.counts, results: w.results, room: make(chan struct{}, 1), hosts: map[string]*host{}}
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	key := of(ownerKey, number)
	epoch, err := p.claim(ctx, w.id, before)
	if err != nil {
		return nil, fmt.Errorf("watch: partition %d: %s after revision %d: %w", number, key, before, err)
	}
	p.writes = &fence{js: w.fleet.js, subject: bucketPrefix + key,
		renew: func(ctx context.Context, seq uint64) (uint64, error) { return p.reclaim(ctx, w.id, seq) }}
	p.writes.seq.Store(epoch)
	p.marks = &fence{js: w.fleet.js, subject: of(ownersPrefix, number),
		renew: func(ctx context.Context, _ uint64) (uint64, error) { return p.markAlarms(ctx) }}
	err = again(p.ctx, func(ctx context.Context) error {
		seq, err := p.markAlarms(ctx)
		p.marks.seq.Store(seq)
		return err
	})
	if err == nil {
		err = p.remember()
	}
	if err != nil {
		p.fail(err)
		return nil, err
	}
	return p, nil
}

// epoch returns the revision of the key owner.N with this owner.
func (p *partition) epoch() uint64 { return p.writes.seq.Load() }

// claim writes a new owner after the one of a revision.
func (p *partition) claim(ctx context.Context, worker string, before uint64) (uint64, error) {
	text, err := json.Marshal(owner{worker, time.Now().UTC()})
	if err != nil {
		return 0, err
	}
	return p.fleet.bucket.Update(ctx, of(ownerKey, p.number), text, before)
}

// reclaim writes the same owner again, unless there is another one.
func (p *partition) reclaim(ctx context.Context, worker string, seq uint64) (uint64, error) {
	entry, err := p.fleet.bucket.Get(ctx, of(ownerKey, p.number))
	if err != nil {
		return 0, err
	}
	var o owner
	if err := json.Unmarshal(entry.Value(), &o); err != nil {
		return 0, err
	}
	if o.Worker != worker {
		return 0, errFenced
	}
	if entry.Revision() > seq {
		return entry.Revision(), nil // of a try before, whose answer was lost
	}
	return p.claim(ctx, worker, seq)
}

// mark is what the last message of owners.N in the stream of alarms holds.
type mark struct{ Epoch uint64 }

// markAlarms lets the stream of alarms know of the owner, unless there is a newer one, and
// returns the number of the message.
func (p *partition) markAlarms(ctx context.Context) (uint64, error) {
	subject := of(ownersPrefix, p.number)
	text, err := json.Marshal(mark{p.epoch()})
	if err != nil {
		return 0, err
	}
	var before uint64
	last, err := p.fleet.alarms.GetLastMsgForSubject(ctx, subject)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
	case err != nil:
		return 0, err
	default:
		var m mark
		if err := json.Unmarshal(last.Data, &m); err != nil {
			return 0, fmt.Errorf("watch: %s, message %d: %w", subject, last.Sequence, err)
		}
		if m.Epoch > p.epoch() {
			return 0, errFenced
		}
		before = last.Sequence
	}
	ack, err := p.fleet.js.Publish(ctx, subject, text, jetstream.WithExpectLastSequencePerSubject(before))
	if err != nil {
		return 0, err // with a newer mark in between the next try finds it
	}
	return ack.Sequence, nil
}

// remember reads up to which message all states go, and which hosts there are.
func (p *partition) remember() error {
	err := again(p.ctx, func(ctx context.Context) error {
		entry, err := p.fleet.bucket.Get(ctx, of(lowKey, p.number))
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		p.position, err = strconv.ParseUint(string(entry.Value()), 10, 64)
		p.mark = p.position
		return err
	})
	if err != nil {
		return fmt.Errorf("watch: partition %d: low mark: %w", p.number, err)
	}
	err = again(p.ctx, func(ctx context.Context) error {
		info, err := p.fleet.states.Info(ctx, jetstream.WithSubjectFilter(ofHost(bucketPrefix+stateKey, p.number, "*")))
		if err != nil {
			return err
		}
		for subject := range info.State.Subjects {
			token, name, err := hostOf(subject)
			if err != nil {
				return err
			}
			p.hosts[token] = &host{p: p, name: name, token: token}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("watch: partition %d: its hosts: %w", p.number, err)
	}
	return nil
}

// fail ends the work on the partition: it is lost, or something does not pass.
func (p *partition) fail(err error) { p.cancel(err) }

func (p *partition) count(c *atomic.Uint64) { c.Add(1) }

// stored counts a state.
func (p *partition) stored(bytes int) {
	p.counts.states.Add(1)
	p.counts.bytes.Add(uint64(bytes))
}

// run reads the partition and feeds its hosts until ctx is done (the partition is given back,
// with everything stored) or the partition is lost.
func (p *partition) run(ctx context.Context) error {
	reading, stop := context.WithCancel(p.ctx)
	defer stop()
	defer context.AfterFunc(ctx, stop)()
	stored := make(chan struct{})
	go func() {
		defer close(stored)
		p.store(reading)
	}()
	p.read(reading)
	<-stored
	if p.ctx.Err() == nil {
		p.giveBack()
	}
	p.cancel(errGivenBack)
	p.working.Wait()
	if err := context.Cause(p.ctx); !errors.Is(err, errGivenBack) {
		return err
	}
	return nil
}

var (
	errGivenBack = errors.New("given back")
	errLeft      = errors.New("left as it was stored last")
)

// read puts the messages of the partition into the queues of the hosts until ctx is done.
func (p *partition) read(ctx context.Context) {
	for wait := pause; ctx.Err() == nil; {
		before := p.position
		err := p.readOn(ctx)
		if ctx.Err() != nil {
			return
		}
		if p.position > before {
			wait = pause
		}
		p.log.Printf("partition %d, after message %d: %v", p.number, p.position, err)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, longPause)
	}
}

// readOn reads from where the partition is, in order and without a gap, until the connection
// to the server breaks.
func (p *partition) readOn(ctx context.Context) error {
	const atOnce = 512
	var messages jetstream.MessagesContext
	open := func() error {
		once, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		c, err := p.fleet.js.OrderedConsumer(once, samplesStream, jetstream.OrderedConsumerConfig{
			FilterSubjects: []string{ofHost(samplesPrefix, p.number, "*")}, DeliverPolicy: jetstream.DeliverByStartSequencePolicy,
			OptStartSeq: p.position + 1, MaxResetAttempts: 1, InactiveThreshold: 30 * time.Second})
		if err != nil {
			return err
		}
		messages, err = c.Messages(jetstream.PullMaxMessages(atOnce), jetstream.PullExpiry(10*time.Second), jetstream.PullHeartbeat(time.Second))
		return err
	}
	if err := open(); err != nil {
		return err
	}
	defer messages.Stop()
	for {
		msg, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return err
		}
		if err := p.dispatch(ctx, msg); err != nil {
			return err
		}
	}
}

// dispatch puts a message into the queues of those it is for.
func (p *partition) dispatch(ctx context.Context, msg jetstream.Msg) error {
	meta, err := msg.Metadata()
	if err != nil {
		return err
	}
	seq := meta.Sequence.Stream
	if seq <= p.position {
		return nil
	}
	if isTick(msg.Subject()) {
		err = p.dispatchTick(ctx, seq, msg.Data())
	} else {
		err = p.dispatchSample(ctx, seq, msg.Subject(), msg.Data())
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil { // who published it may know why, one Monitor would not take it either
		p.count(&p.counts.refused)
		p.log.Printf("partition %d, message %d: %v", p.number, seq, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.position = seq
	return nil
}

func (p *partition) dispatchTick(ctx context.Context, seq uint64, text []byte) error {
	at, err := decodeTick(text)
	if err != nil {
		return err
	}
	for _, h := range p.all() {
		if err := p.wait(ctx); err != nil {
			return err
		}
		h.put(item{seq: seq, time: at})
	}
	return nil
}

func (p *partition) dispatchSample(ctx context.Context, seq uint64, subject string, text []byte) error {
	token, name, err := hostOf(subject)
	if err != nil {
		return err
	}
	s, err := DecodeSample(text)
	if err != nil {
		return err
	}
	if len(s.Values) == 0 {
		return fmt.Errorf("watch: host %q: no values: %w", name, ErrSample)
	}
	if err := p.wait(ctx); err != nil {
		return err
	}
	p.host(token, name).put(item{seq: seq, time: s.Time, values: s.Values})
	return nil
}

func (p *partition) host(token, name string) *host {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.hosts[token]
	if h == nil {
		h = &host{p: p, name: name, token: token}
		p.hosts[token] = h
	}
	return h
}

func (p *partition) all() []*host {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]*host, 0, len(p.hosts))
	for _, h := range p.hosts {
		out = append(out, h)
	}
	return out
}

// wait waits until there is room for one more message, and takes it.
func (p *partition) wait(ctx context.Context) error {
	for p.waiting.Load() >= p.most {
		select {
		case <-p.room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	p.waiting.Add(1)
	return nil
}

// taken gives back the room of a message.
func (p *partition) taken() {
	p.waiting.Add(-1)
	select {
	case p.room <- struct{}{}:
	default:
	}
}

// store lets states be stored every so often, spread over the time, until ctx is done.
func (p *partition) store(ctx context.Context) {
	const looks = 16 // for each period
	look := time.NewTicker(max(p.every/looks, 50*time.Millisecond))
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-look.C:
			for _, h := range p.all() {
				h.saveBefore(now.Add(-p.every))
			}
			if err := p.storeLow(); err != nil {
				p.fail(err)
			}
		}
	}
}

// storeLow stores up to which message all states go, if it is more than before.
func (p *partition) storeLow() error {
	p.mu.Lock()
	low := p.position
	p.mu.Unlock()
	for _, h := range p.all() {
		if first := h.lacks(); first <= low {
			low = first - 1
		}
	}
	if low <= p.mark {
		return nil
	}
	if _, err := p.writes.publish(p.ctx, &nats.Msg{Subject: bucketPrefix + of(lowKey, p.number), Data: []byte(strconv.FormatUint(low, 10))}, nil); err != nil {
		return err
	}
	p.mark = low
	return nil
}

// giveBack stores everything, so that the next owner has nothing to read again.
func (p *partition) giveBack() {
	const (
		longest = 10 * time.Second // a training may take longer, and its host is left as stored
		most    = 2 * longest      // there may be no server any more
	)
	defer time.AfterFunc(most, func() { p.fail(fmt.Errorf("watch: partition %d is not stored after %s: %w", p.number, most, errLeft)) }).Stop()
	for _, h := range p.all() {
		h.stop()
	}
	done := make(chan struct{})
	go func() {
		p.working.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(longest):
	case <-p.ctx.Done():
	}
	if err := p.storeLow(); err != nil {
		p.fail(err)
	}
}

// low returns the low mark of all partitions together: no owner needs the messages up to it.
func (f *Fleet) low(ctx context.Context) (uint64, error) {
	lowest := uint64(math.MaxUint64)
	for n := range f.Settings.Partitions {
		entry, err := f.bucket.Get(ctx, of(lowKey, n))
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			return 0, nil
		}
		if err != nil {
			return 0, fmt.Errorf("watch: partition %d: low mark: %w", n, err)
		}
		low, err := strconv.ParseUint(string(entry.Value()), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("watch: partition %d: low mark: %w", n, err)
		}
		lowest = min(lowest, low)
	}
	return lowest, nil
}

// Tick publishes to all partitions that it is now, and tries again until ctx is done.
func (f *Fleet) Tick(ctx context.Context, now time.Time) error {
	all := make([]int, f.Settings.Partitions)
	for n := range all {
		all[n] = n
	}
	return f.tick(ctx, now, all)
}

// tick publishes to some partitions that it is now. A second copy of the message is no harm.
func (f *Fleet) tick(ctx context.Context, now time.Time, partitions []int) error {
	text := now.UTC().Format(time.RFC3339Nano)
	msgs := make([]*nats.Msg, len(partitions))
	for i, n := range partitions {
		msgs[i] = &nats.Msg{Subject: tickSubject(n), Data: []byte(text), Header: nats.Header{jetstream.MsgIDHeader: {fmt.Sprintf("%d:%s", n, text)}}}
	}
	if err := f.publishAll(ctx, msgs); err != nil {
		return fmt.Errorf("watch: tick %s: %w", text, err)
	}
	return nil
}

func decodeTick(text []byte) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(string(text)))
	if err != nil {
		return t, fmt.Errorf("watch: tick: %w: %w", ErrSample, err)
	}
	return t.UTC(), nil
}
