package anomalyconnector

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/metric-streams/anomaly/dataset"
	"github.com/metric-streams/anomaly/examples/otelcol/internal/watch"
)

// hosts are two made-up hosts that report a row a minute.
type hosts struct {
	tables []*dataset.Table
	i      int
}

func newHosts(t *testing.T) *hosts {
	h := &hosts{}
	for seed := range uint64(2) {
		table, _, err := dataset.Generate(dataset.GenerateConfig{Rows: 4000, Seed: seed + 1, Independent: true})
		require.NoError(t, err)
		h.tables = append(h.tables, table)
	}
	return h
}

var hostNames = []string{"web-1", "web-2"}

// next returns the next report of both hosts, the first with a value in place of its memory
// unless that is 0.
func (h *hosts) next(memory float64) pmetric.Metrics {
	md := pmetric.NewMetrics()
	for k, table := range h.tables {
		rm := md.ResourceMetrics().AppendEmpty()
		rm.SetSchemaUrl("https://example.com/schema")
		rm.Resource().Attributes().PutStr("host.name", hostNames[k])
		rm.Resource().Attributes().PutInt("rack", int64(k))
		sm := rm.ScopeMetrics().AppendEmpty()
		sm.Scope().SetName("hosts")
		for j, name := range table.Columns {
			m := sm.Metrics().AppendEmpty()
			m.SetName("host." + name)
			p := m.SetEmptyGauge().DataPoints().AppendEmpty()
			p.SetTimestamp(pcommon.NewTimestampFromTime(table.Times[h.i]))
			p.SetDoubleValue(table.X.At(h.i, j))
			if k == 0 && name == "mem" && memory != 0 {
				p.SetDoubleValue(memory)
			}
		}
		sm.Metrics().AppendEmpty().SetName("something.else")
	}
	h.i++
	return md
}

func config(directory string) *Config {
	cfg := watch.Default()
	cfg.Directory = directory
	for _, name := range dataset.HostMetrics() {
		cfg.Metrics = append(cfg.Metrics, watch.MetricConfig{Name: name, From: []string{"host." + name}, Unit: "%"})
	}
	cfg.Training = watch.TrainingConfig{Preset: "pca", WarmUp: 300, Retrain: -1}
	return cfg
}

// logSink takes log records unless it refuses them.
type logSink struct {
	consumertest.LogsSink
	refuses atomic.Bool
}

func (s *logSink) ConsumeLogs(ctx context.Context, l plog.Logs) error {
	if s.refuses.Load() {
		return errors.New("not now")
	}
	return s.LogsSink.ConsumeLogs(ctx, l)
}

// records returns those of a kind, with their resources.
func (s *logSink) records(kind string) (out []plog.ResourceLogs) {
	for _, l := range s.AllLogs() {
		for _, rl := range l.ResourceLogs().All() {
			if attribute(rl, "anomaly.kind") == kind {
				out = append(out, rl)
			}
		}
	}
	return out
}

func attribute(rl plog.ResourceLogs, name string) string {
	if v, ok := rl.ScopeLogs().At(0).LogRecords().At(0).Attributes().Get(name); ok {
		return v.AsString()
	}
	return ""
}

// stage is a connector between two pipelines.
type stage struct {
	metrics consumertest.MetricsSink
	logs    *logSink
	ends    []connector.Metrics

	operator connector.Logs
	said     consumertest.LogsSink // what operators said
}

func start(t *testing.T, cfg *Config, logs *logSink, passes bool) *stage {
	p := &stage{logs: logs}
	factory := NewFactory()
	set := connectortest.NewNopSettings(factory.Type())
	if passes {
		c, err := factory.CreateMetricsToMetrics(t.Context(), set, cfg, &p.metrics)
		require.NoError(t, err)
		p.ends = append(p.ends, c)
	}
	c, err := factory.CreateMetricsToLogs(t.Context(), set, cfg, logs)
	require.NoError(t, err)
	p.ends = append(p.ends, c)
	for _, end := range p.ends {
		require.False(t, end.Capabilities().MutatesData)
		require.NoError(t, end.Start(t.Context(), componenttest.NewNopHost()))
	}
	p.operator, err = factory.CreateLogsToLogs(t.Context(), set, cfg, &p.said)
	require.NoError(t, err)
	require.NoError(t, p.operator.Start(t.Context(), componenttest.NewNopHost()))
	return p
}

// feed gives a batch to both ends, as the collector does.
func (p *stage) feed(t *testing.T, md pmetric.Metrics) {
	md.MarkReadOnly() // whoever changes it panics
	for _, end := range p.ends {
		require.NoError(t, end.ConsumeMetrics(t.Context(), md))
	}
}

func (p *stage) stop(t *testing.T) {
	require.NoError(t, p.operator.Shutdown(context.Background()))
	for i := range p.ends {
		require.NoError(t, p.ends[len(p.ends)-1-i].Shutdown(context.Background()))
	}
}

// gauge returns the last value of a gauge of a host; false where there is none.
func (p *stage) gauge(host, name string, attributes ...string) (v float64, ok bool) {
	for _, md := range p.metrics.AllMetrics() {
		for _, rm := range md.ResourceMetrics().All() {
			if h, _ := rm.Resource().Attributes().Get("host.name"); h.Str() != host {
				continue
			}
			for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
				if m.Name() != name {
					continue
				}
				for _, point := range m.Gauge().DataPoints().All() {
					if len(attributes) == 0 || is(point.Attributes(), attributes[0], attributes[1]) {
						v, ok = point.DoubleValue(), true
					}
				}
			}
		}
	}
	return v, ok
}

func is(m pcommon.Map, key, value string) bool {
	v, ok := m.Get(key)
	return ok && v.Str() == value
}

// warm feeds reports until both hosts have models.
func (p *stage) warm(t *testing.T, h *hosts) {
	for range 3000 {
		p.feed(t, h.next(0))
		if h.i < 300 {
			continue
		}
		_, one := p.gauge("web-1", "anomaly.score")
		_, two := p.gauge("web-2", "anomaly.score")
		if one && two {
			return
		}
		time.Sleep(5 * time.Millisecond) // training is under way
	}
	require.Fail(t, "no models")
}

// A fault of one of two hosts becomes gauges and one log record with the metric named, in spite of
// a restart and of a next component that refuses for a while. The metrics pass as they are.
func TestFault(t *testing.T) {
	h, logs, directory := newHosts(t), new(logSink), t.TempDir()
	p := start(t, config(directory), logs, true)
	p.warm(t, h)
	md := h.next(0)
	before := pmetric.NewMetrics()
	md.CopyTo(before)
	p.metrics.Reset()
	p.feed(t, md)
	require.Len(t, p.metrics.AllMetrics(), 2)
	require.Equal(t, before, unlocked(p.metrics.AllMetrics()[0]))

	logs.refuses.Store(true)
	for range 5 {
		p.feed(t, h.next(99))
	}
	alarm, _ := p.gauge("web-1", "anomaly.alarm")
	require.Equal(t, 1., alarm)
	other, ok := p.gauge("web-2", "anomaly.alarm")
	require.True(t, ok)
	require.Equal(t, 0., other)
	value, _ := p.gauge("web-1", "anomaly.value", "metric", "mem")
	require.Equal(t, 99., value)
	high, _ := p.gauge("web-1", "anomaly.expected.high", "metric", "mem")
	require.Less(t, high, 99.)
	energy, _ := p.gauge("web-1", "anomaly.energy")
	threshold, _ := p.gauge("web-1", "anomaly.threshold")
	require.Greater(t, energy, threshold)
	pValue, _ := p.gauge("web-1", "anomaly.p_value")
	require.Less(t, pValue, .01)
	require.Empty(t, logs.AllLogs())
	p.stop(t)
	require.Empty(t, logs.AllLogs())

	logs.refuses.Store(false)
	p = start(t, config(directory), logs, true)
	p.feed(t, h.next(99))
	alarm, _ = p.gauge("web-1", "anomaly.alarm")
	require.Equal(t, 1., alarm, "it goes on where it stopped")
	for range 20 {
		p.feed(t, h.next(0))
	}
	p.stop(t)
	opened := logs.records("opened")
	require.Len(t, opened, 1)
	require.Equal(t, map[string]any{"host.name": "web-1", "rack": int64(0)}, opened[0].Resource().Attributes().AsRaw())
	require.Equal(t, "mem", attribute(opened[0], "anomaly.metric"))
	require.Equal(t, "99", attribute(opened[0], "anomaly.value"))
	require.Equal(t, "%", attribute(opened[0], "anomaly.unit"))
	require.Equal(t, "1", attribute(opened[0], "anomaly.alarm"))
	record := opened[0].ScopeLogs().At(0).LogRecords().At(0)
	require.Equal(t, "anomaly.opened", record.EventName())
	require.Contains(t, record.Body().Str(), "mem is 99, expected ")
	require.GreaterOrEqual(t, record.SeverityNumber(), plog.SeverityNumberWarn)
	began, err := time.Parse(time.RFC3339Nano, attribute(opened[0], "anomaly.start"))
	require.NoError(t, err)
	require.Equal(t, began, record.Timestamp().AsTime())
	closed := logs.records("closed")
	require.Len(t, closed, 1)
	require.Equal(t, plog.SeverityNumberInfo, closed[0].ScopeLogs().At(0).LogRecords().At(0).SeverityNumber())
	require.Equal(t, "mem", attribute(closed[0], "anomaly.metric"))
}

// unlocked returns a copy, because a batch that is read-only equals none that is not.
func unlocked(md pmetric.Metrics) pmetric.Metrics {
	out := pmetric.NewMetrics()
	md.CopyTo(out)
	return out
}

// say makes a log record of an operator about a host.
func say(host, event string, attributes map[string]any) plog.Logs {
	l := plog.NewLogs()
	rl := l.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("host.name", host)
	rl.Resource().Attributes().PutInt("rack", 0)
	r := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.SetEventName(event)
	if err := r.Attributes().FromRaw(attributes); err != nil {
		panic(err)
	}
	return l
}

// Verdicts and maintenance come as log records.
func TestOperator(t *testing.T) {
	h, logs := newHosts(t), new(logSink)
	p := start(t, config(""), logs, true)
	p.warm(t, h)
	for range 5 {
		p.feed(t, h.next(99))
	}
	v, _ := logs.records("opened")[0].ScopeLogs().At(0).LogRecords().At(0).Attributes().Get("anomaly.seq")
	seq := v.Int()
	require.NoError(t, p.operator.ConsumeLogs(t.Context(), say("web-1", "anomaly.verdict", map[string]any{"anomaly.seq": seq, "anomaly.real": true})))
	require.NoError(t, p.operator.ConsumeLogs(t.Context(), say("web-9", "something.else", nil)))
	require.Len(t, p.said.AllLogs(), 2)
	for _, wrong := range []plog.Logs{
		say("web-1", "anomaly.verdict", map[string]any{"anomaly.seq": seq + 100, "anomaly.real": true}),
		say("web-9", "anomaly.verdict", map[string]any{"anomaly.seq": seq, "anomaly.real": true}),
		say("web-1", "anomaly.verdict", map[string]any{"anomaly.seq": "1", "anomaly.real": true}),
		say("web-1", "anomaly.verdict", map[string]any{"anomaly.seq": seq}),
		say("web-1", "anomaly.verdict", nil),
		say("web-1", "anomaly.expect", nil),
		say("web-1", "anomaly.expect", map[string]any{"anomaly.until": "tomorrow"}),
		say("web-1", "anomaly.expect", map[string]any{"anomaly.until": "2023-01-01T00:00:00Z"}),
		say("web-1", "anomaly.expect", map[string]any{"anomaly.until": "2023-01-01T00:00:00Z", "anomaly.from": int64(5)}),
	} {
		require.True(t, consumererror.IsPermanent(p.operator.ConsumeLogs(t.Context(), wrong)))
	}
	require.Len(t, p.said.AllLogs(), 2)

	require.Empty(t, logs.records("closed"))
	now := h.tables[0].Times[h.i]
	require.NoError(t, p.operator.ConsumeLogs(t.Context(), say("web-1", "anomaly.expect", map[string]any{
		"anomaly.from": now.Add(-time.Hour).Format(time.RFC3339), "anomaly.until": now.Add(time.Hour).Format(time.RFC3339)})))
	require.Len(t, logs.records("closed"), 1)
	p.feed(t, h.next(99))
	alarm, _ := p.gauge("web-1", "anomaly.alarm")
	require.Equal(t, 0., alarm, "it is expected")
	p.stop(t)
	require.Error(t, p.operator.ConsumeLogs(t.Context(), say("web-1", "anomaly.verdict", nil)), "it has ended")
}

// Without a pipeline for metrics the alarms come all the same.
func TestOnlyLogs(t *testing.T) {
	h, logs := newHosts(t), new(logSink)
	p := start(t, config(""), logs, false)
	for i := 0; len(logs.records("opened")) == 0; i++ {
		require.Less(t, i, 3000)
		if i < 300 || i%50 > 3 {
			p.feed(t, h.next(0))
			continue
		}
		time.Sleep(20 * time.Millisecond) // training is under way
		p.feed(t, h.next(99))
	}
	require.Equal(t, "mem", attribute(logs.records("opened")[0], "anomaly.metric"))
	p.stop(t)
}

// Two at a time may not use one directory.
func TestDirectoryInUse(t *testing.T) {
	directory := t.TempDir()
	p := start(t, config(directory), new(logSink), true)
	defer p.stop(t)
	factory := NewFactory()
	c, err := factory.CreateMetricsToLogs(t.Context(), connectortest.NewNopSettings(factory.Type()), config(directory), new(logSink))
	require.NoError(t, err)
	require.ErrorContains(t, c.Start(t.Context(), componenttest.NewNopHost()), "in use")
	require.NoError(t, c.Shutdown(t.Context()))
}

var _ consumer.Logs = (*logSink)(nil)
