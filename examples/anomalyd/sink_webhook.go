package main

import (
	"context"
	"fmt"
	"net/http"

	httpconfig "github.com/prometheus/common/config"
)

// newWebhook makes a courier that sends events to a URL. The header Idempotency-Key is the same
// where one comes again.
func newWebhook(c *config, e *exporter) (*courier, error) {
	client, err := httpconfig.NewClientFromConfig(c.Webhook.HTTP, "webhook")
	if err != nil {
		return nil, fmt.Errorf("webhook: http: %w", err)
	}
	client.Timeout = requestTimeout
	return newCourier(c, e, "webhook", "outbox", func(ctx context.Context, m message, body []byte) error {
		return post(ctx, client, c.Webhook.URL, body, http.Header{"Idempotency-Key": {m.key()}})
	})
}
