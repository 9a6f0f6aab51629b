package drive

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// FaultKind is a kind of thing that goes wrong.
type FaultKind string

// The kinds of faults.
const (
	Kill        FaultKind = "worker killed"
	Pause       FaultKind = "worker paused"            // and then it believes that it still owns its partitions
	Cut         FaultKind = "network cut"              // connections are reset and refused
	Stall       FaultKind = "network stalled"          // what was sent arrives later
	Link        FaultKind = "network link down"        // of a worker in a network namespace of its own
	Server      FaultKind = "server restarted"         // in order
	ServerKill  FaultKind = "server killed"            // and started again
	Leave       FaultKind = "worker replaced in order" // ends, and another one comes
	TrainerKill FaultKind = "trainer killed"
)

// Fault is one of them.
type Fault struct {
	Kind FaultKind
	Long float64 // how long it lasts, in multiples of Options.Silent
}

// Kinds are all of them but Link, which needs root on Linux.
func Kinds() []FaultKind {
	return []FaultKind{Kill, Pause, Cut, Stall, Server, ServerKill, Leave, TrainerKill}
}

// RandomFaults returns n faults of the kinds, each kind about equally often.
func RandomFaults(n int, kinds []FaultKind, seed uint64) []Fault {
	rng := rand.New(rand.NewPCG(seed, 3))
	out := make([]Fault, n)
	var deck []FaultKind
	for i := range out {
		if len(deck) == 0 {
			for _, k := range rng.Perm(len(kinds)) {
				deck = append(deck, kinds[k])
			}
		}
		out[i] = Fault{deck[0], .2 + 2.8*rng.Float64()}
		deck = deck[1:]
	}
	return out
}

// letFaultsHappen lets one fault after the other begin. They overlap where one lasts longer than
// it takes to the next.
func (d *driver) letFaultsHappen(ctx context.Context) error {
	var all sync.WaitGroup
	defer all.Wait()
	var mu sync.Mutex
	var errs []error
	fail := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		errs = append(errs, err)
	}
	for i, f := range d.Faults {
		if err := sleep(ctx, time.Duration((.5+d.rng.Float64())*float64(d.Pace))); err != nil {
			return err
		}
		if _, skip := d.report.Skipped[f.Kind]; skip {
			continue
		}
		s, err := d.victim(ctx, f.Kind)
		if err != nil {
			return err
		}
		d.report.Faults[f.Kind]++
		lasts := time.Duration(f.Long * float64(d.Silent))
		all.Go(func() {
			defer d.free(s)
			d.say("fault %d of %d: %s", i+1, len(d.Faults), d.describe(f, s, lasts))
			if err := d.happen(ctx, f.Kind, s, lasts); err != nil && !errors.Is(err, context.Canceled) {
				fail(fmt.Errorf("drive: %s: %w", f.Kind, err))
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (d *driver) describe(f Fault, s *slot, lasts time.Duration) string {
	text := string(f.Kind)
	if s != nil {
		text += ": " + s.name
	}
	return fmt.Sprintf("%s, for %s", text, lasts.Round(10*time.Millisecond))
}

// victim chooses a process to which nothing is being done, and waits until there is one. The
// server has no slot.
func (d *driver) victim(ctx context.Context, kind FaultKind) (*slot, error) {
	if kind == Server || kind == ServerKill {
		return nil, nil
	}
	for {
		if s := d.idle(kind); s != nil {
			return s, nil
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

func (d *driver) idle(kind FaultKind) *slot {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, i := range d.rng.Perm(len(d.slots)) {
		s := d.slots[i]
		_, linked := s.net.(*namespace)
		if s.busy || s.trains != (kind == TrainerKill) || kind == Link && !linked || linked && (kind == Cut || kind == Stall) {
			continue
		}
		s.busy = true
		return s
	}
	return nil
}

func (d *driver) free(s *slot) {
	if s == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s.busy = false
}

// happen lets a fault happen, last, and be over.
func (d *driver) happen(ctx context.Context, kind FaultKind, s *slot, lasts time.Duration) error {
	switch kind {
	case Kill, TrainerKill:
		return d.killed(ctx, s, lasts)
	case Leave:
		if err := s.end(time.Minute); err != nil {
			return err
		}
		return d.fill(s)
	case Pause:
		if err := s.pause(); err != nil {
			return err
		}
		err := sleep(ctx, lasts)
		return errors.Join(err, s.resume())
	case Cut, Link, Stall:
		s.net.set(kind != Stall, kind == Stall)
		err := sleep(ctx, lasts)
		s.net.set(false, false)
		return err
	case Server, ServerKill:
		return d.restartServer(ctx, kind == ServerKill, lasts/4)
	}
	return fmt.Errorf("unknown")
}

// killed kills a worker, measures how long it takes until others own what it owned, and starts
// another one in its place.
func (d *driver) killed(ctx context.Context, s *slot, lasts time.Duration) error {
	name, owned := s.name, d.cluster.partitions(s.name)
	at := time.Now()
	s.kill()
	deadline := at.Add(lasts)
	measured := s.trains || len(owned) == 0
	for time.Now().Before(deadline) || !measured && time.Now().Before(deadline.Add(4*d.Silent)) {
		if !measured && d.cluster.ownedBut(name, owned) {
			measured = true
			d.mu.Lock()
			d.report.HandOvers = append(d.report.HandOvers, time.Since(at))
			d.mu.Unlock()
			d.say("%s is dead, and after %.1f s others own its %d partitions", name, time.Since(at).Seconds(), len(owned))
		}
		if err := sleep(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	return d.fill(s)
}

// restarting is held while the server is away.
var restarting sync.Mutex

func (d *driver) restartServer(ctx context.Context, kill bool, away time.Duration) error {
	restarting.Lock()
	defer restarting.Unlock()
	if kill {
		d.server.kill()
	} else if err := d.server.end(time.Minute); err != nil {
		return err
	}
	if err := sleep(ctx, away); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.server.start(ctx)
}
