package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	httpconfig "github.com/prometheus/common/config"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

const longestRetry = time.Minute

// message is what a webhook gets: an event, with the labels of its stream.
type message struct {
	Labels map[string]string `json:"labels"`
	Event  alarm.Event       `json:"event"`
}

// webhook sends events in their order, each until it has been taken. The header Idempotency-Key
// is the same where one comes again, because the process died before it knew that it had been
// taken.
type webhook struct {
	url      string
	by       []string
	client   *http.Client
	outbox   *outbox
	exporter *exporter
	some     chan struct{}
}

func newWebhook(c *config, e *exporter) (*webhook, error) {
	client, err := httpconfig.NewClientFromConfig(c.Webhook.HTTP, "webhook")
	if err != nil {
		return nil, fmt.Errorf("webhook: http: %w", err)
	}
	client.Timeout = requestTimeout
	box, err := openOutbox(filepath.Join(c.Dir, "outbox"))
	if err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	return &webhook{c.Webhook.URL, c.By, client, box, e, make(chan struct{}, 1)}, nil
}

// take keeps an event to be sent.
func (w *webhook) take(e alarm.Event) {
	labels := map[string]string{}
	for i, v := range w.exporter.labels(e.Stream) {
		labels[w.by[i]] = v
	}
	if err := w.outbox.add(message{labels, e}); err != nil {
		w.exporter.notified.WithLabelValues("webhook", "lost").Inc()
		slog.Error("an event is lost", "event", e.String(), "err", err)
		return
	}
	select {
	case w.some <- struct{}{}:
	default:
	}
}

// run sends until ctx ends.
func (w *webhook) run(ctx context.Context) {
	for ctx.Err() == nil {
		m, n, err := w.outbox.next()
		switch {
		case err != nil:
			slog.Error("an event cannot be read and is left out", "err", err)
			w.pause(ctx, shortestRetry)
		case n == 0:
			w.pause(ctx, longestRetry)
			continue
		case !w.send(ctx, m):
			return
		}
		if err := w.outbox.done(n); err != nil {
			slog.Error("the outbox does not know that an event was sent", "err", err)
		}
	}
}

// send sends a message until it is taken; false where ctx ends before.
func (w *webhook) send(ctx context.Context, m message) bool {
	body, err := json.Marshal(m)
	if err != nil {
		slog.Error("an event cannot be written and is left out", "err", err)
		return true
	}
	key := http.Header{"Idempotency-Key": {fmt.Sprintf("%s/%d", m.Event.Stream, m.Event.Seq)}}
	for retry := shortestRetry; ; retry = min(2*retry, longestRetry) {
		err := post(ctx, w.client, w.url, body, key)
		if err == nil {
			w.exporter.notified.WithLabelValues("webhook", "ok").Inc()
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		w.exporter.notified.WithLabelValues("webhook", "error").Inc()
		slog.Warn("the webhook does not take an event; it is sent again", "after", retry.String(), "err", err)
		select {
		case <-ctx.Done():
		case <-time.After(retry):
		}
	}
}

// pause waits for an event.
func (w *webhook) pause(ctx context.Context, most time.Duration) {
	select {
	case <-ctx.Done():
	case <-w.some:
	case <-time.After(most):
	}
}
