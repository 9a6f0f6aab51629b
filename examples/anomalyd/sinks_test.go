package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
)

// moody is a receiver that refuses requests now and then.
type moody struct {
	*httptest.Server
	mu     sync.Mutex
	refuse int
	bodies []string
	keys   []string
}

func newMoody(t *testing.T, refuse int) *moody {
	m := &moody{refuse: refuse}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.refuse > 0 {
			m.refuse--
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		var body json.RawMessage
		if json.NewDecoder(r.Body).Decode(&body) == nil {
			m.bodies, m.keys = append(m.bodies, string(body)), append(m.keys, r.Header.Get("Idempotency-Key"))
		}
	}))
	t.Cleanup(m.Close)
	return m
}

func (m *moody) got() (bodies, keys []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bodies, m.keys
}

func sinkConfig(t *testing.T, text string) (*config, *exporter) {
	c, err := parseConfig([]byte(smallest + text))
	require.NoError(t, err)
	c.setDirectory(t.TempDir())
	e := newExporter(c.By, time.Hour)
	e.know("a", []string{"web-1"})
	return c, e
}

func openedEvent(start time.Time) alarm.Event {
	return alarm.Event{Kind: alarm.Continued, Stream: "a", Seq: 7, Alarm: 1, Start: start, Severity: alarm.Major,
		Explanation: &dagmm.Explanation{Contributions: []dagmm.Contribution{{Metric: "cpu"}}}}
}

// An alert keeps its labels while it fires, ends when the alarm is over, and is then told for
// a while.
func TestAlerts(t *testing.T) {
	c, e := sinkConfig(t, "alertmanager: {urls: ['http://127.0.0.1:1'], labels: {severity: page}}\n")
	a, err := newAlertmanager(c, e)
	require.NoError(t, err)
	now := time.Now()
	require.Empty(t, a.alerts(nil, now))
	first := a.alerts([]alarm.Event{openedEvent(now)}, now)
	require.Len(t, first, 1)
	require.Equal(t, map[string]string{"alertname": "Anomaly", "instance": "web-1", "severity": "page"}, first[0].Labels)
	require.Equal(t, "cpu", first[0].Annotations["metric"])
	require.Equal(t, "major", first[0].Annotations["severity"])
	require.Equal(t, now.Add(4*time.Minute), first[0].EndsAt)
	graver := openedEvent(now)
	graver.Severity = alarm.Critical
	second := a.alerts([]alarm.Event{graver}, now.Add(time.Minute))
	require.Equal(t, first[0].Labels, second[0].Labels, "other labels are another alert")
	require.Equal(t, first[0].StartsAt, second[0].StartsAt)
	over := a.alerts(nil, now.Add(2*time.Minute))
	require.Len(t, over, 1)
	require.Equal(t, now.Add(2*time.Minute), over[0].EndsAt)
	require.Equal(t, over, a.alerts(nil, now.Add(10*time.Minute)), "it ended when it did")
	require.Empty(t, a.alerts(nil, now.Add(20*time.Minute)))
	require.Empty(t, a.told)
}

func TestAlertmanagerIsAskedAgain(t *testing.T) {
	m := newMoody(t, 1)
	c, e := sinkConfig(t, "alertmanager: {urls: ['"+m.URL+"/']}\n")
	a, err := newAlertmanager(c, e)
	require.NoError(t, err)
	alerts := a.alerts([]alarm.Event{openedEvent(time.Now())}, time.Now())
	require.False(t, a.tell(t.Context(), alerts))
	require.True(t, a.tell(t.Context(), alerts))
	bodies, _ := m.got()
	require.Len(t, bodies, 1)
}

// Events are sent in their order, each until it is taken, and those that were not sent when the
// process ended are sent by the next.
func TestWebhook(t *testing.T) {
	m := newMoody(t, 1)
	c, e := sinkConfig(t, "webhook: {url: '"+m.URL+"'}\n")
	w, err := newWebhook(c, e)
	require.NoError(t, err)
	for seq := range uint64(3) {
		one := openedEvent(time.Now())
		one.Seq = seq + 1
		w.take(one)
	}
	require.NoError(t, w.outbox.close())
	w, err = newWebhook(c, e)
	require.NoError(t, err)
	require.Equal(t, uint64(3), w.outbox.last("a"))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.run(ctx)
	}()
	eventually(t, 10*time.Second, "all are there", func() bool {
		_, keys := m.got()
		return len(keys) == 3
	})
	late := openedEvent(time.Now())
	late.Seq = 4
	w.take(late)
	eventually(t, 10*time.Second, "one more is there", func() bool {
		_, keys := m.got()
		return len(keys) == 4
	})
	cancel()
	<-done
	bodies, keys := m.got()
	require.Equal(t, []string{"a/1", "a/2", "a/3", "a/4"}, keys)
	var got message
	require.NoError(t, json.Unmarshal([]byte(bodies[0]), &got))
	require.Equal(t, map[string]string{"instance": "web-1"}, got.Labels)
	require.Equal(t, uint64(1), got.Event.Seq)
	require.NoError(t, w.outbox.close())
}

// Nobody is told of what is long past, nor of trainings.
func TestWhatIsTold(t *testing.T) {
	c, e := sinkConfig(t, "webhook: {url: 'http://127.0.0.1:1'}\n")
	w, err := newWebhook(c, e)
	require.NoError(t, err)
	defer w.outbox.close()
	r := &receivers{exporter: e, couriers: []*courier{w}, maxAge: time.Hour}
	for seq, one := range []alarm.Event{{Kind: alarm.Opened, Time: time.Now().Add(-2 * time.Hour)}, {Kind: alarm.Retrained, Time: time.Now()}, {Kind: alarm.Closed, Time: time.Now()}} {
		one.Stream, one.Seq = "a", uint64(seq+1)
		r.handle(one)
	}
	m, n, err := w.outbox.next()
	require.NoError(t, err)
	require.Equal(t, alarm.Closed, m.Event.Kind)
	require.NoError(t, w.outbox.done(n))
	_, n, err = w.outbox.next()
	require.NoError(t, err)
	require.Zero(t, n)
}

// Of two couriers each gets what it has not had, and the Monitor is asked for what either lacks.
func TestCouriers(t *testing.T) {
	c, e := sinkConfig(t, "webhook: {url: 'http://127.0.0.1:1'}\nstdout: true\n")
	var out bytes.Buffer
	r, err := newReceivers(c, e, &out)
	require.NoError(t, err)
	require.Len(t, r.couriers, 2)
	webhook, stdout := r.couriers[0], r.couriers[1]
	now := time.Now() // of all events: a time may end in zeros, which are not written
	event := func(seq uint64) alarm.Event {
		return alarm.Event{Kind: alarm.Opened, Stream: "a", Seq: seq, Time: now}
	}
	stdout.take(event(1)) // the process died before the webhook had it
	require.Zero(t, r.delivered("a"))
	r.handle(event(1))
	r.handle(event(2))
	require.Equal(t, uint64(2), r.delivered("a"))
	require.Equal(t, webhook.outbox.size, stdout.outbox.size)

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		stdout.run(ctx)
	}()
	eventually(t, 10*time.Second, "all is written", func() bool { return testutil.ToFloat64(e.notified.WithLabelValues("stdout", "ok")) == 2 })
	cancel()
	<-done
	require.NoError(t, r.close())
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 2)
	require.Contains(t, lines[0], `{"labels":{"instance":"web-1"},"event":{"kind":"opened","stream":"a","seq":1,`)
}
