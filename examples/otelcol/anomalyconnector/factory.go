package anomalyconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"

	"github.com/metric-streams/anomaly/examples/otelcol/anomalyconnector/internal/metadata"
	"github.com/metric-streams/anomaly/examples/otelcol/internal/watch"
)

// Config is the configuration of the connector.
type Config = watch.Config

// NewFactory returns the factory of the connector.
func NewFactory() connector.Factory {
	all := &sharedSet{all: map[*Config]*shared{}}
	return connector.NewFactory(metadata.Type, func() component.Config { return watch.Default() },
		connector.WithMetricsToMetrics(func(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Metrics) (connector.Metrics, error) {
			s, err := all.get(cfg.(*Config), set)
			if err != nil {
				return nil, err
			}
			return &toMetrics{end: end{shared: s}, next: next}, nil
		}, metadata.MetricsToMetricsStability),
		connector.WithMetricsToLogs(func(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Logs) (connector.Metrics, error) {
			s, err := all.get(cfg.(*Config), set)
			if err != nil {
				return nil, err
			}
			s.KeepRecords()
			return &toLogs{end: end{shared: s}, next: next}, nil
		}, metadata.MetricsToLogsStability),
		connector.WithLogsToLogs(func(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Logs) (connector.Logs, error) {
			s, err := all.get(cfg.(*Config), set)
			if err != nil {
				return nil, err
			}
			return &fromLogs{end: end{shared: s}, next: next}, nil
		}, metadata.LogsToLogsStability))
}
