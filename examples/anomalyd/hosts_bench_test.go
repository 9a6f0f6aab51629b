package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/monitor"
)

// crowd is a Prometheus with many hosts. An answer is made once, for as many steps as are asked.
func crowd(b *testing.B, hosts int) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, _ := strconv.ParseFloat(r.FormValue("start"), 64)
		end, _ := strconv.ParseFloat(r.FormValue("end"), 64)
		step, _ := strconv.ParseFloat(r.FormValue("step"), 64)
		rng := rand.New(rand.NewPCG(uint64(start), uint64(len(r.FormValue("query")))))
		type series struct {
			Metric map[string]string `json:"metric"`
			Values [][2]any          `json:"values"`
		}
		matrix := make([]series, hosts)
		for i := range matrix {
			matrix[i].Metric = map[string]string{"instance": fmt.Sprint("host-", i)}
			for at := start; at <= end; at += step {
				matrix[i].Values = append(matrix[i].Values, [2]any{at, strconv.FormatFloat(50+rng.NormFloat64(), 'g', 6, 64)})
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"resultType": "matrix", "result": matrix}})
	}))
	b.Cleanup(server.Close)
	return server
}

// BenchmarkHosts tells what a poll of a hundred hosts with four metrics costs once all have
// models, the making of the answers included, and what a host takes of memory.
func BenchmarkHosts(b *testing.B) {
	const hosts, history = 100, 300
	c, err := parseConfig(fmt.Appendf(nil, `
metrics: [{name: a, query: a}, {name: b, query: bb}, {name: c, query: ccc}, {name: d, query: dddd}]
source: {url: %q, interval: 15s, delay: 0s, lookback: %ds}
training: {preset: pca, warm_up: %d, workers: 2}
`, crowd(b, hosts).URL, 15*(history-1), history))
	require.NoError(b, err)
	c.setDirectory(b.TempDir())
	src, err := newSource(c)
	require.NoError(b, err)
	at, err := openPosition(filepath.Join(c.Dir, "position.json"))
	require.NoError(b, err)
	e := newExporter(c.By, time.Hour)
	mc, err := c.monitor()
	require.NoError(b, err)
	mc.Scored, mc.Handle = e.scored, e.happened
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	m, err := monitor.Open(mc)
	require.NoError(b, err)
	defer m.Close()
	f := newFollower(c, src, m, e, at)
	now := time.Unix(1_800_000_000, 0)
	require.NoError(b, f.poll(b.Context(), now))
	for m.Stats().WarmingUp > 0 { // what is trained takes over with the next sample
		now = now.Add(15 * time.Second)
		require.NoError(b, f.poll(b.Context(), now))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	for b.Loop() {
		now = now.Add(15 * time.Second)
		require.NoError(b, f.poll(b.Context(), now))
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/hosts/1000, "kB/host")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/hosts, "µs/host/poll")
}
