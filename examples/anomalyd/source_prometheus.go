package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	httpconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 20

// prometheusClient asks a Prometheus, or whatever else answers its query API.
type prometheusClient struct {
	api     v1.API
	by      []string
	metrics []metricConfig
	timeout time.Duration
}

func newPrometheusClient(c *config) (*prometheusClient, error) {
	transport, err := httpconfig.NewRoundTripperFromConfig(c.Sources.Prometheus.HTTP, "source")
	if err != nil {
		return nil, fmt.Errorf("source: http: %w", err)
	}
	client, err := api.NewClient(api.Config{Address: c.Sources.Prometheus.URL, RoundTripper: bounded{transport}})
	if err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	return &prometheusClient{v1.NewAPI(client), c.By, c.Metrics, time.Duration(c.Sources.Prometheus.Timeout)}, nil
}

// query returns the rows of every stream from from to to, both included, a step apart.
func (s *prometheusClient) query(ctx context.Context, from, to time.Time, step time.Duration) (*rowSet, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	out := newRowSet(s.by, len(s.metrics))
	for j, m := range s.metrics { // in turn: a large answer takes much memory
		answer, err := s.one(ctx, m, v1.Range{Start: from, End: to, Step: step})
		if err != nil {
			return nil, err
		}
		out.add(j, answer)
	}
	return out, nil
}

func (s *prometheusClient) one(ctx context.Context, m metricConfig, r v1.Range) (model.Matrix, error) {
	value, _, _, err := s.api.QueryRange(ctx, m.Query, r)
	if err != nil {
		return nil, fmt.Errorf("query of %s: %w", m.Name, err)
	}
	matrix, ok := value.(model.Matrix)
	if !ok {
		return nil, fmt.Errorf("query of %s: the answer is no range of series but %T", m.Name, value)
	}
	return matrix, nil
}

// bounded is a transport that reads only so much of an answer.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = &boundedBody{resp.Body, maxAnswer}
	}
	return resp, err
}

type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("the answer has more than %d bytes", maxAnswer)
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
