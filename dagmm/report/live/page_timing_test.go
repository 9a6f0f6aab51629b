package live

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// BenchmarkMemory says what a host of four metrics takes that has had as many samples as are
// kept, and five alarms.
func BenchmarkMemory(b *testing.B) {
	const hosts = 100
	columns := []string{"cpu", "mem", "disk", "net_in"}
	why := &dagmm.Explanation{Verdict: dagmm.Verdict{Anomalous: true}}
	for _, metric := range columns {
		why.Contributions = append(why.Contributions, dagmm.Contribution{Metric: metric, Value: 9, Low: 1, High: 2, Conditional: true})
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for range b.N {
		before := heap()
		p := New(Config{})
		for k := range hosts {
			name := fmt.Sprintf("host-%d", k)
			for i := range 1000 {
				at := dagmmtest.Minute(i)
				p.Scored(name, at, alarm.Result{Energy: 1, Threshold: 2, Score: .5})
				p.hosts[name].bound(at.UnixNano(), columns, why, p.stride())
				if i%200 == 0 {
					e := alarm.Event{Kind: alarm.Opened, Stream: name, Seq: uint64(i), Alarm: uint64(1 + i/200), Start: at, End: at, Time: at, Explanation: why}
					p.Handle(e)
					e.Kind = alarm.Closed
					p.Handle(e)
				}
			}
		}
		b.ReportMetric(float64(heap()-before)/hosts/1024, "KiB/host")
		p.Close()
	}
}

// BenchmarkHostPage draws a host's page: what a browser that looks at it asks for at most once a
// second.
func BenchmarkHostPage(b *testing.B) {
	p := New(Config{})
	m, err := monitor.Open(monitor.Config{Columns: dagmmtest.Columns, Train: quickTrain, WarmUp: warmUp, Synchronous: true, Scored: p.Scored, Handle: p.Handle})
	require.NoError(b, err)
	p.Watch(m)
	for i, x := range dagmmtest.Ordinary(600, 3) {
		require.NoError(b, m.Push("a", dagmmtest.Minute(i), x))
	}
	r := httptest.NewRequest(http.MethodGet, "/host?name=a", nil)
	r.RemoteAddr, r.Host = "127.0.0.1:1", "localhost"
	for b.Loop() {
		answer := httptest.NewRecorder()
		p.ServeHTTP(answer, r)
		require.Equal(b, http.StatusOK, answer.Code)
	}
	p.Close()
	require.NoError(b, m.Close())
}
