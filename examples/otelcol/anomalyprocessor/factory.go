package anomalyprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor"

	"github.com/metric-streams/anomaly/examples/otelcol/anomalyprocessor/internal/metadata"
	"github.com/metric-streams/anomaly/examples/otelcol/internal/watch"
)

// Config is the configuration of the processor.
type Config = watch.Config

// NewFactory returns the factory of the processor.
func NewFactory() processor.Factory {
	return processor.NewFactory(metadata.Type, func() component.Config { return watch.Default() },
		processor.WithMetrics(create, metadata.MetricsStability))
}

func create(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Metrics) (processor.Metrics, error) {
	w, err := watch.New(cfg.(*Config), set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &anomalyProcessor{watcher: w, next: next}, nil
}

// anomalyProcessor passes metrics on and lets a Watcher observe them.
type anomalyProcessor struct {
	watcher *watch.Watcher
	next    consumer.Metrics
}

// Start implements component.Component.
func (p *anomalyProcessor) Start(context.Context, component.Host) error {
	p.watcher.SendMetrics(p.next)
	return p.watcher.Start()
}

// Shutdown implements component.Component.
func (p *anomalyProcessor) Shutdown(ctx context.Context) error { return p.watcher.Shutdown(ctx) }

// Capabilities implements consumer.Metrics.
func (p *anomalyProcessor) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// ConsumeMetrics implements consumer.Metrics.
func (p *anomalyProcessor) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	return p.watcher.Pass(ctx, md, p.next)
}
