package anomalyconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// end is one connector of those that share a Watcher.
type end struct {
	shared  *shared
	started bool
}

func (e *end) start() error {
	err := e.shared.start()
	e.started = err == nil
	return err
}

func (e *end) shutdown(ctx context.Context) error {
	if !e.started {
		return nil
	}
	e.started = false
	return e.shared.shutdown(ctx)
}

// Capabilities implements consumer.Metrics.
func (e *end) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// toMetrics passes metrics on, with the gauges.
type toMetrics struct {
	end
	next consumer.Metrics
}

// Start implements component.Component.
func (c *toMetrics) Start(context.Context, component.Host) error {
	c.shared.SendMetrics(c.next)
	c.shared.setPasses(true)
	return c.start()
}

// Shutdown implements component.Component.
func (c *toMetrics) Shutdown(ctx context.Context) error {
	err := c.shutdown(ctx)
	c.shared.setPasses(false)
	c.shared.SendMetrics(nil)
	return err
}

// ConsumeMetrics implements consumer.Metrics.
func (c *toMetrics) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	return c.shared.Pass(ctx, md, c.next)
}

// toLogs sends log records.
type toLogs struct {
	end
	next consumer.Logs
}

// Start implements component.Component.
func (c *toLogs) Start(context.Context, component.Host) error {
	c.shared.SendLogs(c.next)
	return c.start()
}

// Shutdown implements component.Component.
func (c *toLogs) Shutdown(ctx context.Context) error {
	if c.started {
		c.shared.Flush(ctx)
	}
	err := c.shutdown(ctx)
	c.shared.SendLogs(nil)
	return err
}

// ConsumeMetrics implements consumer.Metrics.
func (c *toLogs) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	if !c.shared.passing() {
		c.shared.Observe(ctx, md)
	}
	return nil
}

// fromLogs does what operators say, and passes on what they said.
type fromLogs struct {
	end
	next consumer.Logs
}

// Start implements component.Component.
func (c *fromLogs) Start(context.Context, component.Host) error { return c.start() }

// Shutdown implements component.Component.
func (c *fromLogs) Shutdown(ctx context.Context) error { return c.shutdown(ctx) }

// ConsumeLogs implements consumer.Logs.
func (c *fromLogs) ConsumeLogs(ctx context.Context, l plog.Logs) error {
	if err := c.shared.Operate(l); err != nil {
		return err
	}
	c.shared.Flush(ctx) // an alarm may be over
	return c.next.ConsumeLogs(ctx, l)
}
