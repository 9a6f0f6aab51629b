package drive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/metric-streams/anomaly/examples/fleet/watch"
)

// Options say what happens.
type Options struct {
	Command []string // runs this program; the arguments of a role follow
	Env     []string // of the children, beside the own
	Dir     string   // for the server's streams
	Out     io.Writer

	Settings watch.Settings
	Hosts    int
	Rows     int     // samples of a host, at least
	MaxRows  int     // and at most, where faults take longer; 0 means Rows
	Rate     float64 // samples a second; 0 means as fast as possible
	Mess     float64 // share of samples that come twice, and of those that come late
	Workers  int
	Trainers int // processes that only train
	Save     time.Duration
	Silent   time.Duration
	Seed     uint64

	Faults []Fault       // in their order
	Pace   time.Duration // from one fault to the next, about
}

// Report is what came of it.
type Report struct {
	Acknowledged, LostSamples int
	Messages                  uint64 // in the stream
	TwiceSent, LateSent       int
	difference
	Kinds     string
	HandOvers []time.Duration // from a worker's death until others own all that it owned
	Faults    map[FaultKind]int
	Skipped   map[FaultKind]string // faults that are not possible here, and why
	Took      time.Duration
	Left      uint64 // messages that no stored state has, after all workers have ended
	Repeated  uint64 // events that came again and were left out, as far as workers have told
	Fenced    uint64 // partitions that a worker believed to own
}

// OK reports whether the fleet did what it should.
func (r Report) OK() bool { return r.none() && r.LostSamples == 0 && r.Left == 0 && r.Events > 0 }

// driver is a run in progress.
type driver struct {
	Options
	rng     *rand.Rand
	server  *serverProcess
	fleet   *watch.Fleet
	begun   time.Time
	report  Report
	cluster cluster

	mu    sync.Mutex
	slots []*slot
	made  int
}

// slot is the place of a worker: the process may be replaced.
type slot struct {
	*process
	trains bool // and does nothing else
	net    network
	busy   bool // something is being done to it
}

// network is the way from a worker to the server.
type network interface {
	url() string
	set(cut, stalled bool)
	close()
}

// Run starts a fleet, publishes samples, lets the faults happen, and compares.
func Run(ctx context.Context, o Options) (Report, error) {
	d := &driver{Options: o, rng: rand.New(rand.NewPCG(o.Seed, 1)), begun: time.Now()}
	d.MaxRows = max(d.MaxRows, d.Rows)
	d.report.Faults, d.report.Skipped = map[FaultKind]int{}, map[FaultKind]string{}
	if !canPause {
		d.report.Skipped[Pause] = "processes cannot be paused here"
	}
	defer d.stop()
	if err := d.run(ctx); err != nil {
		return d.report, err
	}
	d.report.Took = time.Since(d.begun)
	return d.report, nil
}

func (d *driver) say(format string, args ...any) {
	fmt.Fprintf(d.Out, "%5.1f s  %s\n", time.Since(d.begun).Seconds(), fmt.Sprintf(format, args...))
}

func (d *driver) run(ctx context.Context) error {
	hosts, err := makeHosts(d.Hosts, d.MaxRows, d.Settings.WarmUp, 150, d.Settings.Interval, d.Seed)
	if err != nil {
		return err
	}
	if err := d.startServer(ctx); err != nil {
		return err
	}
	if err := d.startFleet(ctx); err != nil {
		return err
	}
	if err := d.startWorkers(ctx, d.Workers, d.Trainers); err != nil {
		return err
	}
	follow, stopFollowing := context.WithCancel(ctx)
	defer stopFollowing()
	tap := newTap()
	followed := make(chan error, 1)
	go func() { followed <- d.fleet.Follow(follow, tap.take) }()
	ref, err := newReference(d.Settings)
	if err != nil {
		return err
	}
	referred := make(chan struct{})
	go func() {
		defer close(referred)
		for m := range tap.messages {
			ref.take(m)
		}
	}()
	g := &generator{fleet: d.fleet, hosts: hosts, rate: d.Rate, mess: d.Mess, rng: rand.New(rand.NewPCG(d.Seed, 2))}
	if err := d.publish(ctx, g); err != nil {
		return err
	}
	err = d.finish(ctx, tap, g.last+1)
	if err != nil {
		return err
	}
	stopFollowing()
	if err := <-followed; err != nil {
		return err
	}
	tap.end()
	select {
	case <-referred:
	case <-ctx.Done():
		return ctx.Err()
	}
	return d.judge(ctx, g, ref, g.last+1)
}

// publish lets the generator and the faults go on until both are done.
func (d *driver) publish(ctx context.Context, g *generator) error {
	faults := make(chan error, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		faults <- d.letFaultsHappen(ctx)
	}()
	err := g.run(ctx, func(row int) bool {
		select {
		case <-done:
			return row >= d.Rows
		default:
			return false
		}
	})
	if err == nil {
		err = <-faults
	}
	d.report.TwiceSent, d.report.LateSent = g.twice, g.late
	d.say("%d samples of %d hosts are acknowledged", g.sent, d.Hosts)
	return err
}

// startServer starts the server as a process, so that it can be killed like the others.
func (d *driver) startServer(ctx context.Context) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("drive: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	d.server = &serverProcess{driver: d, port: port, host: "127.0.0.1"}
	if slices.ContainsFunc(d.Faults, func(f Fault) bool { return f.Kind == Link }) {
		d.server.host = "0.0.0.0"
	}
	return d.server.start(ctx)
}

// serverProcess is the server.
type serverProcess struct {
	*driver
	*process
	host string
	port int
}

func (s *serverProcess) start(context.Context) (err error) {
	s.process, err = launch("server", s.Env, append(slices.Clone(s.Command), "-role", "server", "-listen", net.JoinHostPort(s.host, strconv.Itoa(s.port)),
		"-dir", filepath.Join(s.Dir, "server"))...)
	return err
}

func (s *serverProcess) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// startFleet makes the streams.
func (d *driver) startFleet(ctx context.Context) error {
	nc, err := watch.Dial("nats://"+d.server.address(), "driver")
	if err != nil {
		return err
	}
	// The server forgets the ids of messages soon, so that little depends on them.
	const dedup = 300 * time.Millisecond
	if d.fleet, err = watch.Open(ctx, nc, d.Settings, watch.Storage{Dedup: dedup}); err != nil {
		return err
	}
	d.cluster.init()
	_, err = d.fleet.Beats(d.cluster.hear)
	return err
}

// startWorkers starts workers, and processes that only train, and waits until all partitions are
// owned.
func (d *driver) startWorkers(ctx context.Context, workers, trainers int) (err error) {
	for i := range workers + trainers {
		s := &slot{trains: i >= workers}
		if s.net, err = d.network(i); err != nil {
			return err
		}
		if err := d.fill(s); err != nil {
			return err
		}
		d.mu.Lock()
		d.slots = append(d.slots, s)
		d.mu.Unlock()
	}
	return d.await(ctx, time.Minute, "all partitions are owned", func() bool { return d.cluster.owned(d.Settings.Partitions) })
}

// network makes the way of a worker to the server: a proxy, or for the first one a network
// namespace where a fault needs one.
func (d *driver) network(i int) (network, error) {
	if i == 0 && slices.ContainsFunc(d.Faults, func(f Fault) bool { return f.Kind == Link }) {
		n, err := newNamespace(d.server.port)
		if err == nil {
			return n, nil
		}
		d.report.Skipped[Link] = err.Error()
	}
	return newProxy(d.server.address())
}

// fill starts a process in a slot.
func (d *driver) fill(s *slot) error {
	d.mu.Lock()
	d.made++
	name := fmt.Sprintf("worker-%d", d.made)
	d.mu.Unlock()
	role := "worker"
	if s.trains {
		role = "train"
	}
	command := slices.Concat(d.Command, []string{"-role", role, "-name", name, "-url", s.net.url(), "-save", d.Save.String(), "-silent", d.Silent.String(), "-verbose"},
		Arguments(d.Settings))
	if n, ok := s.net.(*namespace); ok {
		command = n.within(command)
	}
	p, err := launch(name, d.Env, command...)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s.process = p
	return nil
}

// Arguments returns the flags with which a process has the settings.
func Arguments(s watch.Settings) []string {
	return []string{"-partitions", strconv.Itoa(s.Partitions), "-interval", s.Interval.String(), "-lateness", s.Lateness.String(),
		"-warmup", strconv.Itoa(s.WarmUp), "-retrain", s.Retrain.String(), "-budget", strconv.FormatFloat(s.Budget, 'g', -1, 64), "-preset", s.Preset,
		"-seed", strconv.FormatUint(s.Seed, 10), "-ticks=" + strconv.FormatBool(s.Ticks)}
}

// await waits until something is so.
func (d *driver) await(ctx context.Context, longest time.Duration, what string, so func() bool) error {
	deadline := time.Now().Add(longest)
	for !so() {
		if err := d.died(); err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("drive: not within %s: %s\n%s", longest, what, d.outputs())
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// died reports children that have ended by themselves.
func (d *driver) died() error {
	var errs []error
	for _, p := range d.processes() {
		errs = append(errs, p.died())
	}
	return errors.Join(errs...)
}

func (d *driver) processes() []*process {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []*process
	for _, s := range d.slots {
		if s.process != nil {
			out = append(out, s.process)
		}
	}
	if d.server != nil && d.server.process != nil {
		out = append(out, d.server.process)
	}
	return out
}

// outputs returns the last lines of all children.
func (d *driver) outputs() (out string) {
	const most = 3000
	for _, p := range d.processes() {
		text := p.output()
		out += fmt.Sprintf("--- %s\n%s\n", p.name, text[max(0, len(text)-most):])
	}
	return out + d.cluster.String()
}

// finish waits until all partitions have come to a message, and ends the workers.
func (d *driver) finish(ctx context.Context, tap *tap, last uint64) error {
	end, err := d.fleet.LastSample(ctx)
	if err != nil {
		return err
	}
	const longest = 5 * time.Minute
	err = d.await(ctx, longest, "everything is applied", func() bool {
		return d.allHeard() && d.cluster.owned(d.Settings.Partitions) && d.cluster.applied(last) && tap.reached() >= end
	})
	if err != nil {
		return err
	}
	d.say("the fleet has applied all of them")
	return d.endWorkers()
}

// endWorkers ends all workers in order, at the same time.
func (d *driver) endWorkers() error {
	errs := make([]error, len(d.slots))
	var all sync.WaitGroup
	for i, s := range d.slots {
		all.Go(func() { errs[i] = s.end(time.Minute) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// allHeard reports whether all workers have said something since they were started.
func (d *driver) allHeard() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !slices.ContainsFunc(d.slots, func(s *slot) bool { return !d.cluster.heard(s.name) })
}

// judge compares.
func (d *driver) judge(ctx context.Context, g *generator, ref *reference, last uint64) error {
	r := &d.report
	r.LostSamples, r.Acknowledged = ref.lost(g.acknowledged)
	r.Messages = ref.reached()
	if ref.err != nil {
		return ref.err
	}
	r.Kinds = fmt.Sprint(ref.kinds)
	alarms, err := d.fleet.Alarms(ctx)
	if err != nil {
		return err
	}
	r.difference = ref.compare(alarms)
	low, err := d.fleet.Low(ctx)
	if err != nil {
		return err
	}
	r.Left = last - min(low, last)
	r.Repeated, r.Fenced = d.cluster.sums()
	return nil
}

// stop ends everything that is left.
func (d *driver) stop() {
	for _, p := range d.processes() {
		p.kill()
	}
	for _, s := range d.slots {
		s.net.close()
	}
}

// tap holds the messages of the stream of samples until the reference takes them.
type tap struct {
	messages chan watch.Message
	in       chan watch.Message
	mu       sync.Mutex
	last     uint64
}

func newTap() *tap {
	t := &tap{messages: make(chan watch.Message), in: make(chan watch.Message)}
	go func() {
		defer close(t.messages)
		var queue []watch.Message
		in := t.in
		for in != nil || len(queue) > 0 {
			var out chan watch.Message
			var first watch.Message
			if len(queue) > 0 {
				out, first = t.messages, queue[0]
			}
			select {
			case m, ok := <-in:
				if !ok {
					in = nil
					continue
				}
				queue = append(queue, m)
			case out <- first:
				queue = queue[1:]
			}
		}
	}()
	return t
}

func (t *tap) take(m watch.Message) {
	t.mu.Lock()
	t.last = m.Seq
	t.mu.Unlock()
	t.in <- m
}

func (t *tap) reached() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

func (t *tap) end() { close(t.in) }
