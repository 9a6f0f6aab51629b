package drive

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/examples/fleet/watch"
)

// reference is one Monitor, which trains by itself. It is given what the stream of samples
// holds, in its order.
type reference struct {
	monitor *monitor.Monitor
	columns int

	mu     sync.Mutex
	events map[string][]string // by host, as JSON
	kinds  map[alarm.Kind]int
	stored map[string]map[int64]int // how often the stream holds a sample, by host and time
	last   uint64                   // message
	err    error
}

func newReference(s watch.Settings) (*reference, error) {
	r := &reference{columns: len(s.Columns), events: map[string][]string{}, kinds: map[alarm.Kind]int{}, stored: map[string]map[int64]int{}}
	cfg := s.Monitor()
	cfg.MaxStreams = 1 << 20
	cfg.Handle = func(e alarm.Event) {
		text, err := json.Marshal(e)
		r.mu.Lock()
		defer r.mu.Unlock()
		if err != nil {
			r.err = fmt.Errorf("drive: event %d of %q: %w", e.Seq, e.Stream, err)
		}
		r.events[e.Stream] = append(r.events[e.Stream], string(text))
		r.kinds[e.Kind]++
	}
	var err error
	r.monitor, err = monitor.Open(cfg)
	return r, err
}

// take gives a message to the Monitor.
func (r *reference) take(m watch.Message) {
	r.mu.Lock()
	r.last = m.Seq
	if m.Host != "" {
		if r.stored[m.Host] == nil {
			r.stored[m.Host] = map[int64]int{}
		}
		r.stored[m.Host][m.Time.UnixNano()]++
	}
	r.mu.Unlock()
	if m.Host == "" && m.Partition > 0 {
		return // the same time follows for all partitions, and one Monitor needs it once
	}
	if m.Host == "" {
		_ = r.monitor.Tick(m.Time) // has no error without a journal
		return
	}
	_ = r.monitor.Push(m.Host, m.Time, m.Values) // refuses what the workers refuse
}

func (r *reference) reached() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

// lost returns how many acknowledged samples the stream did not hold.
func (r *reference) lost(acknowledged map[string][]int64) (lost, total int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for host, times := range acknowledged {
		for _, t := range times {
			total++
			if r.stored[host][t] == 0 {
				lost++
			}
		}
	}
	return lost, total
}

// difference is what the alarms of a fleet and of one Monitor differ in.
type difference struct {
	Events  int // of the Monitor
	Lost    int // events that the fleet lacks
	Twice   int // that came twice
	Others  int // that one Monitor does not have
	Order   int // hosts whose events are in another order
	Example string
}

func (d difference) none() bool { return d.Lost+d.Twice+d.Others+d.Order == 0 }

// compare compares the events of the fleet with those of one Monitor, byte for byte.
func (r *reference) compare(fleet map[string][]string) (d difference) {
	r.mu.Lock()
	defer r.mu.Unlock()
	hosts := map[string]bool{}
	for h := range fleet {
		hosts[h] = true
	}
	for h := range r.events {
		hosts[h] = true
		d.Events += len(r.events[h])
	}
	for h := range hosts {
		want, got := r.events[h], fleet[h]
		if slices.Equal(want, got) {
			continue
		}
		before := d
		d.count(want, got)
		if d.Lost+d.Twice+d.Others == before.Lost+before.Twice+before.Others {
			d.Order++
		}
		if d.Example == "" {
			d.Example = example(h, want, got)
		}
	}
	return d
}

func (d *difference) count(want, got []string) {
	times := map[string]int{}
	for _, e := range got {
		times[e]++
	}
	for _, e := range want {
		switch n := times[e]; {
		case n == 0:
			d.Lost++
		case n > 1:
			d.Twice += n - 1
		}
		delete(times, e)
	}
	for _, n := range times {
		d.Others += n
	}
}

// example shows the first difference of a host.
func example(host string, want, got []string) string {
	i := 0
	for i < min(len(want), len(got)) && want[i] == got[i] {
		i++
	}
	at := func(events []string) string {
		if i < len(events) {
			return events[i]
		}
		return "nothing"
	}
	return fmt.Sprintf("host %q, event %d of %d and %d: one Monitor has\n  %s\nthe fleet has\n  %s", host, i+1, len(want), len(got), at(want), at(got))
}
