package drive

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/metric-streams/anomaly/examples/fleet/watch"
)

// ScaleRow is what a fleet of some workers does.
type ScaleRow struct {
	Workers   int
	Opened    time.Duration // until all states are read, after a start
	Burst     float64       // samples a second from publishing to Monitor, as fast as they go
	WorkerCPU time.Duration // of all workers for a sample of the burst
	ServerCPU time.Duration // of the server
	SourceCPU time.Duration // of the generator

	Sustained float64       // samples a second that were published at the hosts' own pace
	Lag       time.Duration // of the worker that was furthest behind, at most
	Cores     [3]float64    // that workers, server and generator were busy with
	RSS       uint64        // bytes of all workers

	HandOver time.Duration // from a worker's death until all its partitions have owners
	CaughtUp time.Duration // and until those have applied all that had come
}

// moreRows are published after the hosts have a model: no host is trained again meanwhile, unless
// it has a shorter past than this.
const moreRows = 300

// Scale measures fleets of some numbers of workers, one after the other on the same streams.
func Scale(ctx context.Context, o Options, workers []int) ([]ScaleRow, error) {
	d := &driver{Options: o, rng: rand.New(rand.NewPCG(o.Seed, 1)), begun: time.Now()}
	d.report.Faults, d.report.Skipped = map[FaultKind]int{}, map[FaultKind]string{}
	defer d.stop()
	hosts, err := makeHosts(d.Hosts, d.Settings.WarmUp+moreRows, d.Settings.WarmUp+moreRows, 150, d.Settings.Interval, d.Seed)
	if err != nil {
		return nil, err
	}
	if err := d.startServer(ctx); err != nil {
		return nil, err
	}
	if err := d.startFleet(ctx); err != nil {
		return nil, err
	}
	g := &generator{fleet: d.fleet, hosts: hosts, rng: rand.New(rand.NewPCG(d.Seed, 2)), acknowledged: map[string][]int64{}}
	if err := d.warmUp(ctx, g); err != nil {
		return nil, err
	}
	var rows []ScaleRow
	for _, n := range workers {
		row, err := d.measure(ctx, g, n)
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
		d.say("%s", row)
	}
	return rows, nil
}

// warmUp lets all hosts have a model.
func (d *driver) warmUp(ctx context.Context, g *generator) error {
	if err := d.startWorkers(ctx, runtime.NumCPU(), 0); err != nil {
		return err
	}
	begun := time.Now()
	if err := g.rows(ctx, d.Settings.WarmUp+1, 0); err != nil {
		return err
	}
	if err := d.caughtUp(ctx, g); err != nil {
		return err
	}
	d.say("%d hosts have a model: %d samples and %d trainings in %.0f s", len(g.hosts), g.sent, int(d.cluster.sum(func(b watch.Beat) float64 { return float64(b.Trained) })),
		time.Since(begun).Seconds())
	return d.endAll()
}

// endAll ends the workers and forgets them.
func (d *driver) endAll() error {
	if err := d.endWorkers(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.slots {
		s.net.close()
	}
	d.slots = nil
	return nil
}

// caughtUp waits until the workers have applied all that there is.
func (d *driver) caughtUp(ctx context.Context, g *generator) error {
	return d.await(ctx, 10*time.Minute, "everything is applied", func() bool { return d.cluster.owned(d.Settings.Partitions) && d.cluster.applied(g.last+1) })
}

// measure measures a fleet of n workers.
func (d *driver) measure(ctx context.Context, g *generator, n int) (r ScaleRow, err error) {
	const (
		burstRows     = 20
		sustainedRows = 45
		handOverRows  = 20
	)
	r.Workers = n
	begun := time.Now()
	if err := d.startWorkers(ctx, n, 0); err != nil {
		return r, err
	}
	if err := g.rows(ctx, 1, 0); err != nil {
		return r, err
	}
	if err := d.caughtUp(ctx, g); err != nil {
		return r, err
	}
	r.Opened = time.Since(begun)

	if err := d.burst(ctx, g, burstRows, &r); err != nil {
		return r, err
	}
	if err := d.sustain(ctx, g, sustainedRows, &r); err != nil {
		return r, err
	}
	if err := d.handOver(ctx, g, handOverRows, &r); err != nil {
		return r, err
	}
	return r, d.endAll()
}

// used is what the processes have used of the processors.
type used struct {
	at                      time.Time
	workers, server, source time.Duration
}

func (d *driver) used() used {
	return used{time.Now(), time.Duration(d.cluster.sum(func(b watch.Beat) float64 { return float64(b.CPU) })), cpuOf(d.server.cmd.Process.Pid), cpuOf(os.Getpid())}
}

// cpuOf returns what a process has used; 0 where the system does not tell (all but Linux).
func cpuOf(pid int) time.Duration {
	const (
		userField   = 11 // after the name in parentheses
		systemField = 12
		tick        = 10 * time.Millisecond // USER_HZ is 100 on all usual machines
	)
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) <= systemField {
		return 0
	}
	user, err1 := strconv.Atoi(fields[userField])
	system, err2 := strconv.Atoi(fields[systemField])
	if err1 != nil || err2 != nil {
		return 0
	}
	return time.Duration(user+system) * tick
}

// settle waits for beats that are newer than all work.
func (d *driver) settle(ctx context.Context) error { return sleep(ctx, d.Silent/2) }

// burst publishes rows as fast as they are acknowledged.
func (d *driver) burst(ctx context.Context, g *generator, rows int, r *ScaleRow) error {
	before, sent, begun := d.used(), g.sent, time.Now()
	if err := g.rows(ctx, rows, 0); err != nil {
		return err
	}
	if err := d.caughtUp(ctx, g); err != nil {
		return err
	}
	n := g.sent - sent
	r.Burst = float64(n) / time.Since(begun).Seconds()
	if err := d.settle(ctx); err != nil {
		return err
	}
	after := d.used()
	each := func(a, b time.Duration) time.Duration { return (b - a) / time.Duration(n) }
	r.WorkerCPU, r.ServerCPU, r.SourceCPU = each(before.workers, after.workers), each(before.server, after.server), each(before.source, after.source)
	return nil
}

// sustain publishes rows at the pace of the hosts, and sees how far the workers are behind.
func (d *driver) sustain(ctx context.Context, g *generator, rows int, r *ScaleRow) error {
	before, sent, begun := d.used(), g.sent, time.Now()
	watching, stop := context.WithCancel(ctx)
	lag := make(chan time.Duration, 1)
	go func() { lag <- d.lag(watching) }()
	err := g.rows(ctx, rows, 1/d.Settings.Interval.Seconds())
	took := time.Since(begun)
	stop()
	r.Lag = <-lag
	if err != nil {
		return err
	}
	after := d.used()
	wall := after.at.Sub(before.at)
	share := func(a, b time.Duration) float64 { return float64(b-a) / float64(wall) }
	r.Sustained = float64(g.sent-sent) / took.Seconds()
	r.Cores = [3]float64{share(before.workers, after.workers), share(before.server, after.server), share(before.source, after.source)}
	r.RSS = uint64(d.cluster.sum(func(b watch.Beat) float64 { return float64(b.RSS) }))
	return d.caughtUp(ctx, g)
}

// lag returns for how long at most a message was in the stream that no worker had applied, as the
// workers tell it: their word is as old as their last heartbeat.
func (d *driver) lag(ctx context.Context) (most time.Duration) {
	type mark struct {
		seq uint64
		at  time.Time
	}
	var open []mark
	for sleep(ctx, 50*time.Millisecond) == nil {
		last, err := d.fleet.LastSample(ctx)
		last -= min(last, uint64(d.Settings.Partitions)) // each partition ends with another message
		if err != nil {
			continue
		}
		if len(open) == 0 || open[len(open)-1].seq < last {
			open = append(open, mark{last, time.Now()})
		}
		least := d.cluster.least()
		for len(open) > 0 && open[0].seq <= least {
			most = max(most, time.Since(open[0].at))
			open = open[1:]
		}
	}
	if len(open) > 0 {
		most = max(most, time.Since(open[0].at))
	}
	return most
}

// handOver kills a worker while samples come at the pace of the hosts.
func (d *driver) handOver(ctx context.Context, g *generator, rows int, r *ScaleRow) error {
	published := make(chan error, 1)
	go func() { published <- g.rows(ctx, rows, 1/d.Settings.Interval.Seconds()) }()
	if err := sleep(ctx, 2*time.Second); err != nil {
		return err
	}
	s := d.slots[0]
	name, owned, at := s.name, d.cluster.partitions(s.name), time.Now()
	s.kill()
	if len(d.slots) == 1 {
		if err := d.fill(s); err != nil {
			return err
		}
	}
	err := d.await(ctx, time.Minute, "others own the partitions", func() bool { return d.cluster.ownedBut(name, owned) })
	if err != nil {
		return err
	}
	r.HandOver = time.Since(at)
	last, err := d.fleet.LastSample(ctx)
	last -= min(last, uint64(d.Settings.Partitions))
	if err != nil {
		return err
	}
	err = d.await(ctx, time.Minute, "they have caught up", func() bool { return d.cluster.owned(d.Settings.Partitions) && d.cluster.least() >= last })
	if err != nil {
		return err
	}
	r.CaughtUp = time.Since(at)
	if err := <-published; err != nil {
		return err
	}
	if len(d.slots) > 1 {
		d.mu.Lock()
		d.slots = slices.Delete(d.slots, 0, 1)
		d.mu.Unlock()
		s.net.close()
	}
	return d.caughtUp(ctx, g)
}

// rows publishes so many rows of all hosts, each of them in perSecond of a second; 0 means as
// fast as they are acknowledged.
func (g *generator) rows(ctx context.Context, rows int, perSecond float64) error {
	begun := time.Now()
	for i := range rows {
		if perSecond > 0 {
			if err := sleep(ctx, time.Until(begun.Add(time.Duration(float64(i)/perSecond*float64(time.Second))))); err != nil {
				return err
			}
		}
		if g.row >= len(g.hosts[0].table.Times) {
			return fmt.Errorf("drive: the made-up hosts have %d rows: %d more are wanted", g.row, rows-i)
		}
		if err := g.send(ctx, g.row, nil); err != nil {
			return err
		}
		g.row++
	}
	return nil
}

// String is one line.
func (r ScaleRow) String() string {
	return fmt.Sprintf("%d workers: opened in %.1f s; burst %.0f samples/s, CPU a sample: workers %s, server %s, generator %s; "+
		"sustained %.0f/s, lag %.1f s, cores %.2f + %.2f + %.2f, RSS %d MB; owned again after %.1f s, caught up after %.1f s",
		r.Workers, r.Opened.Seconds(), r.Burst, r.WorkerCPU, r.ServerCPU, r.SourceCPU, r.Sustained, r.Lag.Seconds(), r.Cores[0], r.Cores[1], r.Cores[2], r.RSS>>20,
		r.HandOver.Seconds(), r.CaughtUp.Seconds())
}
