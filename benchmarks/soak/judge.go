package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

// Bounds of a soak.
const (
	mostGrowth  = 1.25 // of the heap, from when the windows are full to the end
	mostSlower  = 3.   // p99 of Push while training, times that without
	leastFound  = .95  // of the incidents
	mostFalse   = 2.   // alarms without an incident, a host and day; the budget is 1
	leastPushes = 50000
)

// outcome is what a soak has brought.
type outcome struct {
	killed              int
	events, undisturbed map[string][]event // undisturbed is nil without -verify
	measured            []measurement
}

// verdict is one line of the table.
type verdict struct {
	what, bound, measured string
	broken                bool
}

func judge(o options, r outcome) []verdict {
	v := []verdict{
		{"samples", "", fmt.Sprintf("%d hosts, %d days: %d", o.hosts, o.days, o.hosts*o.minutes()), false},
		{"kills", fmt.Sprint(o.kills), fmt.Sprint(r.killed), r.killed != o.kills},
	}
	lost, twice := sequence(r.events)
	v = append(v, verdict{"events lost, twice", "0, 0", fmt.Sprintf("%d, %d", lost, twice), lost+twice > 0})
	if r.undisturbed != nil {
		n, first := differences(r.undisturbed, r.events)
		v = append(v, verdict{"events other than without kills", "0", strings.TrimSpace(fmt.Sprintf("%d of %d %s", n, count(r.undisturbed), first)), n > 0})
	}
	found, incidents, falses := alarms(o, r.events)
	v = append(v, verdict{"incidents with an alarm", fmt.Sprintf("≥ %.0f %%", 100*leastFound), fmt.Sprintf("%d of %d", found, incidents),
		float64(found) < leastFound*float64(incidents)})
	rate := float64(falses) / float64(o.hosts*o.days)
	v = append(v, verdict{"other alarms a host and day", fmt.Sprintf("≤ %g", mostFalse), fmt.Sprintf("%.2f", rate), !(rate <= mostFalse)})
	failed := count(r.events, alarm.RetrainFailed)
	v = append(v, verdict{"trainings taken, refused, failed", "failed: 0",
		fmt.Sprintf("%d, %d, %d", count(r.events, alarm.Retrained), count(r.events, alarm.Kept), failed), failed > 0})
	return append(v, memory(o, r.measured), goroutines(r.measured), slowdown(o, r.measured), restores(r.measured))
}

// sequence counts the gaps and the repetitions in the numbers of the streams' events.
func sequence(events map[string][]event) (lost, twice int) {
	for _, list := range events {
		var last uint64
		for _, e := range list {
			if e.Seq <= last {
				twice++
				continue
			}
			lost += int(e.Seq - last - 1)
			last = e.Seq
		}
	}
	return lost, twice
}

// differences counts the events of one run that the other does not have, the more of both
// ways, and tells the first.
func differences(want, got map[string][]event) (n int, first string) {
	lacks := func(a, b map[string][]event, label string) (n int) {
		for _, stream := range slices.Sorted(maps.Keys(a)) {
			left := map[event]int{}
			for _, e := range b[stream] {
				left[e]++
			}
			for _, e := range a[stream] {
				if left[e]--; left[e] >= 0 {
					continue
				}
				n++
				if first == "" {
					first = fmt.Sprintf("(%s: %+v)", label, e)
				}
			}
		}
		return n
	}
	return max(lacks(want, got, "lost"), lacks(got, want, "new")), first
}

// count counts the events of the kinds, all of them without kinds.
func count(events map[string][]event, kinds ...alarm.Kind) (n int) {
	for _, list := range events {
		for _, e := range list {
			if len(kinds) == 0 || slices.Contains(kinds, e.Kind) {
				n++
			}
		}
	}
	return n
}

// alarms holds the incidents against the alarms that were open in their minutes.
func alarms(o options, events map[string][]event) (found, incidents, falses int) {
	for h := range o.hosts {
		g := newHost(o.seed, h)
		spans := open(events[name(h)])
		hits := make([]bool, len(spans))
		for i := range o.minutes() - 60 {
			if !g.incident(i) || g.silent(i) || g.silent(i+incidentLasts) {
				continue
			}
			incidents++
			from := start.Add(time.Duration(i) * time.Minute).Unix()
			hit := 0
			for k, s := range spans {
				if s.from <= from+60*incidentLasts && s.to >= from {
					hits[k], hit = true, 1
				}
			}
			found += hit
		}
		for _, hit := range hits {
			if !hit {
				falses++
			}
		}
	}
	return found, incidents, falses
}

// span is when an alarm was open, in seconds.
type span struct{ from, to int64 }

func open(events []event) []span {
	const forEver = 1 << 62
	var out []span
	for _, e := range events {
		switch e.Kind {
		case alarm.Opened, alarm.Reopened:
			out = append(out, span{e.Time, forEver})
		case alarm.Closed:
			if len(out) > 0 {
				out[len(out)-1].to = e.End
			}
		}
	}
	return out
}

// memory compares the heap of the last day with that of the first one after the windows
// have filled.
func memory(o options, measured []measurement) verdict {
	v := verdict{what: "heap when windows are full, at the end", bound: fmt.Sprintf("≤ %g times", mostGrowth)}
	full := (o.windowDays() + 2) * 1440
	if o.minutes() < full+1440 {
		v.measured = "not judged: too few days"
		return v
	}
	var early, late uint64
	for _, m := range measured {
		if m.Minute >= full-1440 && m.Minute < full {
			early = max(early, m.Heap)
		}
		if m.Minute >= o.minutes()-1440 {
			late = max(late, m.Heap)
		}
	}
	growth := float64(late) / float64(early)
	v.measured = fmt.Sprintf("%.1f MB, %.1f MB (%.2f times)", float64(early)/(1<<20), float64(late)/(1<<20), growth)
	v.broken = !(growth <= mostGrowth)
	return v
}

func goroutines(measured []measurement) verdict {
	v := verdict{what: "goroutines left after Close", bound: "0", measured: "never closed", broken: true}
	for _, m := range measured {
		if m.Ended {
			v.measured, v.broken = fmt.Sprint(m.Left), m.Left != 0
		}
	}
	return v
}

// slowdown compares the times of Push, those of all days together.
func slowdown(o options, measured []measurement) verdict {
	v := verdict{what: "p99 of Push, while training", bound: fmt.Sprintf("≤ %g times", mostSlower)}
	var idle, busy histogram
	for _, m := range measured {
		if m.Idle != nil {
			idle.merge(*m.Idle)
		}
		if m.Busy != nil {
			busy.merge(*m.Busy)
		}
	}
	a, b := idle.quantile(.99), busy.quantile(.99)
	ratio := float64(b) / float64(max(a, 1))
	v.measured = fmt.Sprintf("%s, %s (%.2f times; p50 %s, %s; %d and %d calls)", a, b, ratio, idle.quantile(.5), busy.quantile(.5), idle.count(), busy.count())
	switch {
	case o.verify:
		v.measured = "not judged: trained in turn"
	case idle.count() < leastPushes || busy.count() < leastPushes:
		v.measured += ", not judged: too few"
	default:
		v.broken = ratio > mostSlower
	}
	return v
}

func restores(measured []measurement) verdict {
	var longest time.Duration
	for _, m := range measured {
		longest = max(longest, m.Restored)
	}
	return verdict{what: "longest start after a kill", measured: longest.Round(time.Millisecond).String()}
}

func table(verdicts []verdict) string {
	var b strings.Builder
	b.WriteString("| | bound | measured |\n|---|---|---|\n")
	for _, v := range verdicts {
		mark := ""
		if v.broken {
			mark = " **broken**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s%s |\n", v.what, v.bound, v.measured, mark)
	}
	return b.String()
}

// broken is an error that names the bounds that do not hold.
func broken(verdicts []verdict) error {
	var errs []error
	for _, v := range verdicts {
		if v.broken {
			errs = append(errs, fmt.Errorf("%s: %s, bound %s", v.what, v.measured, v.bound))
		}
	}
	return errors.Join(errs...)
}
