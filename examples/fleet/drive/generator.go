package drive

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/metric-streams/anomaly/examples/fleet/watch"
)

// generator publishes the samples of made-up hosts, row by row.
type generator struct {
	fleet *watch.Fleet
	hosts []*madeUp
	rate  float64 // samples a second; 0 means as fast as they are acknowledged
	// mess is the share of samples that come twice, and of those that come after the next one.
	mess float64
	rng  *rand.Rand

	acknowledged map[string][]int64 // times, by host
	sent, twice  int
	late         int
	row          int    // next
	last         uint64 // number of the last message before the last time
}

// run publishes rows until there are no more, or enough says so, and at last the time, so that
// everything that waits for earlier samples is scored.
func (g *generator) run(ctx context.Context, enough func(row int) bool) error {
	g.acknowledged = map[string][]int64{}
	begun := time.Now()
	rows := len(g.hosts[0].table.Times)
	held := map[*madeUp]int{} // hosts whose sample comes after the next one, and its row
	for ; g.row < rows && !enough(g.row); g.row++ {
		if g.rate > 0 {
			due := begun.Add(time.Duration(float64(g.row*len(g.hosts)) / g.rate * float64(time.Second)))
			if err := sleep(ctx, time.Until(due)); err != nil {
				return err
			}
		}
		if err := g.send(ctx, g.row, held); err != nil {
			return err
		}
	}
	return g.end(ctx, g.hosts[0].table.Times[g.row-1].Add(time.Hour))
}

// end publishes a time that is later than all samples. Whoever has applied the message after the
// number that it notes has applied all that came before.
func (g *generator) end(ctx context.Context, now time.Time) (err error) {
	if g.last, err = g.fleet.LastSample(ctx); err != nil {
		return err
	}
	return g.fleet.Tick(ctx, now)
}

// send publishes a row of all hosts, in an order of its own.
func (g *generator) send(ctx context.Context, row int, held map[*madeUp]int) error {
	var now, after []watch.Outgoing
	for _, k := range g.rng.Perm(len(g.hosts)) {
		h := g.hosts[k]
		if h.quiet[row] {
			continue
		}
		before, holds := held[h]
		if !holds && g.rng.Float64() < g.mess {
			held[h] = row
			g.late++
			continue
		}
		now = append(now, watch.Outgoing{Token: h.token, Sample: h.sample(row)})
		if holds {
			after = append(after, watch.Outgoing{Token: h.token, Sample: h.sample(before)})
			delete(held, h)
		}
		if g.rng.Float64() < g.mess {
			old := max(0, row-1-g.rng.IntN(50))
			if !h.quiet[old] && !holds && old < row {
				after = append(after, watch.Outgoing{Token: h.token, Sample: h.sample(old), Again: true})
				g.twice++
			}
		}
	}
	for _, part := range [][]watch.Outgoing{now, after} {
		if err := g.publish(ctx, part); err != nil {
			return err
		}
	}
	return g.end(ctx, g.hosts[0].table.Times[row])
}

// publish publishes samples, and notes that they are acknowledged.
func (g *generator) publish(ctx context.Context, samples []watch.Outgoing) error {
	if len(samples) == 0 {
		return nil
	}
	if err := g.fleet.Publish(ctx, samples); err != nil {
		return err
	}
	for _, s := range samples {
		name, err := watch.Host(s.Token)
		if err != nil {
			return err
		}
		g.acknowledged[name] = append(g.acknowledged[name], s.Time.UnixNano())
	}
	g.sent += len(samples)
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
