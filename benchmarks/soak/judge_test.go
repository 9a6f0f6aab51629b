package main

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

// good is an outcome that keeps all bounds: every incident has an alarm of its own.
func good(o options) outcome {
	r := outcome{killed: o.kills, events: map[string][]event{}}
	for h := range o.hosts {
		g, stream := newHost(o.seed, h), name(h)
		list := []event{{Stream: stream, Seq: 1, Kind: alarm.Retrained}}
		for i := range o.minutes() {
			if at := start.Add(time.Duration(i) * time.Minute).Unix(); g.incident(i) {
				n := uint64(len(list))
				list = append(list, event{Stream: stream, Seq: n + 1, Kind: alarm.Opened, Alarm: n, Start: at, End: at, Time: at},
					event{Stream: stream, Seq: n + 2, Kind: alarm.Closed, Alarm: n, Start: at, End: at + 300, Time: at + 900})
			}
		}
		r.events[stream] = list
	}
	var h histogram
	h[160] = 2 * leastPushes
	for i := 359; i < o.minutes(); i += 360 {
		idle, busy := h, h
		r.measured = append(r.measured, measurement{Minute: i, Heap: 50 << 20, Idle: &idle, Busy: &busy})
	}
	r.measured = append(r.measured, measurement{Minute: o.minutes(), Ended: true})
	return r
}

// Every bound can be broken.
func TestEveryBoundIsJudged(t *testing.T) {
	o := options{hosts: 4, days: 10, kills: 3, seed: 1}
	r := good(o)
	r.undisturbed = good(o).events
	require.NoError(t, broken(judge(o, r)))
	require.NotContains(t, table(judge(o, r)), "not judged")
	first := name(0)
	for what, change := range map[string]func(r *outcome){
		"kills":             func(r *outcome) { r.killed-- },
		"events lost":       func(r *outcome) { r.events[first] = slices.Delete(r.events[first], 2, 3) },
		"twice":             func(r *outcome) { r.events[first] = slices.Insert(r.events[first], 2, r.events[first][1]) },
		"other than":        func(r *outcome) { r.events[first][1].Alarm = 99 },
		"incidents with an": func(r *outcome) { r.events[first] = r.events[first][:1] },
		"other alarms": func(r *outcome) {
			for i := range 1000 {
				n := uint64(len(r.events[first]))
				r.events[first] = append(r.events[first], event{Stream: first, Seq: n + 1, Kind: alarm.Opened, Time: int64(i), Start: int64(i)},
					event{Stream: first, Seq: n + 2, Kind: alarm.Closed, Time: int64(i), End: int64(i)})
			}
		},
		"failed": func(r *outcome) { r.events[first][0].Kind = alarm.RetrainFailed },
		"heap":   func(r *outcome) { r.measured[len(r.measured)-2].Heap *= 2 },
		"goroutines left": func(r *outcome) {
			r.measured[len(r.measured)-1].Left = 1
		},
		"p99": func(r *outcome) {
			for _, m := range r.measured[:len(r.measured)-1] {
				m.Busy[160], m.Busy[200] = 0, m.Busy[160]
			}
		},
	} {
		r := good(o)
		r.undisturbed = good(o).events
		change(&r)
		require.ErrorContains(t, broken(judge(o, r)), what)
	}
	// An alarm that is lost, or comes again, leaves no gap in the numbers.
	r.events[first] = r.events[first][:len(r.events[first])-2]
	n, lost := differences(r.undisturbed, r.events)
	require.Equal(t, 2, n)
	require.Contains(t, lost, "lost")
	n, more := differences(r.events, r.undisturbed)
	require.Equal(t, 2, n)
	require.Contains(t, more, "new")
}
