package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	httpconfig "github.com/prometheus/common/config"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
)

const (
	requestTimeout = 10 * time.Second
	shortestRetry  = time.Second
	resolvedStays  = 15 * time.Minute // an alert that is over is told for so long
	lifetimes      = 4                // of an alert that nobody tells any more, in resend intervals
)

// alert is one of Alertmanager's API v2.
type alert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
}

// alertmanager tells Alertmanagers which alarms are open, again and again as they expect it, and
// which are over. It needs no memory of its own: what it cannot tell now it tells later, after
// a restart too, and an alert that nobody tells any more ends by itself. Alertmanager knows an
// alert by its labels, which an alarm keeps while it is open.
type alertmanager struct {
	urls     []string
	labels   map[string]string
	resend   time.Duration
	by       []string
	client   *http.Client
	exporter *exporter
	changed  chan struct{}

	told map[string]alert // what is or was firing, by stream
}

func newAlertmanager(c *config, e *exporter) (*alertmanager, error) {
	client, err := httpconfig.NewClientFromConfig(c.Alertmanager.HTTP, "alertmanager")
	if err != nil {
		return nil, fmt.Errorf("alertmanager: http: %w", err)
	}
	client.Timeout = requestTimeout
	return &alertmanager{urls: c.Alertmanager.URLs, labels: c.Alertmanager.Labels, resend: time.Duration(c.Alertmanager.Resend), by: c.By,
		client: client, exporter: e, changed: make(chan struct{}, 1), told: map[string]alert{}}, nil
}

// kick lets it look at once at what has changed.
func (a *alertmanager) kick() {
	select {
	case a.changed <- struct{}{}:
	default:
	}
}

// run tells of alarms until ctx ends.
func (a *alertmanager) run(ctx context.Context, m *monitor.Monitor) {
	retry := time.Duration(0)
	for ctx.Err() == nil {
		wait := a.resend
		if a.tell(ctx, a.alerts(m.OpenAlarms(), time.Now())) {
			retry = 0
		} else {
			retry = min(max(2*retry, shortestRetry), a.resend)
			wait = retry
		}
		select {
		case <-ctx.Done():
		case <-a.changed:
		case <-time.After(wait):
		}
	}
}

// alerts returns what there is to tell at a time: the alarms that are open, and those that
// have been until lately.
func (a *alertmanager) alerts(open []alarm.Event, now time.Time) (out []alert) {
	firing := map[string]bool{}
	for _, e := range open {
		firing[e.Stream] = true
		one := a.alert(e)
		one.EndsAt = now.Add(lifetimes * a.resend)
		a.told[e.Stream] = one
	}
	for stream, one := range a.told {
		if !firing[stream] && one.EndsAt.After(now) {
			one.EndsAt = now
			a.told[stream] = one
		}
		if now.Sub(one.EndsAt) > resolvedStays {
			delete(a.told, stream)
			continue
		}
		out = append(out, one)
	}
	return out
}

func (a *alertmanager) alert(e alarm.Event) alert {
	labels := maps.Clone(a.labels)
	if labels == nil {
		labels = map[string]string{}
	}
	if labels["alertname"] == "" {
		labels["alertname"] = "Anomaly"
	}
	for i, v := range a.exporter.labels(e.Stream) {
		labels[a.by[i]] = v
	}
	return alert{Labels: labels, StartsAt: e.Start, Annotations: map[string]string{
		"summary":  summary(e),
		"metric":   cause(e),
		"severity": e.Severity.String(),
		"p_value":  strconv.FormatFloat(e.Peak.PValue, 'g', 2, 64),
		"stream":   e.Stream,
		"seq":      strconv.FormatUint(e.Seq, 10),
	}}
}

// summary says in a sentence what is unusual.
func summary(e alarm.Event) string {
	if e.Explanation == nil {
		return e.String()
	}
	return e.Explanation.String()
}

// tell sends alerts to every Alertmanager and reports whether all have them.
func (a *alertmanager) tell(ctx context.Context, alerts []alert) bool {
	if len(alerts) == 0 {
		return true
	}
	text, err := json.Marshal(alerts)
	if err != nil {
		slog.Error("alerts cannot be written", "err", err)
		return true
	}
	all := true
	for _, url := range a.urls {
		if err := post(ctx, a.client, strings.TrimSuffix(url, "/")+"/api/v2/alerts", text, nil); err != nil {
			all = false
			a.exporter.notified.WithLabelValues("alertmanager", "error").Inc()
			slog.Warn("Alertmanager does not take alerts; they are sent again", "err", err)
			continue
		}
		a.exporter.notified.WithLabelValues("alertmanager", "ok").Inc()
	}
	return all
}

// post sends JSON.
func post(ctx context.Context, client *http.Client, url string, body []byte, header http.Header) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	maps.Copy(r.Header, header)
	r.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, 512)) // the rest is of no use
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s: %s: %s", url, resp.Status, bytes.TrimSpace(answer))
	}
	return nil
}
