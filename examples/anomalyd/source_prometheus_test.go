package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/monitor"
)

// promise is a Prometheus whose every series has a value at every step. fail says which of its
// answers, counted from 1, are errors.
type promise struct {
	*httptest.Server
	instances []string
	asked     atomic.Int64
	fail      func(n int64) bool
}

func newPromise(t *testing.T, instances ...string) *promise {
	p := &promise{instances: instances, fail: func(int64) bool { return false }}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.fail(p.asked.Add(1)) {
			http.Error(w, "no", http.StatusInternalServerError)
			return
		}
		number := func(key string) float64 {
			v, err := strconv.ParseFloat(r.FormValue(key), 64)
			require.NoError(t, err)
			return v
		}
		type series struct {
			Metric map[string]string `json:"metric"`
			Values [][2]any          `json:"values"`
		}
		matrix := []series{}
		for _, name := range p.instances {
			s := series{Metric: map[string]string{"instance": name}}
			for at := number("start"); at <= number("end"); at += number("step") {
				s.Values = append(s.Values, [2]any{at, fmt.Sprint(int(at) % 1000)})
			}
			matrix = append(matrix, s)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"resultType": "matrix", "result": matrix}})
	}))
	t.Cleanup(p.Close)
	return p
}

// opened is an intake of a configuration, with a Monitor.
func opened(t testing.TB, c *config, dir string) *intake {
	t.Helper()
	c.setDirectory(dir)
	known, err := openStreams(filepath.Join(c.Dir, "position.json"), c.By)
	require.NoError(t, err)
	e := newExporter(c.By, time.Hour)
	for name, labels := range known.all() {
		e.know(name, labels)
	}
	mc, err := c.monitor()
	require.NoError(t, err)
	mc.Handle, mc.Scored = e.happened, e.scored
	page := newPage(c, &mc, e)
	m, err := monitor.Open(mc)
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.Close() })
	page.Watch(m)
	t.Cleanup(page.Close)
	in := newIntake(c, m, e, page, known)
	require.NoError(t, in.open())
	t.Cleanup(func() { _ = in.close() })
	return in
}

// followed is a follower of a promise, with a Monitor that never trains.
func followed(t *testing.T, p *promise, dir, text string) *follower {
	c, err := parseConfig([]byte("metrics: [{name: a, query: a}, {name: b, query: b}]\nsource: {url: '" + p.URL + "', interval: 1s, delay: 0s, lookback: 10m}\ntraining: {warm_up: 7000}\n" + text))
	require.NoError(t, err)
	return opened(t, c, dir).sources[0].(*follower)
}

// Every step is read once, in pieces, whatever fails in between, and also by the next process.
func TestFollow(t *testing.T) {
	p := newPromise(t, "x", "y")
	p.fail = func(n int64) bool { return n%4 == 0 }
	dir := t.TempDir()
	f := followed(t, p, dir, "")
	now := time.Unix(1_800_000_000, 0)
	failures := 0
	for range 20 {
		if f.poll(t.Context(), now) != nil {
			failures++
		}
	}
	require.Positive(t, failures)
	require.Equal(t, now.UTC(), f.intake.streams.until().UTC())
	stats := f.intake.monitor.Stats()
	require.Equal(t, uint64(2*601), stats.Samples)
	require.Zero(t, stats.Dropped)

	require.NoError(t, f.intake.streams.save())
	require.NoError(t, f.intake.monitor.Close())
	asked := p.asked.Load()
	f = followed(t, p, dir, "")
	before := f.intake.monitor.Stats().WindowRows
	require.Equal(t, 2*601, before)
	for f.poll(t.Context(), now.Add(5*time.Second)) != nil {
	}
	require.LessOrEqual(t, p.asked.Load(), asked+4)
	require.Equal(t, before+2*5, f.intake.monitor.Stats().WindowRows)
	require.NoError(t, f.poll(t.Context(), now), "a clock that goes back finds nothing new")

	for f.poll(t.Context(), now.Add(time.Hour)) != nil { // longer than the lookback
	}
	require.Equal(t, before+2*5+2*601, f.intake.monitor.Stats().WindowRows)
}

// Without its position it reads the lookback again, and no sample counts twice.
func TestLostPosition(t *testing.T) {
	p := newPromise(t, "x")
	dir := t.TempDir()
	f := followed(t, p, dir, "")
	now := time.Unix(1_800_000_000, 0)
	require.NoError(t, f.poll(t.Context(), now))
	require.NoError(t, f.intake.monitor.Close())
	require.NoError(t, replaceFile(f.intake.streams.path, []byte("{")))
	f = followed(t, p, dir, "")
	require.NoError(t, f.poll(t.Context(), now.Add(time.Second)))
	require.Equal(t, 602, f.intake.monitor.Stats().WindowRows)
}

// Streams beyond max_streams are left out and counted, until others have been gone for long.
func TestStreamsAreBounded(t *testing.T) {
	p := newPromise(t, "x", "y", "z")
	f := followed(t, p, t.TempDir(), "max_streams: 2\nforget: 1h\n")
	now := time.Unix(1_800_000_000, 0)
	require.NoError(t, f.poll(t.Context(), now))
	require.Len(t, f.intake.streams.all(), 2)
	require.Equal(t, 2, f.intake.monitor.Stats().Streams)
	require.Equal(t, 601., testutil.ToFloat64(f.intake.exporter.refused))

	p.instances = []string{"z"}
	require.NoError(t, f.poll(t.Context(), now.Add(2*time.Hour)))
	f.intake.upkeep(time.Now())
	require.Empty(t, f.intake.streams.all())
	require.Zero(t, f.intake.monitor.Stats().Streams)
	require.NoError(t, f.poll(t.Context(), now.Add(2*time.Hour+time.Second)))
	require.Len(t, f.intake.streams.all(), 1)
}

// A source that stays away is told once, and that it is back.
func TestReport(t *testing.T) {
	f := followed(t, newPromise(t), t.TempDir(), "")
	now := time.Now()
	f.report(nil, now)
	require.True(t, f.watch.since.IsZero())
	f.report(http.ErrServerClosed, now)
	f.report(http.ErrServerClosed, now.Add(time.Minute))
	require.Equal(t, now, f.watch.since)
	require.Equal(t, now, f.watch.reminded)
	f.report(http.ErrServerClosed, now.Add(remindEvery))
	require.Equal(t, now.Add(remindEvery), f.watch.reminded)
	f.report(nil, now.Add(time.Hour))
	require.True(t, f.watch.since.IsZero())
	require.Equal(t, 5., testutil.ToFloat64(f.intake.exporter.polls))
	require.Equal(t, 3., testutil.ToFloat64(f.intake.exporter.failures))
}
