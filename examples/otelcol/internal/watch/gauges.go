package watch

import (
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
)

const scopeName = "github.com/metric-streams/anomaly/examples/otelcol"

// scored is the result of a row.
type scored struct {
	stream string
	time   time.Time
	result alarm.Result
	// Expected has the metrics of the row; nil where nobody asks.
	expected []dagmm.Contribution
}

// gaugeSet makes gauges of one resource.
type gaugeSet struct {
	metrics pmetric.MetricSlice
	at      pcommon.Timestamp
	units   map[string]string
}

// gauge appends a gauge with a value; NaN is left out.
func (g *gaugeSet) gauge(name, description string, v float64) {
	if !math.IsNaN(v) {
		g.point(g.empty(name, description), v)
	}
}

func (g *gaugeSet) empty(name, description string) pmetric.NumberDataPointSlice {
	m := g.metrics.AppendEmpty()
	m.SetName(name)
	m.SetDescription(description)
	m.SetUnit("1")
	return m.SetEmptyGauge().DataPoints()
}

func (g *gaugeSet) point(to pmetric.NumberDataPointSlice, v float64) pmetric.NumberDataPoint {
	p := to.AppendEmpty()
	p.SetTimestamp(g.at)
	p.SetDoubleValue(v)
	return p
}

// perMetric appends a gauge with a value for each metric of the row.
func (g *gaugeSet) perMetric(name, description string, all []dagmm.Contribution, of func(dagmm.Contribution) float64) {
	points := g.empty(name, description)
	for _, c := range all {
		if v := of(c); !math.IsNaN(v) {
			p := g.point(points, v)
			p.Attributes().PutStr("metric", c.Metric)
			if unit := g.units[c.Metric]; unit != "" {
				p.Attributes().PutStr("unit", unit)
			}
		}
	}
}

// gauges appends what a stream's row has given.
func gauges(out pmetric.Metrics, resource pcommon.Map, units map[string]string, s scored) {
	rm := out.ResourceMetrics().AppendEmpty()
	resource.CopyTo(rm.Resource().Attributes())
	sm := rm.ScopeMetrics().AppendEmpty()
	sm.Scope().SetName(scopeName)
	g := gaugeSet{sm.Metrics(), pcommon.NewTimestampFromTime(s.time), units}
	r := s.result
	g.gauge("anomaly.score", "How unusual the last row is: 0 for an ordinary one, and above 1 it is flagged.", r.Score)
	g.gauge("anomaly.p_value", "Share of ordinary rows that are at least as unusual as the last one.", r.PValue)
	g.gauge("anomaly.energy", "Energy of the last row, to be held against anomaly.threshold.", r.Energy)
	g.gauge("anomaly.threshold", "Energy above which the last row is flagged.", r.Threshold)
	g.gauge("anomaly.alarm", "1 while an alarm is open.", truth(r.Open))
	if len(s.expected) == 0 {
		return
	}
	g.perMetric("anomaly.value", "The last row.", s.expected, func(c dagmm.Contribution) float64 { return c.Value })
	g.perMetric("anomaly.expected.low", "Lowest value of the metric that would be ordinary, the others being as they are.", s.expected, func(c dagmm.Contribution) float64 { return c.Low })
	g.perMetric("anomaly.expected.high", "Highest value of the metric that would be ordinary, the others being as they are.", s.expected, func(c dagmm.Contribution) float64 { return c.High })
	g.perMetric("anomaly.contribution", "The metric's part in how unusual the last row is. The parts sum to 1.", s.expected, func(c dagmm.Contribution) float64 { return c.Share })
}

func truth(v bool) float64 {
	if v {
		return 1
	}
	return 0
}
