package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// Config is how one worker works. The zero value works.
type Config struct {
	Name     string        // for people; "" means none
	Trainers int           // trainings at the same time; negative means none, 0 means 1
	Only     bool          // train only, and own no partition
	Save     time.Duration // a host's state is stored so long after its first new sample; 0 means 5 minutes
	Silent   time.Duration // a worker not heard of for so long has lost its partitions; 0 means 5 seconds
	Waiting  int           // messages in memory for each partition; 0 means 4096
	Keep     bool          // samples stay in the stream when nobody needs them any more
	Log      *log.Logger   // nil means none
}

func (c Config) resolved() Config {
	if c.Trainers == 0 {
		c.Trainers = 1
	}
	if c.Save <= 0 {
		c.Save = 5 * time.Minute
	}
	if c.Silent <= 0 {
		c.Silent = 5 * time.Second
	}
	if c.Waiting <= 0 {
		c.Waiting = 4096
	}
	if c.Log == nil {
		c.Log = log.New(discard{}, "", 0)
	}
	return c
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// counts are numbers since the worker began.
type counts struct {
	samples, refused, events, repeated, trained, failed, lost, taken, states, bytes atomic.Uint64
}

// Beat is what a worker says of itself every so often.
type Beat struct {
	ID, Name   string
	Partitions map[int]uint64 // those that it owns, with the revision since when
	Hosts      int
	Waiting    int64  // messages in memory
	Position   uint64 // of the partition that has come least far
	Samples    uint64 // given to Monitors
	Refused    uint64 // messages that are no samples
	Events     uint64 // published
	Repeated   uint64 // not published because they are there
	Trained    uint64 // jobs done
	Failed     uint64 // jobs left to others
	Taken      uint64 // partitions taken over
	Lost       uint64 // partitions that another worker has taken
	States     uint64 // stored
	Bytes      uint64 // of those states
	CPU        time.Duration
	RSS        uint64 // bytes of memory
	Leaving    bool
}

// Worker watches partitions and trains.
type Worker struct {
	fleet   *Fleet
	cfg     Config
	id      string // of this process; another one of the same name is another worker
	log     *log.Logger
	saving  chan struct{}
	counts  counts
	results *arrivals

	turned atomic.Int64 // nanoseconds since 1970, when the loop turned last

	mu      sync.Mutex
	owned   map[int]*held
	heard   map[string]heard // the other workers
	since   time.Time        // when it began to listen
	running sync.WaitGroup
	fatal   error
}

// held is a partition that this worker owns, or is about to.
type held struct {
	*partition
	giveBack context.CancelFunc
}

// heard is the last Beat of another worker, and when it came by this worker's clock.
type heard struct {
	Beat
	at time.Time
}

// NewWorker returns a worker of a fleet.
func NewWorker(f *Fleet, cfg Config) *Worker {
	cfg = cfg.resolved()
	const storing = 4 // states at the same time
	return &Worker{fleet: f, cfg: cfg, id: nuid.Next(), log: cfg.Log, saving: make(chan struct{}, storing),
		results: &arrivals{of: map[string]chan struct{}{}}, owned: map[int]*held{}, heard: map[string]heard{}}
}

// Run works until ctx is done, and then gives back what it owns, with everything stored. Before
// that it returns where something does not pass, such as a state that cannot be read.
func (w *Worker) Run(ctx context.Context) error {
	hard, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	beats, err := w.fleet.nc.Subscribe(beatSubject, w.hear)
	if err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	defer func() { _ = beats.Unsubscribe() }()
	trained, err := w.fleet.nc.Subscribe(trainedSubject, w.results.tell)
	if err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	defer func() { _ = trained.Unsubscribe() }()
	training, stopTraining := context.WithCancel(ctx)
	defer stopTraining()
	var trainers sync.WaitGroup
	for range max(w.cfg.Trainers, 0) {
		trainers.Go(func() {
			if err := w.fleet.Train(training, w.trained); err != nil {
				w.end(err)
			}
		})
	}
	w.listenAnew()
	w.turned.Store(time.Now().UnixNano())
	err = w.loop(ctx, hard)
	w.leave()
	stopTraining()
	trainers.Wait()
	return err
}

func (w *Worker) trained(key string, err error) {
	if err != nil {
		w.counts.failed.Add(1)
		w.log.Printf("training %s: %v", key, err)
		return
	}
	w.counts.trained.Add(1)
}

// end notes an error that does not pass.
func (w *Worker) end(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fatal = errors.Join(w.fatal, err)
}

// beatsPerSilence is how often a worker is heard of within Config.Silent.
const beatsPerSilence = 5

// loop takes partitions and gives them back as workers come and go.
func (w *Worker) loop(ctx, hard context.Context) error {
	beat := time.NewTicker(w.cfg.Silent / beatsPerSilence)
	defer beat.Stop()
	house := time.NewTicker(10 * time.Second)
	defer house.Stop()
	tick := time.NewTicker(w.fleet.Settings.Interval)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			w.tellTime(ctx, now)
			continue
		case <-house.C:
			w.keepHouse(ctx)
			continue
		case <-beat.C:
		}
		if time.Since(last) > w.cfg.Silent/2 || !w.fleet.nc.IsConnected() {
			w.listenAnew() // it has slept, or hears nobody: what it knows of the others is old
			w.results.tellAll()
		}
		last = time.Now()
		w.turned.Store(last.UnixNano())
		w.say(false)
		w.mu.Lock()
		err := w.fatal
		w.mu.Unlock()
		if err != nil {
			return err
		}
		if !w.cfg.Only {
			w.balance(hard)
		}
	}
}

// listenAnew lets the worker judge nobody as silent before it has listened for long enough.
func (w *Worker) listenAnew() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.since = time.Now()
}

// hear notes what another worker says.
func (w *Worker) hear(msg *nats.Msg) {
	var b Beat
	if err := json.Unmarshal(msg.Data, &b); err != nil || b.ID == w.id {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if b.Leaving {
		delete(w.heard, b.ID)
		return
	}
	w.heard[b.ID] = heard{b, time.Now()}
}

// say tells the others what this worker owns.
func (w *Worker) say(leaving bool) {
	if !w.fleet.nc.IsConnected() {
		return // nobody would hear it
	}
	text, err := json.Marshal(w.Beat(leaving))
	if err == nil {
		err = w.fleet.nc.Publish(beatSubject, text)
	}
	if err != nil {
		w.log.Printf("heartbeat: %v", err)
	}
}

// Beat returns the worker's numbers of this moment.
func (w *Worker) Beat(leaving bool) Beat {
	c := &w.counts
	b := Beat{ID: w.id, Name: w.cfg.Name, Partitions: map[int]uint64{}, Leaving: leaving, Samples: c.samples.Load(), Refused: c.refused.Load(),
		Events: c.events.Load(), Repeated: c.repeated.Load(), Trained: c.trained.Load(), Failed: c.failed.Load(), Taken: c.taken.Load(),
		Lost: c.lost.Load(), States: c.states.Load(), Bytes: c.bytes.Load(), CPU: cpuTime(), RSS: memoryInUse()}
	if w.cfg.Only {
		b.Partitions = nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for n, h := range w.owned {
		if h.partition == nil {
			continue
		}
		b.Partitions[n] = h.epoch()
		b.Waiting += h.waiting.Load()
		h.partition.mu.Lock()
		b.Hosts += len(h.hosts)
		if b.Position == 0 || h.position < b.Position {
			b.Position = h.position
		}
		h.partition.mu.Unlock()
	}
	return b
}

// balance gives back partitions that others should own, and takes those that are its own and
// nobody holds.
func (w *Worker) balance(hard context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.since) < w.cfg.Silent {
		return
	}
	live := []string{w.id}
	claims := map[int]uint64{}
	for id, h := range w.heard {
		if time.Since(h.at) > w.cfg.Silent {
			delete(w.heard, id)
			continue
		}
		if h.Partitions != nil { // it does not only train
			live = append(live, id)
		}
		for n, epoch := range h.Partitions {
			claims[n] = max(claims[n], epoch)
		}
	}
	slices.Sort(live)
	for n, id := range assign(w.fleet.Settings.Partitions, live) {
		h, claimed := w.owned[n], claims[n]
		switch {
		case h != nil && h.partition != nil && claimed > h.epoch():
			h.fail(errFenced)
		case h != nil && id != w.id:
			h.giveBack()
		case h == nil && id == w.id && claimed == 0:
			w.take(hard, n)
		}
	}
}

// take becomes the owner of a partition, and watches it, in the background; w.mu is held.
func (w *Worker) take(hard context.Context, n int) {
	ctx, giveBack := context.WithCancel(hard)
	h := &held{giveBack: giveBack}
	w.owned[n] = h
	w.running.Go(func() {
		err := w.watch(ctx, hard, n, h)
		giveBack()
		w.mu.Lock()
		delete(w.owned, n)
		w.mu.Unlock()
		w.say(false)
		switch {
		case err == nil:
			w.log.Printf("partition %d: given back", n)
		case errors.Is(err, errFenced) || passing(err):
			w.counts.lost.Add(1)
			w.log.Printf("partition %d: lost: %v", n, err)
		default:
			w.end(err)
		}
	})
}

// passing reports errors after which another try to own the partition may succeed.
func passing(err error) bool { return errors.Is(err, errTake) || errors.Is(err, errLeft) }

var errTake = errors.New("not taken over")

// watch owns a partition until it is given back or lost.
func (w *Worker) watch(ctx, hard context.Context, n int, h *held) error {
	begun := time.Now()
	once, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	before, err := w.revision(once, n)
	if err != nil {
		return fmt.Errorf("%w: %w", errTake, err)
	}
	p, err := w.own(hard, n, before)
	if err != nil {
		return fmt.Errorf("%w: %w", errTake, err)
	}
	w.counts.taken.Add(1)
	w.mu.Lock()
	h.partition = p
	w.mu.Unlock()
	w.say(false)
	w.log.Printf("partition %d: taken over with revision %d and %d hosts, after message %d, in %s", n, p.epoch(), len(p.hosts), p.position, time.Since(begun).Round(time.Millisecond))
	return p.run(ctx)
}

// revision returns that of a partition's owner; 0 where there was none.
func (w *Worker) revision(ctx context.Context, n int) (uint64, error) {
	entry, err := w.fleet.bucket.Get(ctx, of(ownerKey, n))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("watch: owner of partition %d: %w", n, err)
	}
	return entry.Revision(), nil
}

// leave gives everything back.
func (w *Worker) leave() {
	w.mu.Lock()
	all := slices.Collect(maps.Values(w.owned))
	w.mu.Unlock()
	for _, h := range all {
		h.giveBack()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.running.Wait()
	}()
	for given := false; !given; {
		w.say(false) // nobody shall take for dead who still stores
		select {
		case <-done:
			given = true
		case <-time.After(w.cfg.Silent / beatsPerSilence):
		}
	}
	w.say(true)
	_ = w.fleet.nc.FlushTimeout(time.Second) // others notice its silence too
}

// keepsHouse reports whether this worker does what one does for all: the owner of partition 0.
// With two of them it is done twice, which is no harm.
func (w *Worker) keepsHouse() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.owned[0]
	return h != nil && h.partition != nil
}

// tellTime publishes the time to the partitions that this worker owns, in steps of the interval.
func (w *Worker) tellTime(ctx context.Context, now time.Time) {
	partitions := slices.Collect(maps.Keys(w.Beat(false).Partitions))
	if !w.fleet.Settings.Ticks || len(partitions) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, w.cfg.Silent/2) // the next one follows
	defer cancel()
	if err := w.fleet.tick(ctx, now.Truncate(w.fleet.Settings.Interval), partitions); err != nil {
		w.log.Print(err)
	}
}

// keepHouse removes samples that nobody needs.
func (w *Worker) keepHouse(ctx context.Context) {
	if !w.keepsHouse() || w.cfg.Keep {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, w.cfg.Silent/2)
	defer cancel()
	low, err := w.fleet.low(ctx)
	if err == nil && low > 0 {
		err = w.fleet.samples.Purge(ctx, jetstream.WithPurgeSequence(low+1))
	}
	if err != nil {
		w.log.Printf("samples up to %d are not removed: %v", low, err)
	}
}
