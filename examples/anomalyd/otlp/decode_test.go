package otlp

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

func attribute(name, value string) *common.KeyValue {
	return &common.KeyValue{Key: name, Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: value}}}
}

const second = uint64(1e9)

func point(at uint64, v float64) *metrics.NumberDataPoint {
	return &metrics.NumberDataPoint{Attributes: []*common.KeyValue{attribute("state", "idle")}, StartTimeUnixNano: (at - 10) * second, TimeUnixNano: at * second,
		Value: &metrics.NumberDataPoint_AsDouble{AsDouble: v}}
}

func sum(name string, monotonic bool, temporality metrics.AggregationTemporality, p *metrics.NumberDataPoint) *metrics.Metric {
	return &metrics.Metric{Name: name, Data: &metrics.Metric_Sum{Sum: &metrics.Sum{IsMonotonic: monotonic, AggregationTemporality: temporality, DataPoints: []*metrics.NumberDataPoint{p}}}}
}

func request() *metrics.MetricsData {
	whole := point(100, 0)
	whole.Value = &metrics.NumberDataPoint_AsInt{AsInt: 7}
	gone := point(100, 0)
	gone.Flags = 1
	startless := point(100, 5)
	startless.StartTimeUnixNano = 0
	return &metrics.MetricsData{ResourceMetrics: []*metrics.ResourceMetrics{{
		Resource: &resource.Resource{Attributes: []*common.KeyValue{attribute("host.name", "web-1"),
			{Key: "cores", Value: &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: 2}}},
			{Key: "tags", Value: &common.AnyValue{Value: &common.AnyValue_ArrayValue{}}}}},
		ScopeMetrics: []*metrics.ScopeMetrics{{Metrics: []*metrics.Metric{
			{Name: "gauge", Data: &metrics.Metric_Gauge{Gauge: &metrics.Gauge{DataPoints: []*metrics.NumberDataPoint{point(100, .5), whole, gone, {}}}}},
			sum("total", true, metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE, point(100, 30)),
			sum("level", false, metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE, point(100, 40)),
			sum("delta", true, metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA, point(100, 50)),
			sum("startless", true, metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA, startless),
			{Name: "histogram", Data: &metrics.Metric_Histogram{Histogram: &metrics.Histogram{DataPoints: []*metrics.HistogramDataPoint{{}}}}},
		}}},
	}}}
}

// The same is read of protobuf and of JSON: what only grows is a counter, an increase becomes a
// rate, and what is no number is counted.
func TestDecode(t *testing.T) {
	binary, err := proto.Marshal(request())
	require.NoError(t, err)
	text, err := protojson.MarshalOptions{UseEnumNumbers: true}.Marshal(request())
	require.NoError(t, err)
	for _, body := range [][]byte{binary, text} {
		var got []string
		others, err := Decode(body, body[0] == '{', func(p *Point) {
			require.Equal(t, "web-1", string(p.Labels.Get("host.name")))
			require.Equal(t, "2", string(p.Labels.Get("cores")))
			require.Equal(t, "idle", string(p.Labels.Get("state")))
			require.Len(t, p.Labels, 3)
			require.Equal(t, int64(100_000), p.Time)
			got = append(got, fmt.Sprint(p.Metric, " ", p.Value, " ", p.Counter, " ", p.Gone))
		})
		require.NoError(t, err)
		require.Equal(t, 1, others)
		require.Equal(t, []string{"gauge 0.5 false false", "gauge 7 false false", "gauge 0 false true", "total 30 true false", "level 40 false false", "delta 5 false false"}, got)
	}
}

func TestGarbage(t *testing.T) {
	for _, body := range []string{"{", "\x00\xff", "[]", `{"resourceMetrics": 5}`} {
		for _, json := range []bool{false, true} {
			_, err := Decode([]byte(body), json, func(*Point) {})
			require.ErrorIs(t, err, ErrFormat)
		}
	}
}

// The answers are what the protocol says, as its own package reads them.
func TestResponses(t *testing.T) {
	require.Empty(t, Response(false, 0, ""))
	require.Equal(t, "{}", string(Response(true, 0, "")))
	require.JSONEq(t, `{"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"too \"late\""}}`, string(Response(true, 3, `too "late"`)))
	require.JSONEq(t, `{"message":"no"}`, string(Failure(true, "no")))
	require.Equal(t, "\x12\x02no", string(Failure(false, "no")))
	require.Equal(t, "\x0a\x08\x08\x03\x12\x04late", string(Response(false, 3, "late")))
}

func FuzzDecode(f *testing.F) {
	binary, err := proto.Marshal(request())
	require.NoError(f, err)
	text, err := protojson.Marshal(request())
	require.NoError(f, err)
	f.Add(binary)
	f.Add(text)
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, json := range []bool{false, true} {
			if _, err := Decode(body, json, func(p *Point) { p.Labels.Get("host.name") }); err != nil {
				require.ErrorIs(t, err, ErrFormat)
			}
		}
	})
}
