package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

const longestRetry = time.Minute

// message is what a courier delivers: an event, with the labels of its stream.
type message struct {
	Labels map[string]string `json:"labels"`
	Event  alarm.Event       `json:"event"`
}

// key is the same where a message comes again, because the process died before it knew that it
// had been taken.
func (m message) key() string { return fmt.Sprintf("%s/%d", m.Event.Stream, m.Event.Seq) }

// courier delivers events in their order, each until it has been taken.
type courier struct {
	name     string
	by       []string
	deliver  func(ctx context.Context, m message, body []byte) error
	outbox   *outbox
	exporter *exporter
	some     chan struct{}
}

// newCourier makes a courier whose outbox is a folder of the program's.
func newCourier(c *config, e *exporter, name, folder string, deliver func(ctx context.Context, m message, body []byte) error) (*courier, error) {
	box, err := openOutbox(filepath.Join(c.Dir, folder))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &courier{name, c.By, deliver, box, e, make(chan struct{}, 1)}, nil
}

// take keeps an event to be delivered. One that it has had is another courier's.
func (w *courier) take(e alarm.Event) {
	if e.Seq <= w.outbox.last(e.Stream) {
		return
	}
	labels := map[string]string{}
	for i, v := range w.exporter.labels(e.Stream) {
		labels[w.by[i]] = v
	}
	if err := w.outbox.add(message{labels, e}); err != nil {
		w.exporter.notified.WithLabelValues(w.name, "lost").Inc()
		slog.Error("an event is lost", "to", w.name, "event", e.String(), "err", err)
		return
	}
	select {
	case w.some <- struct{}{}:
	default:
	}
}

// run delivers until ctx ends.
func (w *courier) run(ctx context.Context) {
	for ctx.Err() == nil {
		m, n, err := w.outbox.next()
		switch {
		case err != nil:
			slog.Error("an event cannot be read and is left out", "to", w.name, "err", err)
			w.pause(ctx, shortestRetry)
		case n == 0:
			w.pause(ctx, longestRetry)
			continue
		case !w.send(ctx, m):
			return
		}
		if err := w.outbox.done(n); err != nil {
			slog.Error("the outbox does not know that an event was sent", "to", w.name, "err", err)
		}
	}
}

// send delivers a message until it is taken; false where ctx ends before.
func (w *courier) send(ctx context.Context, m message) bool {
	body, err := json.Marshal(m)
	if err != nil {
		slog.Error("an event cannot be written and is left out", "to", w.name, "err", err)
		return true
	}
	for retry := shortestRetry; ; retry = min(2*retry, longestRetry) {
		err := w.deliver(ctx, m, body)
		if err == nil {
			w.exporter.notified.WithLabelValues(w.name, "ok").Inc()
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		w.exporter.notified.WithLabelValues(w.name, "error").Inc()
		slog.Warn("an event is not taken; it is sent again", "to", w.name, "after", retry.String(), "err", err)
		select {
		case <-ctx.Done():
		case <-time.After(retry):
		}
	}
}

// pause waits for an event.
func (w *courier) pause(ctx context.Context, most time.Duration) {
	select {
	case <-ctx.Done():
	case <-w.some:
	case <-time.After(most):
	}
}
