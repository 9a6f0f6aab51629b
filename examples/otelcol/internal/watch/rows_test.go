package watch

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

var nan = math.NaN()

// What the hostmetrics receiver sends by default, worked out by hand.
func TestRowOfHostMetrics(t *testing.T) {
	b := builder(t, nil)
	scrape := func(i, idle, busy, io float64) *batch {
		return newBatch(at(10*i)).
			total("system.cpu.time", idle, "state", "idle").total("system.cpu.time", busy, "state", "user").
			resource().gauge("system.memory.utilization", .25, "state", "used").gauge("system.memory.utilization", .5, "state", "free").
			resource().total("system.disk.io_time", io, "device", "sda").total("system.disk.io_time", io/2, "device", "sdb").
			resource().total("system.network.io", 1000*i, "device", "eth0", "direction", "receive").total("system.network.io", 3000*i, "device", "eth1", "direction", "receive").
			total("system.network.io", 7e6*i, "device", "lo", "direction", "receive").total("system.network.io", 7e6*i, "device", "eth0", "direction", "transmit")
	}
	rows := b.feed(scrape(0, 1000, 100, 40))
	require.Len(t, rows, 1, "it does not wait for rates, which need two scrapes")
	requireRow(t, rows[0], at(0), nan, 25, nan, nan)
	rows = b.feed(scrape(1, 1015, 105, 44))
	require.Len(t, rows, 1)
	requireRow(t, rows[0], at(10), 25, 25, 40, 400)
	require.Empty(t, b.lost)

	// the first source that has data counts
	with := scrape(2, 1030, 110, 48).resource().gauge("system.cpu.utilization", .9, "cpu", "0", "state", "user").gauge("system.cpu.utilization", .1, "cpu", "0", "state", "idle").
		gauge("system.cpu.utilization", .3, "cpu", "1", "state", "user").gauge("system.cpu.utilization", .7, "cpu", "1", "state", "idle")
	requireRow(t, b.feed(with)[0], at(20), 60, 25, 40, 400)
}

func TestAggregations(t *testing.T) {
	var all []MetricConfig
	for _, rule := range []string{"sum", "mean", "max", "min", "share", ""} {
		all = append(all, MetricConfig{Name: "m" + rule, From: []string{"x"}, Aggregation: rule, Exclude: map[string][]string{"kind": {"not*"}}})
	}
	b := builder(t, nil, all...)
	in := newBatch(at(0)).gauge("x", 1, "kind", "a").gauge("x", 2, "kind", "b").gauge("x", 6).gauge("x", 3, "kind", "not this")
	requireRow(t, b.feed(in)[0], at(0), 9, 3, 6, 1, .75, 9)
}

func TestKinds(t *testing.T) {
	b := builder(t, nil, MetricConfig{Name: "auto", From: []string{"x"}}, MetricConfig{Name: "rate", From: []string{"x"}, Kind: "rate"}, MetricConfig{Name: "value", From: []string{"x"}, Kind: "value"})
	b.feed(newBatch(at(0)).gauge("x", 5))
	requireRow(t, b.feed(newBatch(at(10)).gauge("x", 25))[0], at(10), 25, 2, 25)

	b = builder(t, nil, b.metrics...)
	b.feed(newBatch(at(0)).total("x", 5))
	requireRow(t, b.feed(newBatch(at(10)).total("x", 25))[0], at(10), 2, 2, 25)

	b = builder(t, nil, b.metrics...)
	b.feed(newBatch(at(0)).delta("x", 5))
	requireRow(t, b.feed(newBatch(at(10)).delta("x", 25))[0], at(10), 2.5, 2.5, 25)

	updown := func(i, v float64) *batch {
		in := newBatch(at(10 * i))
		sum := in.metric("x").SetEmptySum()
		sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		in.number(sum.DataPoints(), v, nil)
		return in
	}
	b = builder(t, nil, b.metrics...)
	b.feed(updown(0, 5))
	requireRow(t, b.feed(updown(1, 25))[0], at(10), 25, 2, 25)
}

// The first delta counts where it says since when.
func TestDeltaWithStart(t *testing.T) {
	b := builder(t, nil, MetricConfig{Name: "m", From: []string{"x"}, Scale: 10})
	in := newBatch(at(4)).delta("x", 8)
	in.last.ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0).SetStartTimestamp(pcommon.NewTimestampFromTime(at(0)))
	requireRow(t, b.feed(in)[0], at(4), 20)
}

func TestResets(t *testing.T) {
	b := builder(t, nil, MetricConfig{Name: "sum", From: []string{"x"}}, MetricConfig{Name: "other", From: []string{"y"}})
	feed := func(i, a, c float64) row {
		return b.feed(newBatch(at(10*i)).total("x", a, "device", "a").total("x", c, "device", "b").gauge("y", 1))[0]
	}
	requireRow(t, feed(0, 100, 1000), at(0), nan, 1)
	requireRow(t, feed(1, 200, 1100), at(10), 20, 1)
	requireRow(t, feed(2, 5, 1200), at(20), nan, 1) // nobody knows how much a has grown
	requireRow(t, feed(3, 105, 1300), at(30), 20, 1)

	in := newBatch(at(40)).total("x", 1e6, "device", "a").total("x", 1400, "device", "b").gauge("y", 1)
	in.last.ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0).SetStartTimestamp(pcommon.NewTimestampFromTime(at(35)))
	requireRow(t, b.feed(in)[0], at(40), nan, 1) // it says that it began anew
}

// Devices that come and go.
func TestSeriesComeAndGo(t *testing.T) {
	b := builder(t, nil, MetricConfig{Name: "m", From: []string{"x"}})
	b.feed(newBatch(at(0)).total("x", 100, "device", "a"))
	requireRow(t, b.feed(newBatch(at(10)).total("x", 200, "device", "a").total("x", 5e9, "device", "b"))[0], at(10), 10)
	requireRow(t, b.feed(newBatch(at(20)).total("x", 300, "device", "a").total("x", 5e9+100, "device", "b"))[0], at(20), 20)
	for i := 3; i < 3+idleRows+1; i++ {
		requireRow(t, b.feed(newBatch(at(10*float64(i))).total("x", float64(i+1)*100, "device", "a"))[0], at(10*float64(i)), 10)
	}
	require.Equal(t, 1, b.series, "b is forgotten")
}

// Points that come faster than rows are averaged, whatever the batches.
func TestFasterThanRows(t *testing.T) {
	metrics := []MetricConfig{{Name: "level", From: []string{"x"}}, {Name: "rate", From: []string{"y"}}}
	one, many := builder(t, nil, metrics...), builder(t, nil, metrics...)
	var got, want []row
	collected := pmetric.NewMetrics()
	for i := range 100 {
		in := newBatch(at(float64(i))).gauge("x", float64(i)).total("y", float64(i*i))
		if i%7 == 6 {
			in.ResourceMetrics().At(0).CopyTo(collected.ResourceMetrics().AppendEmpty())
			got = append(got, many.take(collected, in.at)...)
			collected = pmetric.NewMetrics()
		} else {
			in.ResourceMetrics().At(0).CopyTo(collected.ResourceMetrics().AppendEmpty())
		}
		want = append(want, one.feed(in)...)
	}
	require.Len(t, want, 11)
	for i := 2; i < len(want); i++ {
		require.Equal(t, 10*time.Second, want[i].time.Sub(want[i-1].time))
		last := want[i].time.Sub(epoch).Seconds()
		requireRow(t, want[i], want[i].time, last-4.5, (last*last-(last-10)*(last-10))/10)
	}
	require.InDelta(t, len(want), len(got), 1)
	for i := 2; i < len(got); i++ {
		require.GreaterOrEqual(t, got[i].time.Sub(got[i-1].time), 5*time.Second)
		require.LessOrEqual(t, got[i].time.Sub(got[i-1].time), 15*time.Second)
	}
}

// A scrape comes in several batches, and late by up to nearly half an interval: there is one row for each.
func TestSplitAndLateScrapes(t *testing.T) {
	b := builder(t, nil, MetricConfig{Name: "a", From: []string{"x"}}, MetricConfig{Name: "b", From: []string{"y"}})
	var rows []row
	for i := range 40 {
		when := at(float64(10*i) + float64(i*7%5))
		rows = append(rows, b.feed(newBatch(when).gauge("x", float64(i)))...)
		rows = append(rows, b.feed(newBatch(when.Add(20*time.Millisecond)).gauge("y", -float64(i)))...)
	}
	require.Len(t, rows, 40)
	for i, r := range rows {
		requireRow(t, r, at(float64(10*i)+float64(i*7%5)).Add(20*time.Millisecond), float64(i), -float64(i))
	}
}

// A metric that stays away delays one row, and no more.
func TestMissingMetric(t *testing.T) {
	b := builder(t, nil, MetricConfig{Name: "a", From: []string{"x"}}, MetricConfig{Name: "b", From: []string{"y"}})
	require.Len(t, b.feed(newBatch(at(0)).gauge("x", 1).gauge("y", 1)), 1)
	require.Empty(t, b.feed(newBatch(at(10)).gauge("x", 2)))
	require.Empty(t, b.quiet(at(15), false))
	rows := b.feed(newBatch(at(20)).gauge("x", 3))
	require.Len(t, rows, 2)
	requireRow(t, rows[0], at(10), 2, nan)
	requireRow(t, rows[1], at(20), 3, nan)
	requireRow(t, b.feed(newBatch(at(30)).gauge("x", 4).gauge("y", 4))[0], at(30), 4, 4)
	require.Empty(t, b.feed(newBatch(at(40)).gauge("x", 5)))
	requireRow(t, b.quiet(at(51), false)[0], at(40), 5, nan) // nothing follows
	require.Empty(t, b.feed(newBatch(at(49)).gauge("x", 6).gauge("y", 6))[1:])
	b.feed(newBatch(at(60)).gauge("x", 7))
	requireRow(t, b.quiet(at(60), true)[0], at(60), 7, nan) // the end
}

func TestStreams(t *testing.T) {
	x := MetricConfig{Name: "m", From: []string{"x"}}
	in := func() *batch {
		return newBatch(at(0), "host.name", "a", "pid", "1").gauge("x", 1).resource("pid", "2", "host.name", "a").gauge("x", 2).
			resource("host.name", `"b"`).gauge("x", 3).resource("pid", "4").gauge("x", 4).resource("host.name", "c").gauge("other", 5)
	}
	names := func(rows []row) map[string]float64 {
		out := map[string]float64{}
		for _, r := range rows {
			out[r.stream.name] = r.values[0]
		}
		return out
	}
	b := builder(t, nil, x)
	require.Equal(t, map[string]float64{`{host.name="a",pid="1"}`: 1, `{host.name="a",pid="2"}`: 2, `{host.name="\"b\""}`: 3, `{pid="4"}`: 4}, names(b.feed(in())))

	b = builder(t, func(c *Config) { c.ResourceAttributes = []string{"host.name"} }, x)
	require.Equal(t, map[string]float64{`{host.name="a"}`: 3, `{host.name="\"b\""}`: 3}, names(b.feed(in())))
	require.Equal(t, losses{lostIdentity: 1}, b.lost)

	b = builder(t, func(c *Config) { c.MaxStreams = 2 }, x)
	require.Len(t, b.feed(in()), 2)
	require.Equal(t, losses{lostStream: 2}, b.lost)
	require.Len(t, b.gone(time.Minute, at(60)), 2)
	b.forget(b.gone(time.Minute, at(60))[0])
	require.Equal(t, 1, b.series)
	require.Len(t, b.streams, 1)
}

// What cannot be used is counted, and hurts nothing.
func TestGarbage(t *testing.T) {
	b := builder(t, nil, MetricConfig{Name: "m", From: []string{"x"}})
	in := newBatch(at(0)).gauge("x", 1, "a", "1").gauge("x", nan, "a", "2").gauge("x", math.Inf(1), "a", "3")
	in.metric("x").SetEmptyHistogram().DataPoints().AppendEmpty()
	in.metric("x").SetEmptySummary()
	in.metric("x")
	in.metric("x").SetEmptyGauge().DataPoints().AppendEmpty() // without value and time
	in.gauge("x", 2, "a", "4").gauge("x", 3, "a", "5")
	metrics := in.last.ScopeMetrics().At(0).Metrics()
	metrics.At(metrics.Len() - 1).Gauge().DataPoints().At(0).SetTimestamp(pcommon.NewTimestampFromTime(at(3601)))
	metrics.At(metrics.Len() - 2).Gauge().DataPoints().At(0).SetTimestamp(0)
	stale := in.gauge("x", 4, "a", "6").metric("x").SetEmptyGauge().DataPoints().AppendEmpty()
	stale.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
	requireRow(t, b.feed(in)[0], at(0), 5)
	require.Equal(t, losses{lostValue: 3, lostType: 3, lostTime: 2}, b.lost)

	requireRow(t, b.feed(newBatch(at(10)).gauge("x", 1).gauge("x", 5))[0], at(10), 1) // twice at the same time
	require.Equal(t, uint64(1), b.lost[lostLate])
	require.Empty(t, b.feed(newBatch(at(0)).gauge("x", 1, "new", "yes"))) // late
	require.Equal(t, uint64(2), b.lost[lostLate])
	require.Empty(t, b.take(pmetric.NewMetrics(), at(10)))
}

// A clock that is set back stops a stream for some intervals only.
func TestClockSetBack(t *testing.T) {
	b := builder(t, nil, MetricConfig{Name: "m", From: []string{"x"}})
	b.feed(newBatch(at(100_000)).gauge("x", 1))
	var rows []row
	for i := range 15 {
		rows = append(rows, b.feed(newBatch(at(10*float64(i))).gauge("x", float64(i)))...)
	}
	require.Len(t, rows, 15-lateRows-1)
	requireRow(t, rows[0], at(10*(lateRows+1)), lateRows+1)

	for i := range 100 { // late ones between others change nothing
		require.Len(t, b.feed(newBatch(at(150+10*float64(i))).gauge("x", 1)), 1)
		require.Empty(t, b.feed(newBatch(at(float64(i))).gauge("x", 1)))
	}
}

// A batch that holds minutes of old points, from a sender's queue, and then newer ones is no clock
// that was set back.
func TestOldPointsBeforeNewOnes(t *testing.T) {
	b := builder(t, nil, MetricConfig{Name: "m", From: []string{"x"}})
	b.feed(newBatch(at(1000)).gauge("x", 1))
	in := newBatch(at(0))
	for i := range 30 {
		in.at = at(10 * float64(i))
		in.gauge("x", 7)
	}
	in.at = at(1010)
	rows := b.feed(in.gauge("x", 2))
	require.Len(t, rows, 1)
	requireRow(t, rows[0], at(1010), 2)
	require.Equal(t, losses{lostLate: 30}, b.lost)
}

// A row that waits for a metric takes a point of it that is older than the others.
func TestRowTakesOlderPoint(t *testing.T) {
	b := builder(t, nil, MetricConfig{Name: "a", From: []string{"x"}}, MetricConfig{Name: "b", From: []string{"y"}})
	requireRow(t, b.feed(newBatch(at(0)).gauge("x", 1).gauge("y", 1))[0], at(0), 1, 1)
	require.Empty(t, b.feed(newBatch(at(50)).gauge("x", 2))) // after a gap
	rows := b.feed(newBatch(at(45)).gauge("y", 3))
	require.Len(t, rows, 1)
	requireRow(t, rows[0], at(50), 2, 3)
}

// Memory is bounded, whatever comes.
func TestFloodOfSeries(t *testing.T) {
	b := builder(t, nil, MetricConfig{Name: "m", From: []string{"x"}, Aggregation: "mean"})
	in := newBatch(at(0))
	points := in.metric("x").SetEmptyGauge().DataPoints()
	for i := range maxStreamSeries + 500 {
		in.number(points, 1, []string{"id", fmt.Sprint(i)})
	}
	requireRow(t, b.feed(in)[0], at(0), 1)
	require.Equal(t, maxStreamSeries, b.series)
	require.Equal(t, uint64(500), b.lost[lostSeries])

	long := newBatch(at(0), "name", string(make([]byte, maxName))).gauge("x", 1)
	require.Empty(t, b.feed(long))
	require.Equal(t, uint64(1), b.lost[lostIdentity])
}
