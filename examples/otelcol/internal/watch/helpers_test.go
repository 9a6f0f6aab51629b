package watch

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// epoch is long ago for every clock.
var epoch = time.Unix(1_700_000_000, 0).UTC()

// at returns a time some seconds after epoch.
func at(seconds float64) time.Time {
	return epoch.Add(time.Duration(seconds * float64(time.Second)))
}

// batch makes a batch of metrics.
type batch struct {
	pmetric.Metrics
	at   time.Time
	last pmetric.ResourceMetrics
}

func newBatch(t time.Time, attributes ...string) *batch {
	b := &batch{Metrics: pmetric.NewMetrics(), at: t}
	return b.resource(attributes...)
}

// resource begins a resource.
func (b *batch) resource(attributes ...string) *batch {
	b.last = b.ResourceMetrics().AppendEmpty()
	put(b.last.Resource().Attributes(), attributes)
	b.last.ScopeMetrics().AppendEmpty()
	return b
}

func put(m pcommon.Map, attributes []string) {
	for i := 0; i+1 < len(attributes); i += 2 {
		m.PutStr(attributes[i], attributes[i+1])
	}
}

func (b *batch) metric(name string) pmetric.Metric {
	m := b.last.ScopeMetrics().At(0).Metrics().AppendEmpty()
	m.SetName(name)
	return m
}

func (b *batch) number(to pmetric.NumberDataPointSlice, v float64, attributes []string) {
	p := to.AppendEmpty()
	p.SetTimestamp(pcommon.NewTimestampFromTime(b.at))
	p.SetDoubleValue(v)
	put(p.Attributes(), attributes)
}

func (b *batch) gauge(name string, v float64, attributes ...string) *batch {
	b.number(b.metric(name).SetEmptyGauge().DataPoints(), v, attributes)
	return b
}

// total adds a counter.
func (b *batch) total(name string, v float64, attributes ...string) *batch {
	sum := b.metric(name).SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	b.number(sum.DataPoints(), v, attributes)
	return b
}

func (b *batch) delta(name string, v float64, attributes ...string) *batch {
	sum := b.metric(name).SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	b.number(sum.DataPoints(), v, attributes)
	return b
}

// builder makes a rowBuilder with an interval of 10 s.
func builder(t *testing.T, change func(*Config), metrics ...MetricConfig) *rowBuilder {
	c := Default()
	c.Interval, c.Metrics = 10*time.Second, metrics
	if change != nil {
		change(c)
	}
	require.NoError(t, c.Validate())
	return newRowBuilder(c)
}

// feed gives a batch to a rowBuilder, at the time of the batch.
func (b *rowBuilder) feed(in *batch) []row { return b.take(in.Metrics, in.at) }

// requireRow compares a row, where NaN is equal to NaN.
func requireRow(t *testing.T, r row, when time.Time, values ...float64) {
	t.Helper()
	require.Equal(t, when, r.time)
	require.Len(t, r.values, len(values))
	for j, want := range values {
		if math.IsNaN(want) {
			require.True(t, math.IsNaN(r.values[j]), "metric %d is %v", j, r.values[j])
			continue
		}
		require.InDelta(t, want, r.values[j], 1e-9, "metric %d", j)
	}
}
