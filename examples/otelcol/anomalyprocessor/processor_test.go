package anomalyprocessor

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/metric-streams/anomaly/examples/otelcol/internal/watch"
)

// report is what a host sends: two metrics that go together.
func report(i int, cpu float64) pmetric.Metrics {
	md := pmetric.NewMetrics()
	sm := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty()
	for name, v := range map[string]float64{"cpu": cpu, "load": cpu/10 + math.Sin(float64(i)*2.1)} {
		m := sm.Metrics().AppendEmpty()
		m.SetName(name)
		p := m.SetEmptyGauge().DataPoints().AppendEmpty()
		p.SetTimestamp(pcommon.NewTimestampFromTime(time.Unix(1_700_000_000+60*int64(i), 0)))
		p.SetDoubleValue(v)
	}
	return md
}

// score returns the last anomaly.score of a sink; false where there is none.
func score(sink *consumertest.MetricsSink) (v float64, ok bool) {
	for _, md := range sink.AllMetrics() {
		for _, rm := range md.ResourceMetrics().All() {
			for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
				if m.Name() == "anomaly.score" {
					v, ok = m.Gauge().DataPoints().At(0).DoubleValue(), true
				}
			}
		}
	}
	return v, ok
}

func TestProcessor(t *testing.T) {
	cfg := watch.Default()
	cfg.Metrics = []watch.MetricConfig{{Name: "cpu", From: []string{"cpu"}}, {Name: "load", From: []string{"load"}}}
	cfg.Training = watch.TrainingConfig{Preset: "pca", WarmUp: 200}
	cfg.ExpectedRanges = false
	sink, factory := new(consumertest.MetricsSink), NewFactory()
	p, err := factory.CreateMetrics(t.Context(), processortest.NewNopSettings(factory.Type()), cfg, sink)
	require.NoError(t, err)
	require.False(t, p.Capabilities().MutatesData)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	ordinary := func(i int) float64 { return 30 + 10*math.Sin(float64(i)) }
	i := 0
	for ok := false; !ok; i++ {
		require.Less(t, i, 3000)
		md := report(i, ordinary(i))
		md.MarkReadOnly()
		require.NoError(t, p.ConsumeMetrics(t.Context(), md))
		if i > 200 {
			time.Sleep(5 * time.Millisecond) // training is under way
		}
		_, ok = score(sink)
	}
	quiet, _ := score(sink)
	require.Less(t, quiet, 1.)
	sink.Reset()
	require.NoError(t, p.ConsumeMetrics(t.Context(), report(i, 95)))
	require.Len(t, sink.AllMetrics(), 2)
	require.Equal(t, report(i, 95).DataPointCount(), sink.AllMetrics()[0].DataPointCount())
	require.Equal(t, 5, sink.AllMetrics()[1].DataPointCount(), "without expected ranges")
	odd, _ := score(sink)
	require.Greater(t, odd, 1.)
	require.NoError(t, p.Shutdown(context.Background()))
}

// A batch that the next component refuses comes again, and is one row all the same.
func TestRefused(t *testing.T) {
	cfg, factory := watch.Default(), NewFactory()
	no := errors.New("not now")
	p, err := factory.CreateMetrics(t.Context(), processortest.NewNopSettings(factory.Type()), cfg, consumertest.NewErr(no))
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	for range 2 {
		require.ErrorIs(t, p.ConsumeMetrics(t.Context(), report(1, 30)), no)
	}
	require.NoError(t, p.Shutdown(context.Background()))
}
