package live

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// However much comes, a host keeps the latest only.
func TestAHostIsBounded(t *testing.T) {
	p := New(Config{Samples: 100})
	defer p.Close()
	why := &dagmm.Explanation{Verdict: dagmm.Verdict{Anomalous: true}, Contributions: []dagmm.Contribution{{Metric: strings.Repeat("m", 10_000), Value: 9, Low: 1, High: 2, Conditional: true}}}
	for i := range 5000 {
		p.Scored("a", dagmmtest.Minute(i), alarm.Result{Energy: float64(i)})
		n := uint64(i + 1)
		p.Handle(alarm.Event{Kind: alarm.Opened, Stream: "a", Seq: n, Alarm: n, Start: dagmmtest.Minute(i), End: dagmmtest.Minute(i), Time: dagmmtest.Minute(i), Severity: alarm.Major, Explanation: why})
		p.hosts["a"].bound(dagmmtest.Minute(i).UnixNano(), []string{"x"}, why, 1)
	}
	h := p.hosts["a"]
	require.LessOrEqual(t, len(h.samples), 125)
	require.LessOrEqual(t, cap(h.samples), 300)
	require.Equal(t, float32(4999), h.samples[len(h.samples)-1].energy)
	require.LessOrEqual(t, len(h.bands), 2*mostBands)
	require.Len(t, h.incidents, mostIncidents)
	require.Len(t, h.notes, mostNotes)
	require.Less(t, len(h.incidents[0].why), 4*longestSentence)
	require.Less(t, len(h.incidents[0].causes[0]), 4*longestName)
	require.Len(t, p.queue, 1, "a host waits for one explanation at most")
}

// There is room for so many hosts. Those with an open alarm stay longest.
func TestHostsAreBounded(t *testing.T) {
	p := New(Config{Hosts: 100})
	defer p.Close()
	p.Handle(alarm.Event{Kind: alarm.Opened, Stream: "burning", Seq: 1, Alarm: 1, Severity: alarm.Minor})
	p.Scored("often", dagmmtest.Minute(0), alarm.Result{})
	for i := range 10_000 {
		p.Scored(fmt.Sprint(i), dagmmtest.Minute(0), alarm.Result{})
		p.Scored("often", dagmmtest.Minute(i+1), alarm.Result{})
		require.LessOrEqual(t, len(p.hosts), 100)
	}
	require.Contains(t, p.hosts, "burning")
	require.Contains(t, p.hosts, "often")
	require.Contains(t, p.hosts, "9999")
	require.NotContains(t, p.hosts, "1")
}

// A clock that is set back takes what was later with it.
func TestAClockThatIsSetBack(t *testing.T) {
	h := &host{}
	for _, minute := range []int{1, 2, 3, 4, 2} {
		h.score(dagmmtest.Minute(minute), alarm.Result{Energy: float64(minute)}, 10)
	}
	require.Len(t, h.samples, 2)
	require.Equal(t, dagmmtest.Minute(2).UnixNano(), h.last())
}

// An open alarm grows with its samples, without an event; the event that closes it has the last
// word.
func TestAnAlarmGrows(t *testing.T) {
	h := &host{}
	h.happen(alarm.Event{Kind: alarm.Opened, Seq: 1, Alarm: 1, Start: dagmmtest.Minute(1), End: dagmmtest.Minute(1), Samples: 1, Severity: alarm.Minor})
	h.score(dagmmtest.Minute(2), alarm.Result{Flagged: true, Open: true}, 10)
	h.score(dagmmtest.Minute(3), alarm.Result{Open: true}, 10)
	require.Equal(t, 2, h.open().samples)
	require.Equal(t, dagmmtest.Minute(2), h.open().end)
	h.resume(alarm.Event{Kind: alarm.Continued, Seq: 1, Alarm: 1})
	require.Equal(t, 2, h.open().samples, "an event has told of it already")
	h.happen(alarm.Event{Kind: alarm.Closed, Seq: 2, Alarm: 1, Time: dagmmtest.Minute(9), Samples: 2, Severity: alarm.Major})
	require.Nil(t, h.open())
	h.happen(alarm.Event{Kind: alarm.Reopened, Seq: 3, Alarm: 1, Samples: 3, Severity: alarm.Major})
	require.Equal(t, 3, h.open().samples)
	require.Len(t, h.incidents, 1)
}

// A sample without a score interrupts the small chart.
func TestSpark(t *testing.T) {
	nan := float32(math.NaN())
	require.Equal(t, spark{}, sparkOf(nil))
	require.Equal(t, spark{}, sparkOf([]sample{{score: nan}}))
	s := sparkOf([]sample{{score: 0}, {score: 3}, {score: nan}, {score: 1e9}, {score: 1}})
	require.Equal(t, `d="M0,96.0h0L250,4.0M750,4.0h0L1000,65.3"`, string(s.Line))
	require.Equal(t, `d="M0,65.3H1000"`, string(s.Threshold))
	require.Equal(t, sparkSamples, strings.Count(string(sparkOf(make([]sample, 1000)).Line), ","))
}

// Samples, events, verdicts, browsers and pages come at the same time.
func TestAllAtOnce(t *testing.T) {
	w := newWorld(t, Config{Samples: 50, Hosts: 6}, nil)
	w.page.viewers.pace = time.Millisecond
	var all sync.WaitGroup
	start := func(f func()) {
		all.Add(1)
		go func() { defer all.Done(); f() }()
	}
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	for _, name := range names {
		start(func() { w.push(t, name, 0, faultAt+40) })
	}
	for k := range 3 {
		start(func() {
			lines, leave := w.follow(t, "events?name="+names[k])
			next(t, lines)
			next(t, lines)
			leave()
		})
		start(func() {
			for range 30 {
				w.get(t, "")
				w.ask(t, "host?name="+names[k], nil, nil)
				w.ask(t, "verdict?name="+names[k]+"&alarm=1", map[string][]string{"real": {"false"}}, nil)
				w.ask(t, "expect?name="+names[k], map[string][]string{"for": {"30m"}}, nil)
				w.page.Forget("h")
			}
		})
	}
	all.Wait()
	require.LessOrEqual(t, len(w.page.hosts), 6)
}
