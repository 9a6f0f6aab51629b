package watch

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// FuzzOTLP feeds whatever protobuf holds, twice, between two ordinary scrapes. Rows must have the
// right width and finite or missing values, those of a batch must rise in time, and the bounds
// must hold.
func FuzzOTLP(f *testing.F) {
	marshal := func(m pmetric.Metrics) []byte {
		data, err := new(pmetric.ProtoMarshaler).MarshalMetrics(m)
		require.NoError(f, err)
		return data
	}
	in := newBatch(at(3), "host.name", "a").gauge("system.memory.utilization", .5, "state", "used").total("system.cpu.time", 5, "state", "idle").
		delta("system.network.io", 5, "direction", "receive").gauge("system.disk.io_time", nan)
	f.Add(marshal(in.Metrics))
	in.metric("system.disk.io_time").SetEmptyExponentialHistogram().DataPoints().AppendEmpty()
	in.metric("system.disk.io_time").SetEmptySummary().DataPoints().AppendEmpty()
	f.Add(marshal(in.resource("host.name", "b", "pid", "1").total("system.cpu.time", math.MaxFloat64).total("system.cpu.time", -math.MaxFloat64).Metrics))
	f.Fuzz(func(t *testing.T, data []byte) {
		md, err := new(pmetric.ProtoUnmarshaler).UnmarshalMetrics(data)
		if err != nil {
			return
		}
		for _, identify := range [][]string{nil, {"host.name"}} {
			c := Default()
			c.Interval, c.ResourceAttributes, c.MaxStreams = time.Second, identify, 3
			b := newRowBuilder(c)
			scrape := func(i float64) pmetric.Metrics {
				return newBatch(at(i), "host.name", "a").gauge("system.memory.utilization", .5, "state", "used").total("system.cpu.time", i, "state", "idle").Metrics
			}
			for i, m := range []pmetric.Metrics{scrape(0), md, md, scrape(1), scrape(2)} {
				check(t, b, b.take(m, at(float64(i))))
			}
			check(t, b, b.quiet(at(10), true))
		}
	})
}

func check(t *testing.T, b *rowBuilder, rows []row) {
	last := map[string]time.Time{}
	for _, r := range rows {
		require.Len(t, r.values, len(b.metrics))
		for _, v := range r.values {
			require.False(t, math.IsInf(v, 0))
		}
		require.True(t, r.time.After(last[r.stream.name]))
		last[r.stream.name] = r.time
	}
	require.LessOrEqual(t, len(b.streams), b.maxStreams)
	series := 0
	for _, st := range b.streams {
		for i, all := range st.sources {
			require.Len(t, st.index[i], len(all))
			series += len(all)
		}
	}
	require.Equal(t, series, b.series)
}

// FuzzRows feeds scrapes that four bytes each describe: which number, of what, when, and with
// which batch.
func FuzzRows(f *testing.F) {
	f.Add([]byte("\x00\x00\x01\x05\x01\x10\x02\x07\x02\x20\x81\x08\x03\x30\x03\x80"))
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := Default()
		c.Interval, c.MaxStreams = 10*time.Second, 3
		b := newRowBuilder(c)
		names := []string{"system.memory.utilization", "system.cpu.utilization", "system.cpu.time", "system.disk.io_time", "system.network.io"}
		values := []float64{0, 1, -1, .5, 1e-300, math.MaxFloat64, -math.MaxFloat64, 1 << 32, nan, math.Inf(1)}
		clock := 0.
		in := newBatch(at(0))
		for ; len(data) >= 4; data = data[4:] {
			which, what, when, how := data[0], data[1], data[2], data[3]
			clock += float64(int8(when)) / 4
			in.at = at(math.Max(clock, 0))
			in.resource("host.name", string('a'+rune(how%5)))
			name, v := names[int(which)%len(names)], values[int(what)%len(values)]
			attributes := []string{"state", []string{"used", "idle", "user"}[how/5%3], "direction", "receive", "device", []string{"sda", "eth0", "lo"}[how/15%3]}
			switch which / 16 % 4 {
			case 0:
				in.gauge(name, v, attributes...)
			case 1:
				in.delta(name, v, attributes...)
			default:
				in.total(name, v, attributes...)
			}
			if which >= 128 {
				check(t, b, b.take(in.Metrics, at(2000)))
				in = newBatch(in.at)
			}
		}
		check(t, b, b.take(in.Metrics, at(2000)))
		check(t, b, b.quiet(at(1e6), true))
	})
}
